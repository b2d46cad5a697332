/* tests/unit/wrapper/test_watch.c: what is said of gateways, also when they cannot be seen. */
#include "tests/harness/test.h"
#include "wrapper/wrapper.h"

#define SECOND UINT64_C(1000000000)

static struct hf_wrapper w; /* too big for the stack */

struct fake {
    struct hf_driver driver;
    enum hf_rc rc;
    size_t count;
};

static const struct hf_gateway one = {.pid = 10, .uid = 5, .started = 100, .age_s = 500};

static enum hf_rc gateways(struct hf_driver *driver, struct hf_gateway *out, size_t max,
                           size_t *ret_count, struct hf_err *err)
{
    struct fake *fake = HF_CONTAINER_OF(driver, struct fake, driver);
    HF_ASSERT(max > 0);
    out[0] = one;
    *ret_count = fake->count;
    return fake->rc == HF_OK ? HF_OK : hf_err_set(err, fake->rc, "/proc: not to be read");
}

static enum hf_rc look(struct hf_driver *driver, int32_t pid, struct hf_gateway *ret,
                       struct hf_err *err)
{
    (void)driver;
    (void)err;
    *ret = one;
    return pid == one.pid ? HF_OK : HF_ENOTFOUND;
}

/* Two looks later. */
static const char *later(void)
{
    uint64_t until = hf_env_mono_ns(hf_loop_env(w.loop)) + 2 * SECOND;
    while (hf_env_mono_ns(hf_loop_env(w.loop)) < until && hf_loop_step(w.loop)) {
    }
    return hf_watch_enforcement(&w);
}

/* Goal: what cannot be seen is unknown, whatever was proved before, and known again afterwards. */
HF_TEST(unseen)
{
    static const struct hf_driver_ops ops = {"fake", gateways, look};
    struct fake fake = {.driver = {&ops}, .count = 0};
    struct hf_env_sim sim;
    struct hf_logger logger = {.env = &sim.env, .fd = -1, .level = HF_LOG_ERROR};
    hf_env_sim_init(&sim, hf_test_seed());
    HF_CHECK_RC(hf_loop_sim_new(&sim, 1, &w.loop, NULL), HF_OK);
    w.logger = &logger;
    w.driver = &fake.driver;
    w.conf.tick_ns = SECOND;
    w.tenant[0] = 't'; /* the agent need not be asked who we are, */
    w.swept = true;    /* nor what an earlier life left behind */
    hf_queue_init(&w.links);
    hf_watch_start(&w);
    HF_CHECK_STR(hf_str_c(later()), HF_STR("idle"));
    fake.rc = HF_EPERM;
    HF_CHECK_STR(hf_str_c(later()), HF_STR("unknown"));
    fake.rc = HF_OK;
    fake.count = 1;
    HF_CHECK_STR(hf_str_c(later()), HF_STR("unguarded"));
    HF_CHECK_RC(hf_lease_claim(&w.lease, &one, false), HF_OK);
    w.lease.proved_ns = hf_env_mono_ns(hf_loop_env(w.loop)) + 1;
    HF_CHECK_STR(hf_str_c(later()), HF_STR("enforced"));
    fake.rc = HF_EPERM;
    HF_CHECK_STR(hf_str_c(later()), HF_STR("unknown"));
    fake.rc = HF_OK;
    HF_CHECK_STR(hf_str_c(later()), HF_STR("enforced"));
    hf_watch_stop(&w);
    hf_loop_free(w.loop);
}

HF_TEST_MAIN(HF_TEST_CASE(unseen))
