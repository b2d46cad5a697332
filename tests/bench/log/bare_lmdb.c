/* tests/bench/log/bare_lmdb.c: LMDB with full sync and nothing else. */
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/heap.h"
#include "tests/bench/log/bench.h"

double bare_lmdb(const char *dir, unsigned batch, unsigned commits)
{
    char path[HF_PATH_MAX];
    struct source s = {.state = 88172645463325252u};
    MDB_env *env = NULL;
    MDB_dbi dbi = 0;
    must(hf_path_join(dir, "bare.mdb", path, sizeof path), &(struct hf_err){0}, "path");
    (void)unlink(path);
    if (mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, (size_t)16 << 30) != 0 ||
        mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600) != 0) {
        _exit(3);
    }
    double spent = 0;
    uint64_t index = 0;
    uint8_t(*events)[EVENT_MAX] = hf_heap_zalloc(batch, EVENT_MAX);
    size_t *lens = hf_heap_zalloc(batch, sizeof *lens);
    for (unsigned c = 0; c < commits; c++) {
        for (unsigned i = 0; i < batch; i++) {
            lens[i] = make_event(&s, (unsigned)(draw(&s) % NAMES), events[i]) + 10;
        }
        double start = now_s();
        MDB_txn *txn = NULL;
        int code = mdb_txn_begin(env, NULL, 0, &txn);
        code = code != 0 ? code : mdb_dbi_open(txn, NULL, 0, &dbi);
        for (unsigned i = 0; i < batch && code == 0; i++) {
            uint8_t key[8];
            hf_be64_put(key, index++);
            MDB_val k = {sizeof key, key};
            MDB_val v = {lens[i], events[i]};
            code = mdb_put(txn, dbi, &k, &v, MDB_APPEND);
        }
        code = code != 0 ? code : mdb_txn_commit(txn);
        spent += now_s() - start;
        if (code != 0) {
            (void)fprintf(stderr, "bench: bare LMDB: %s\n", mdb_strerror(code));
            _exit(3);
        }
    }
    hf_heap_free(events);
    hf_heap_free(lens);
    mdb_env_close(env);
    (void)unlink(path);
    return (double)batch * commits / spent;
}
