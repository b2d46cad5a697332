/* tests/bench/region/bare.c: Ed25519 and LMDB, and nothing else. */
#include "tests/bench/region/bare.h"

#include <lmdb.h>

#include "base/crypto.h"
#include "base/heap.h"
#include "tests/bench/load/must.h"
#include "tests/bench/load/process.h"

struct bare {
    MDB_env *env;
    MDB_dbi dbi;
    uint64_t index;
    struct hf_signing_key *key;
    struct hf_signature signature;
    void *bytes; /* a copy: LMDB's slices are writable */
    size_t len;
};

static const char text[] = "dev/tenant/acme/1\n4711\nA checkpoint is about as long as this text.\n";

static void lmdb_must(int code)
{
    must(code == 0 ? HF_OK : HF_EIO, NULL, mdb_strerror(code));
}

static void begin(struct bare *b, const char *path)
{
    MDB_txn *txn = NULL;
    struct hf_secret seed = {0};
    struct hf_err err = {0};
    must(hf_signing_key_new(hf_env_os(), &b->key, &seed, &err), &err, "key");
    hf_secret_free(&seed);
    hf_sign(b->key, hf_bytes_of(text, sizeof text - 1), &b->signature);
    lmdb_must(mdb_env_create(&b->env));
    lmdb_must(mdb_env_set_mapsize(b->env, (size_t)16 << 30));
    lmdb_must(mdb_env_open(b->env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600));
    lmdb_must(mdb_txn_begin(b->env, NULL, 0, &txn));
    lmdb_must(mdb_dbi_open(txn, NULL, 0, &b->dbi));
    lmdb_must(mdb_txn_commit(txn));
}

static void put_batch(struct bare *b, unsigned batch)
{
    MDB_txn *txn = NULL;
    if (b->len > 0) {
        lmdb_must(mdb_txn_begin(b->env, NULL, 0, &txn));
    }
    for (unsigned i = 0; i < batch; i++) {
        bool good = hf_verify(hf_signing_key_public(b->key), hf_bytes_of(text, sizeof text - 1),
                              &b->signature);
        must(good ? HF_OK : HF_EBADSIG, NULL, "signature");
        if (b->len > 0) {
            uint8_t key[8];
            hf_be64_put(key, b->index++);
            MDB_val k = {sizeof key, key};
            MDB_val v = {b->len, b->bytes};
            lmdb_must(mdb_put(txn, b->dbi, &k, &v, MDB_APPEND));
        }
    }
    if (b->len > 0) {
        lmdb_must(mdb_txn_commit(txn));
    }
}

double bare_us(const char *path, struct hf_bytes bytes, unsigned batch, double seconds)
{
    struct bare b = {.bytes = hf_heap_copy(bytes.ptr, bytes.len), .len = bytes.len};
    uint64_t done = 0;
    begin(&b, path);
    double began = now_s();
    double cpu = load_process_cpu_s(getpid());
    while (now_s() - began < seconds) {
        put_batch(&b, batch);
        done += batch;
    }
    cpu = load_process_cpu_s(getpid()) - cpu;
    mdb_env_close(b.env);
    hf_heap_free(b.bytes);
    hf_signing_key_free(b.key);
    (void)unlink(path);
    return cpu / (double)done * 1e6;
}
