/* tests/unit/hub/test_custody.c: what custody keeps, what it forgets, and what is left of that. */
#include "hub/custody.h"

#include <errno.h>
#include <stdio.h>

#include "tests/harness/fault.h"
#include "tests/harness/host.h"
#include "tests/harness/test.h"

#define ANNA HF_STR("user:anna-5b1e")
#define BERT HF_STR("user:bert-77c0")

struct world {
    struct hf_env_sim sim;
    struct hf_secret host_key;
    struct hf_custody custody;
    struct hf_err err;
    char dir[HF_PATH_MAX];
};

static void world_init(struct world *w, const char *name)
{
    *w = (struct world){.dir = ""};
    hf_test_host(name, &w->sim, &w->host_key, w->dir);
}

static void world_fini(struct world *w)
{
    hf_custody_close(&w->custody);
    hf_secret_free(&w->host_key);
}

/* Of two tenants. */
static enum hf_rc reopen(struct world *w)
{
    const struct hf_custody_conf conf = {w->dir, hf_disk_os(), &w->sim.env, &w->host_key};
    hf_custody_close(&w->custody);
    w->err = (struct hf_err){0};
    enum hf_rc rc = hf_custody_open(&conf, &w->custody, &w->err);
    if (rc == HF_OK) {
        rc = hf_custody_load(&w->custody, HF_STR("acme"), &w->err);
    }
    return rc == HF_OK ? hf_custody_load(&w->custody, HF_STR("other"), &w->err) : rc;
}

/* The n-th subject's; the same each time. */
static void make_key(uint8_t n, struct hf_subject_key *ret)
{
    *ret = (struct hf_subject_key){.subject = {{n, 1}}};
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &ret->key) == HF_OK);
    memset(hf_secret_fill(&ret->key), 0xC0 + n, HF_SEAL_KEY_SIZE);
}

static enum hf_rc put(struct world *w, const char *tenant, uint8_t n, struct hf_str name)
{
    struct hf_subject_key key;
    make_key(n, &key);
    enum hf_rc rc = hf_custody_put(&w->custody, hf_str_c(tenant), &key, name, &w->err);
    hf_secret_free(&key.key);
    return rc;
}

static bool has(const struct world *w, const char *tenant, uint8_t n, struct hf_str name)
{
    struct hf_subject_key key, got = {.key = {0}};
    char text[HF_CUSTODY_NAME_MAX + 1];
    make_key(n, &key);
    bool same = hf_custody_get(&w->custody, hf_str_c(tenant), &key.subject, &got, text) == HF_OK &&
                hf_equal_secret(hf_secret_reveal(&got.key), hf_secret_reveal(&key.key)) &&
                hf_subject_eq(&got.subject, &key.subject) && hf_str_eq(hf_str_c(text), name);
    HF_ASSERT(same == hf_custody_has(&w->custody, hf_str_c(tenant), &key.subject));
    hf_secret_free(&key.key);
    hf_secret_free(&got.key);
    return same;
}

static bool is_number(void *arg, struct hf_str tenant, const struct hf_subject *subject)
{
    (void)tenant;
    return subject->b[0] == *(const uint8_t *)arg;
}

static enum hf_rc erase(struct world *w, uint8_t n, uint64_t *ret_count)
{
    return hf_custody_erase(&w->custody, HF_STR("acme"), is_number, &n, ret_count, &w->err);
}

static void path_of(const struct world *w, const char *name, char out[HF_PATH_MAX])
{
    (void)snprintf(out, HF_PATH_MAX, "%.400s/custody/%s", w->dir, name);
}

static bool file_has(const struct world *w, const char *name, struct hf_bytes bytes)
{
    char path[HF_PATH_MAX];
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(1u << 20);
    path_of(w, name, path);
    HF_ASSERT(hf_file_read(path, &text, &err) == HF_OK);
    bool found = memmem(text.ptr, text.len, bytes.ptr, bytes.len) != NULL;
    hf_buf_free(&text);
    return found;
}

/* Keys and names of two tenants, over a new start; the same again is fine, another key is not; in
 * the files neither key nor name stands. */
