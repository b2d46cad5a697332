/* tests/fuzz/hub/fuzz_custody.c: files of custody that somebody altered: what is read of them can
 * be added to and read again, and no key comes out that was not sealed.
 *
 * Input: u16 length | TENANT.key | TENANT.subjects.0, under a host key of zeroes.
 */
#include "base/assert.h"
#include "hub/custody.h"
#include "tests/sim/region/disk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DIR "/hub"

struct world {
    struct hf_env_sim sim;
    struct sim_disk disk;
    struct hf_secret host_key;
    struct hf_custody custody;
};

static enum hf_rc open_all(struct world *w, struct hf_err *err)
{
    const struct hf_custody_conf conf = {DIR, &w->disk.disk, &w->sim.env, &w->host_key};
    hf_custody_close(&w->custody);
    HF_ASSERT(hf_custody_open(&conf, &w->custody, err) == HF_OK);
    return hf_custody_load(&w->custody, HF_STR("acme"), err);
}

static bool is_new(void *arg, struct hf_str tenant, const struct hf_subject *subject)
{
    (void)arg;
    (void)tenant;
    return subject->b[0] == 0xFF;
}

/* One more subject goes in, is there after a new start, and goes out again. */
static void use(struct world *w)
{
    struct hf_subject_key key = {.subject = {{0xFF, 0xFE}}}, got = {.key = {0}};
    char name[HF_CUSTODY_NAME_MAX + 1];
    struct hf_err err = {0};
    uint64_t count = 0;
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &key.key) == HF_OK);
    hf_secret_fill(&key.key)[0] = 7;
    enum hf_rc rc = hf_custody_put(&w->custody, HF_STR("acme"), &key, HF_STR("anna"), &err);
    if (rc == HF_OK) {
        HF_ASSERT(open_all(w, &err) == HF_OK);
        HF_ASSERT(hf_custody_get(&w->custody, HF_STR("acme"), &key.subject, &got, name) == HF_OK);
        HF_ASSERT(hf_equal_secret(hf_secret_reveal(&got.key), hf_secret_reveal(&key.key)));
        HF_ASSERT(hf_custody_erase(&w->custody, HF_STR("acme"), is_new, NULL, &count, &err) ==
                      HF_OK &&
                  count > 0);
        HF_ASSERT(open_all(w, &err) == HF_OK);
        HF_ASSERT(!hf_custody_has(&w->custody, HF_STR("acme"), &key.subject));
    } else {
        HF_ASSERT(err.text[0] != '\0');
    }
    hf_secret_free(&key.key);
    hf_secret_free(&got.key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.custody = {.disk = NULL}};
    struct hf_cursor c = hf_cursor_init(hf_bytes_of(data, size));
    struct hf_bytes keys;
    struct hf_err err = {0};
    uint16_t len = 0;
    if (!hf_cursor_be16(&c, &len) || !hf_cursor_take(&c, len, &keys)) {
        return 0;
    }
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    hf_env_sim_init(&w.sim, 1);
    sim_disk_init(&w.disk, 1);
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &w.host_key) == HF_OK);
    sim_disk_put(&w.disk, DIR "/custody/acme.key", keys);
    sim_disk_put(&w.disk, DIR "/custody/acme.subjects.0", hf_bytes_of(c.ptr, c.left));
    if (open_all(&w, &err) == HF_OK) {
        use(&w);
    } else {
        HF_ASSERT(err.text[0] != '\0');
    }
    hf_custody_close(&w.custody);
    hf_secret_free(&w.host_key);
    sim_disk_fini(&w.disk);
    return 0;
}
