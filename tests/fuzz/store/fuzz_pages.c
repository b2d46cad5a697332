/* tests/fuzz/store/fuzz_pages.c: what the page checker accepts, LMDB reads and writes safely.
 *
 * Input: a file's length in units of 16 bytes (be16, at most 256 KiB are made), then patches on a
 * file of zeros, each a be32 offset, a length of one byte, bytes: small inputs for files that are
 * mostly zeros. Properties of a file that is accepted: it opens as the store opens it; walking
 * it gives ascending keys, each found again with the same value; a writer may change and delete all
 * of that, and what it commits is accepted too and holds what was written.
 */
#include "log/store/pages.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/assert.h"
#include "log/store/kv_lmdb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX (256u << 10)
#define KEPT_MAX 64
#define LONGER   5000 /* two pages of its own */
#define SHORTER  3000 /* one page, but LMDB leaves it the two */

struct kept {
    int table;
    size_t len;
    uint8_t key[HF_KV_KEY_MAX];
};

struct walked {
    struct kept kept[KEPT_MAX]; /* the first keys */
    unsigned kept_count;
    uint64_t count; /* all keys */
};

/* Those of a log and of a sealed volume. */
static const char *const tables[] = {"meta", "frames", "volumes", "blobs", "t"};
/* What the writer puts in place of a value. */
static const uint8_t long_value[LONGER] = {1};

static size_t make_image(struct hf_bytes input, uint8_t image[FILE_MAX])
{
    struct hf_cursor c = hf_cursor_init(input);
    uint16_t units = 0;
    uint32_t at = 0;
    uint8_t len = 0;
    struct hf_bytes patch;
    (void)hf_cursor_be16(&c, &units);
    size_t size = units * (size_t)16 < FILE_MAX ? units * (size_t)16 : FILE_MAX;
    memset(image, 0, size);
    while (hf_cursor_be32(&c, &at) && hf_cursor_u8(&c, &len) && hf_cursor_take(&c, len, &patch)) {
        if (at < size && patch.len <= size - at) {
            memcpy(image + at, patch.ptr, patch.len);
        }
    }
    return size;
}

static struct hf_kv *open_kv(int fd, enum hf_lmdb_mode mode)
{
    struct hf_kv_conf conf = {tables, HF_LEN(tables), mode == HF_LMDB_BUILD ? 16u << 20 : 0};
    struct hf_kv *kv = NULL;
    struct hf_err err = {0};
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (hf_lmdb_open(path, mode, &conf, &kv, &err) != HF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        HF_UNREACHABLE("an accepted file opens");
    }
    return kv;
}

static void keep(struct walked *walked, int table, struct hf_bytes key)
{
    if (walked->kept_count < KEPT_MAX) {
        struct kept *kept = &walked->kept[walked->kept_count++];
        kept->table = table;
        kept->len = key.len;
        memcpy(kept->key, key.ptr, key.len);
    }
    walked->count++;
}

/* Looks a key up in the other ways; reads all bytes of its value. */
static void check_entry(struct hf_kv_read *read, int table, struct hf_bytes key,
                        struct hf_bytes value)
{
    struct hf_bytes found_key, found;
    HF_ASSERT(hf_kv_get(read, table, key, &found, /* err= */ NULL) == HF_OK);
    HF_ASSERT(hf_bytes_eq(found, value));
    HF_ASSERT(hf_kv_floor(read, table, key, &found_key, &found, /* err= */ NULL) == HF_OK);
    HF_ASSERT(hf_bytes_eq(found_key, key) && found.ptr == value.ptr);
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < value.len; i++) {
        sum = (uint8_t)(sum + value.ptr[i]);
    }
}

static void walk_table(struct hf_kv_read *read, int table, struct walked *walked)
{
    struct hf_bytes key, value;
    struct hf_bytes last = {NULL, 0};
    enum hf_rc rc = hf_kv_ceil(read, table, HF_BYTES("\0"), &key, &value, /* err= */ NULL);
    while (rc == HF_OK) {
        HF_ASSERT(key.len > 0 && key.len <= HF_KV_KEY_MAX);
        HF_ASSERT(last.ptr == NULL || hf_bytes_cmp(last, key) < 0);
        check_entry(read, table, key, value);
        keep(walked, table, key);
        last = key;
        rc = hf_kv_next(read, table, &key, &value, /* err= */ NULL);
    }
    HF_ASSERT(rc == HF_ENOTFOUND);
}

static void walk_all(int fd, struct walked *walked)
{
    struct hf_kv *kv = open_kv(fd, HF_LMDB_SEALED);
    struct hf_kv_read *read = NULL;
    walked->kept_count = 0;
    walked->count = 0;
    HF_ASSERT(hf_kv_read(kv, &read, /* err= */ NULL) == HF_OK);
    for (int i = 0; i < (int)HF_LEN(tables); i++) {
        walk_table(read, i, walked);
    }
    hf_kv_end(read);
    hf_kv_close(kv);
}

/* Of the kept keys every second one goes, the others get a long value and then a shorter one.
 * Returns how many went. */
static uint64_t write_all(int fd, const struct walked *walked)
{
    struct hf_kv *kv = open_kv(fd, HF_LMDB_BUILD);
    struct hf_kv_txn *txn = NULL;
    struct hf_bytes value = hf_bytes_of(long_value, sizeof long_value);
    uint64_t gone = 0;
    HF_ASSERT(hf_kv_begin(kv, &txn, /* err= */ NULL) == HF_OK);
    for (unsigned i = 0; i < walked->kept_count; i++) {
        const struct kept *kept = &walked->kept[i];
        struct hf_bytes key = hf_bytes_of(kept->key, kept->len);
        if (i % 2 == 0) {
            HF_ASSERT(hf_kv_del(txn, kept->table, key, /* err= */ NULL) == HF_OK);
            gone++;
        } else {
            struct hf_bytes shorter = hf_bytes_of(long_value, SHORTER);
            HF_ASSERT(hf_kv_put(txn, kept->table, key, value, false, /* err= */ NULL) == HF_OK);
            HF_ASSERT(hf_kv_put(txn, kept->table, key, shorter, false, /* err= */ NULL) == HF_OK);
        }
    }
    HF_ASSERT(hf_kv_commit(txn, /* err= */ NULL) == HF_OK);
    hf_kv_close(kv);
    return gone;
}

static void check_write(int fd, struct walked *walked)
{
    struct hf_err err = {0};
    uint64_t before = walked->count;
    /* Twice: the second transaction takes pages from the free list that the first one left. */
    for (int i = 0; i < 2; i++) {
        uint64_t gone = write_all(fd, walked);
        if (hf_pages_check(fd, &err) != HF_OK) {
            (void)fprintf(stderr, "%s\n", err.text);
            HF_UNREACHABLE("what LMDB committed is accepted");
        }
        walk_all(fd, walked);
        HF_ASSERT(walked->count == before - gone);
        before = walked->count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t image[FILE_MAX];
    static struct walked walked;
    size_t len = make_image(hf_bytes_of(data, size), image);
    int fd = memfd_create("pages", MFD_CLOEXEC);
    HF_ASSERT(fd >= 0 && pwrite(fd, image, len, 0) == (ssize_t)len);
    if (hf_pages_check(fd, /* err= */ NULL) == HF_OK) {
        walk_all(fd, &walked);
        check_write(fd, &walked);
    }
    (void)close(fd);
    return 0;
}