HF_TEST(keeping)
{
    struct world w;
    uint8_t key[4];
    memset(key, 0xC1, sizeof key);
    world_init(&w, "hub");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(put(&w, "acme", 1, ANNA), w.err);
    HF_CHECK_OK(put(&w, "acme", 2, BERT), w.err);
    HF_CHECK_OK(put(&w, "other", 1, BERT), w.err);
    HF_CHECK_OK(put(&w, "acme", 1, ANNA), w.err);
    for (int i = 0; i < 2; i++) {
        struct hf_subject_key wrong;
        HF_CHECK(has(&w, "acme", 1, ANNA) && has(&w, "acme", 2, BERT) && has(&w, "other", 1, BERT));
        HF_CHECK(!has(&w, "other", 2, BERT) && !has(&w, "acme", 3, ANNA));
        make_key(3, &wrong);
        wrong.subject.b[0] = 1;
        enum hf_rc rc = hf_custody_put(&w.custody, HF_STR("acme"), &wrong, ANNA, &w.err);
        hf_secret_free(&wrong.key);
        HF_CHECK_RC(rc, HF_EEXIST);
        HF_CHECK_OK(reopen(&w), w.err);
    }
    HF_CHECK(!file_has(&w, "acme.subjects.0", hf_str_bytes(ANNA)));
    HF_CHECK(!file_has(&w, "acme.subjects.0", hf_bytes_of(key, sizeof key)));
    world_fini(&w);
}

/* A region with two subjects of acme; *old is the file with their keys, before one was erased. */
static void erase_anna(struct world *w, struct hf_buf *old)
{
    uint64_t count = 0;
    char subjects[HF_PATH_MAX];
    world_init(w, "hub");
    path_of(w, "acme.subjects.0", subjects);
    HF_CHECK_OK(reopen(w), w->err);
    HF_CHECK_OK(put(w, "acme", 1, ANNA), w->err);
    HF_CHECK_OK(put(w, "acme", 2, BERT), w->err);
    HF_CHECK_OK(hf_file_read(subjects, old, &w->err), w->err);
    HF_CHECK_OK(erase(w, 3, &count), w->err);
    HF_CHECK_U64(count, 0);
    HF_CHECK(file_has(w, "acme.subjects.0", hf_buf_bytes(old)));
    HF_CHECK_OK(erase(w, 1, &count), w->err);
    HF_CHECK_U64(count, 1);
}

/* After an erasure the key is gone, here and after a new start; the others are there. */
HF_TEST(erasing)
{
    struct world w;
    struct hf_buf old = hf_buf_init(1u << 20);
    erase_anna(&w, &old);
    for (int i = 0; i < 2; i++) {
        HF_CHECK(!has(&w, "acme", 1, ANNA) && has(&w, "acme", 2, BERT));
        HF_CHECK_OK(reopen(&w), w.err);
    }
    HF_CHECK_OK(put(&w, "acme", 1, ANNA), w.err); /* custody does not know what was erased */
    hf_buf_free(&old);
    world_fini(&w);
}

/* The file as it was, put back without the other one, opens nothing. */
HF_TEST(put_back)
{
    struct world w;
    char subjects[HF_PATH_MAX];
    struct hf_buf old = hf_buf_init(1u << 20);
    struct hf_buf now = hf_buf_init(1u << 20);
    erase_anna(&w, &old);
    path_of(&w, "acme.subjects.0", subjects);
    HF_CHECK_OK(hf_file_read(subjects, &now, &w.err), w.err);
    HF_CHECK_OK(hf_file_replace(subjects, hf_buf_bytes(&old), 0600, &w.err), w.err);
    HF_CHECK_RC(reopen(&w), HF_EMISMATCH);
    HF_CHECK(strstr(w.err.text, "same backup") != NULL);
    HF_CHECK(!has(&w, "acme", 1, ANNA) && !has(&w, "acme", 2, BERT));
    HF_CHECK_RC(put(&w, "acme", 4, ANNA), HF_EREADONLY); /* what is there is left alone */
    HF_CHECK_OK(hf_file_replace(subjects, hf_buf_bytes(&now), 0600, &w.err), w.err);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK(has(&w, "acme", 2, BERT));
    hf_buf_free(&old);
    hf_buf_free(&now);
    world_fini(&w);
}

