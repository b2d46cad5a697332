/* tests/unit/wrapper/test_redact.c: the wrapper's redactor: what it counts, and that nothing passes
 * when it did not pass its own test.
 */
#include <stdio.h>
#include <unistd.h>

#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "wrapper/redact.h"
#include "wrapper/redaction/sample.h"

static struct hf_env *env(void)
{
    static struct hf_env_sim sim;
    hf_env_sim_init(&sim, hf_test_seed());
    return &sim.env;
}

static const char *key_file(const char *name)
{
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", hf_test_dir(), name);
    return path;
}

/* Goal: what goes through is counted, by layer and by shape; after a failed test nothing goes. */
HF_TEST(counts)
{
    struct hf_redact redact;
    struct hf_err err = {0};
    struct hf_buf token = hf_buf_init(8192);
    struct hf_buf out = hf_buf_init(8192);
    size_t at;
    bool changed = false;
    HF_CHECK_OK(hf_redact_open(env(), key_file("counts"), &redact, &err), err);
    HF_CHECK_RC(redact.boot.rc, HF_OK);
    HF_CHECK_U64(redact.boot.cases, hf_shape_count);
    hf_shape_sample(&hf_shapes[0], 7, &token, &at);
    HF_CHECK_OK(hf_redact_text(&redact, hf_bytes_str(hf_buf_bytes(&token)), &out, &changed, &err),
                err);
    HF_CHECK(changed && memmem(out.ptr, out.len, "HFX_", 4) != NULL);
    HF_CHECK_OK(hf_redact_text(&redact, HF_STR("nothing here"), &out, &changed, &err), err);
    HF_CHECK(!changed);
    HF_CHECK_U64(redact.counts.all.texts, 2);
    HF_CHECK_U64(redact.counts.all.matches[HF_REDACTION_TOKEN], 1);
    HF_CHECK_U64(redact.counts.shapes[0], 1);
    HF_CHECK_U64(redact.counts.shapes[1], 0);

    const struct hf_redact_tested tested = {.rc = HF_ECORRUPT};
    hf_redact_failed(&redact, &tested);
    HF_CHECK_U64(redact.failures, 1);
    hf_buf_clear(&out);
    HF_CHECK_RC(hf_redact_text(&redact, HF_STR("nothing here"), &out, &changed, &err), HF_EPERM);
    HF_CHECK_U64(out.len, 0);
    HF_CHECK_U64(redact.counts.all.failures, 1);
    hf_redact_close(&redact);
    hf_buf_free(&token);
    hf_buf_free(&out);
}

/* Goal: whichever allocation fails at start, either it does not open, or the token is replaced, or
 * nothing passes at all: never the token. */
HF_TEST(fails_closed)
{
    struct hf_buf token = hf_buf_init(8192);
    bool closed = false;
    size_t at;
    hf_shape_sample(&hf_shapes[0], 7, &token, &at);
    /* every 7th: each of them compiles all shapes, and most are the self-test's, which are alike */
    for (uint64_t n = 1;; n += n < 60 ? 1 : 7) {
        struct hf_redact redact = {.redactor = NULL};
        struct hf_err err = {0};
        struct hf_buf out = hf_buf_init(8192);
        bool changed = false;
        (void)unlink(key_file("sweep"));
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc opened = hf_redact_open(env(), key_file("sweep"), &redact, &err);
        uint64_t calls = hf_sweep_end();
        enum hf_rc rc =
            hf_redact_text(&redact, hf_bytes_str(hf_buf_bytes(&token)), &out, &changed, &err);
        bool passes = opened == HF_OK && redact.boot.rc == HF_OK;
        HF_CHECK(passes ? rc == HF_OK && changed : rc == HF_EPERM && out.len == 0);
        closed = closed || (opened == HF_OK && !passes);
        hf_redact_close(&redact);
        hf_buf_free(&out);
        if (calls < n) {
            HF_CHECK(passes);
            HF_CHECK(closed); /* a self-test without memory is one that failed */
            break;
        }
    }
    hf_buf_free(&token);
}

HF_TEST_MAIN(HF_TEST_CASE(counts), HF_TEST_CASE(fails_closed))
