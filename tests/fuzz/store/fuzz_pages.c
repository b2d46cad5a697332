/* tests/fuzz/store/fuzz_pages.c: a data file that the page checker accepts can be walked by LMDB
 * without harm, in every table, in both directions of lookup.
 *
 * The input is a list of patches (be32 offset, one byte) on a good data file, so that the fuzzer
 * reaches the deep checks; an input that begins with "RAW" is taken as the file itself. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/env.h"
#include "log/store/pages.h"
#include "log/store/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    FILE_MAX = 1 << 18
};

static const char *const tables[] = {"one", "two"};
static const struct hf_kv_conf conf = {tables, 2, UINT64_C(1) << 20};

static void fill(struct hf_place *place)
{
    struct hf_kv *kv = NULL;
    struct hf_kv_txn *txn = NULL;
    struct hf_err err = {0};
    static uint8_t value[6000];
    enum hf_rc rc = hf_place_env(place, "log.mdb", &conf, &kv, &err);
    for (unsigned round = 0; round < 3 && rc == HF_OK; round++) {
        rc = hf_kv_begin(kv, &txn, &err);
        for (unsigned i = 0; i < 200 && rc == HF_OK; i++) {
            uint8_t key[4] = {(uint8_t)round, (uint8_t)i, (uint8_t)(i * 7), 1};
            size_t len = i % 50 == 0 ? sizeof value : i;
            rc = hf_kv_put(txn, (int)(i % 2), hf_bytes_of(key, sizeof key), hf_bytes_of(value, len),
                           false, &err);
        }
        if (rc == HF_OK) {
            rc = hf_kv_commit(txn, &err);
        }
    }
    HF_ASSERT(rc == HF_OK);
    hf_kv_close(kv);
}

static void walk(struct hf_kv *kv)
{
    struct hf_kv_read *read = NULL;
    struct hf_err err = {0};
    if (hf_kv_read(kv, &read, &err) != HF_OK) {
        return;
    }
    uint64_t sum = 0;
    for (int table = 0; table < 2; table++) {
        struct hf_bytes key;
        struct hf_bytes value;
        enum hf_rc rc = hf_kv_ceil(read, table, HF_BYTES("\0"), &key, &value, &err);
        for (unsigned steps = 0; rc == HF_OK && steps < 100000; steps++) {
            for (size_t i = 0; i < value.len; i++) {
                sum += value.ptr[i];
            }
            HF_ASSERT(key.len > 0);
            rc = hf_kv_next(read, table, &key, &value, &err);
        }
        (void)hf_kv_get(read, table, HF_BYTES("\1\2\16\1"), &value, &err);
        (void)hf_kv_floor(read, table, HF_BYTES("\1\2\17"), &key, &value, &err);
    }
    hf_kv_end(read);
    HF_ASSERT(sum != UINT64_MAX);
}

static void remove_all(const char *dir)
{
    static const char *const names[] = {"log.mdb", "log.mdb-lock", "owner"};
    for (size_t i = 0; i < HF_LEN(names); i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

/* The bytes of a good data file, made once. */
static size_t make_good(uint8_t *bytes)
{
    char dir[] = "/tmp/holdfast-fuzz-XXXXXX";
    char path[96];
    struct hf_place *place = NULL;
    struct hf_err err = {0};
    HF_ASSERT(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof path, "%s/log.mdb", dir);
    HF_ASSERT(hf_place_dir_open(dir, HF_PLACE_CREATE, "fuzz", hf_env_os(), &place, &err) == HF_OK);
    fill(place);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    HF_ASSERT(fd >= 0);
    ssize_t len = read(fd, bytes, FILE_MAX);
    HF_ASSERT(len > 0 && len < FILE_MAX);
    (void)close(fd);
    hf_place_close(place);
    remove_all(dir);
    return (size_t)len;
}

static struct hf_bytes make_file(const uint8_t *data, size_t size, uint8_t *bytes)
{
    static uint8_t good[FILE_MAX]; /* the same in every run */
    static size_t good_len;
    if (size >= 3 && memcmp(data, "RAW", 3) == 0) {
        return hf_bytes_of(data + 3, size - 3);
    }
    if (good_len == 0) {
        good_len = make_good(good);
    }
    memcpy(bytes, good, good_len);
    for (size_t at = 0; at + 5 <= size; at += 5) {
        bytes[hf_be32_get(data + at) % good_len] ^= data[at + 4];
    }
    return hf_bytes_of(bytes, good_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t scratch[FILE_MAX];
    char dir[] = "/tmp/holdfast-fuzz-XXXXXX";
    char path[96];
    struct hf_place *place = NULL;
    struct hf_kv *kv = NULL;
    struct hf_err err = {0};
    struct hf_bytes file = make_file(data, size, scratch);
    HF_ASSERT(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof path, "%s/log.mdb", dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    HF_ASSERT(fd >= 0 && write(fd, file.ptr, file.len) == (ssize_t)file.len);
    (void)close(fd);
    if (hf_place_dir_open(dir, HF_PLACE_READ, "fuzz", hf_env_os(), &place, &err) == HF_OK) {
        if (hf_place_env(place, "log.mdb", &conf, &kv, &err) == HF_OK) {
            walk(kv);
        }
        hf_kv_close(kv);
        hf_place_close(place);
    }
    remove_all(dir);
    return 0;
}