/* Another host's key; each byte of both files altered, and each length of the one: never another
 * key than the one that was put, and always a text. */
HF_TEST(damage)
{
    static const char *const names[] = {"acme.subjects.0", "acme.key"};
    struct world w;
    world_init(&w, "hub");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(put(&w, "acme", 1, ANNA), w.err);
    hf_secret_fill(&w.host_key)[0] ^= 1;
    HF_CHECK_RC(reopen(&w), HF_EMISMATCH);
    HF_CHECK(strstr(w.err.text, "HOLDFAST_HOST_KEY") != NULL);
    hf_secret_fill(&w.host_key)[0] ^= 1;
    hf_sweep_without_syncs();
    for (size_t f = 0; f < HF_LEN(names); f++) {
        char path[HF_PATH_MAX];
        struct hf_buf good = hf_buf_init(1u << 20);
        path_of(&w, names[f], path);
        HF_CHECK_OK(hf_file_read(path, &good, &w.err), w.err);
        for (size_t at = 0; at < good.len; at++) {
            good.ptr[at] ^= 1;
            HF_CHECK_OK(hf_file_replace(path, hf_buf_bytes(&good), 0600, &w.err), w.err);
            good.ptr[at] ^= 1;
            enum hf_rc rc = reopen(&w);
            HF_CHECK(rc == HF_OK || w.err.text[0] != '\0');
            struct hf_subject_key got = {.key = {0}};
            const struct hf_subject subject = {{1, 1}};
            rc = hf_custody_get(&w.custody, HF_STR("acme"), &subject, &got, NULL);
            hf_secret_free(&got.key);
            HF_CHECK(rc != HF_OK);
            HF_CHECK_OK(hf_file_replace(path, hf_bytes_of(good.ptr, at), 0600, &w.err), w.err);
            rc = reopen(&w);
            HF_CHECK(rc == HF_OK || w.err.text[0] != '\0');
            HF_CHECK(!hf_custody_has(&w.custody, HF_STR("acme"), &subject));
        }
        HF_CHECK_OK(hf_file_replace(path, hf_buf_bytes(&good), 0600, &w.err), w.err);
        hf_buf_free(&good);
    }
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK(has(&w, "acme", 1, ANNA));
    world_fini(&w);
}

static enum hf_rc put_nth(struct world *w, uint16_t n)
{
    struct hf_subject_key key = {.subject = {{0xEE, (uint8_t)(n >> 8), (uint8_t)n}}};
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &key.key) == HF_OK);
    hf_secret_fill(&key.key)[0] = (uint8_t)n;
    enum hf_rc rc = hf_custody_put(&w->custody, HF_STR("acme"), &key, BERT, &w->err);
    hf_secret_free(&key.key);
    return rc;
}

static unsigned count_nth(const struct world *w, uint16_t most)
{
    unsigned count = 0;
    for (uint16_t n = 0; n < most; n++) {
        const struct hf_subject subject = {{0xEE, (uint8_t)(n >> 8), (uint8_t)n}};
        struct hf_subject_key got = {.key = {0}};
        if (hf_custody_get(&w->custody, HF_STR("acme"), &subject, &got, NULL) == HF_OK) {
            count += hf_secret_reveal(&got.key).ptr[0] == (uint8_t)n ? 1 : 0;
        }
        hf_secret_free(&got.key);
    }
    return count;
}

static bool is_odd(void *arg, struct hf_str tenant, const struct hf_subject *subject)
{
    (void)arg;
    (void)tenant;
    return subject->b[2] % 2 == 1;
}

/* More subjects than one file has: a put writes one file of a bounded size; an erasure seals all of
 * them anew; what comes then fills the gaps, and no further file is made. */
HF_TEST(many)
{
    const uint16_t most = 2 * HF_CUSTODY_CHUNK + 20;
    struct world w;
    char third[HF_PATH_MAX], fourth[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(HF_CUSTODY_CHUNK * 256u);
    uint64_t count = 0;
    world_init(&w, "hub");
    hf_sweep_without_syncs();
    path_of(&w, "acme.subjects.2", third);
    path_of(&w, "acme.subjects.3", fourth);
    HF_CHECK_OK(reopen(&w), w.err);
    for (uint16_t n = 0; n < most; n++) {
        HF_CHECK_OK(put_nth(&w, n), w.err);
    }
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_U64(count_nth(&w, most), most);
    HF_CHECK_OK(hf_custody_erase(&w.custody, HF_STR("acme"), is_odd, NULL, &count, &w.err), w.err);
    HF_CHECK_U64(count, most / 2);
    for (int i = 0; i < 2; i++) {
        HF_CHECK_U64(count_nth(&w, most), most / 2);
        HF_CHECK_OK(reopen(&w), w.err);
    }
    for (uint16_t n = most; n < most + 256; n++) {
        HF_CHECK_OK(put_nth(&w, n), w.err);
    }
    HF_CHECK_U64(count_nth(&w, (uint16_t)(most + 256)), most / 2 + 256u);
    HF_CHECK_OK(hf_file_read(third, &text, &w.err), w.err);
    HF_CHECK(!hf_disk_exists(hf_disk_os(), fourth));
    hf_buf_free(&text);
    world_fini(&w);
}

/* The life that is swept: `acked` counts the steps that were answered with HF_OK. */
static void live(struct world *w, unsigned *ret_acked)
{
    uint64_t count = 0;
    enum hf_rc rc = reopen(w);
    *ret_acked = rc == HF_OK ? 1 : 0;
    for (unsigned step = 1; rc == HF_OK && step <= 4; step++) {
        rc = step == 1   ? put(w, "acme", 1, ANNA)
             : step == 2 ? put(w, "acme", 2, BERT)
             : step == 3 ? erase(w, 1, &count)
                         : put(w, "acme", 3, ANNA);
        *ret_acked += rc == HF_OK ? 1 : 0;
    }
}

/* After the fault: what was acknowledged is so, the step that failed is done or not done, the key
 * that nobody erased is always there, and the erasure can be finished. */
static void check_after(struct world *w, unsigned acked)
{
    uint64_t count = 0;
    HF_CHECK_OK(reopen(w), w->err);
    bool anna = has(w, "acme", 1, ANNA);
    bool bert = has(w, "acme", 2, BERT);
    HF_CHECK(anna || acked < 2 || acked >= 3);
    HF_CHECK(bert || acked < 3);
    HF_CHECK(!anna || acked < 4);
    HF_CHECK(has(w, "acme", 3, ANNA) || acked < 5);
    HF_CHECK_OK(erase(w, 1, &count), w->err);
    HF_CHECK_U64(count, anna ? 1 : 0);
    HF_CHECK_OK(reopen(w), w->err);
    HF_CHECK(!has(w, "acme", 1, ANNA) && has(w, "acme", 2, BERT) == bert);
    HF_CHECK_OK(put(w, "acme", 4, ANNA), w->err);
}

static void sweep(enum hf_sweep kind, int error)
{
    for (uint64_t n = 1;; n++) {
        struct world w;
        char name[32];
        unsigned acked = 0;
        (void)snprintf(name, sizeof name, "hub-%llu", (unsigned long long)n);
        world_init(&w, name);
        hf_sweep_begin(kind, n, error);
        live(&w, &acked);
        uint64_t steps = hf_sweep_end();
        check_after(&w, acked);
        world_fini(&w);
        if (hf_test_failed() || n > steps) {
            HF_CHECK_U64(acked, 5);
            HF_CHECK(n > 7); /* seven files are written */
            return;
        }
    }
}

HF_TEST(failing_writes)
{
    sweep(HF_SWEEP_WRITE, ENOSPC);
}

HF_TEST(failing_syncs)
{
    sweep(HF_SWEEP_SYNC, EIO);
}

HF_TEST(failing_allocations)
{
    sweep(HF_SWEEP_ALLOC, 0);
}

HF_TEST_MAIN(HF_TEST_CASE(keeping), HF_TEST_CASE(erasing), HF_TEST_CASE(put_back),
             HF_TEST_CASE(many), HF_TEST_CASE(failing_writes), HF_TEST_CASE(failing_syncs),
             HF_TEST_CASE(failing_allocations), HF_TEST_CASE(damage))
