/* tests/unit/tenant/test_artifact_store.c: packages and slots on a disk that fails at any call. */
#include "tenant/artifact_store.h"

#include <errno.h>
#include <stdio.h>

#include "base/heap.h"
#include "tenant/agent.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"

#define NOTE "a note; who stores it does not look into it\n"

/* Big, and so not on the stack. */
static struct hf_agent *agent_in(const char *dir, const struct hf_logger *logger)
{
    struct hf_agent *agent = hf_heap_zalloc(1, sizeof *agent);
    HF_ASSERT(agent != NULL);
    agent->disk = hf_disk_os();
    agent->logger = logger;
    (void)snprintf(agent->dir, sizeof agent->dir, "%s", dir);
    return agent;
}

static struct hf_agent_artifact artifact_of(const char *content, uint64_t number)
{
    struct hf_agent_artifact a = {
        .set = true, .sequence = number, .directive = number, .version = "1"};
    hf_sha256(hf_str_bytes(hf_str_c(content)), &a.digest);
    return a;
}

static enum hf_rc keep(struct hf_agent *agent, const char *content,
                       const struct hf_agent_artifact *a, struct hf_err *err)
{
    uint8_t package[256];
    struct hf_writer w =
        hf_writer_init(package + HF_PACKAGE_HEAD, sizeof package - HF_PACKAGE_HEAD);
    hf_package_head(HF_BYTES(NOTE), package);
    hf_writer_str(&w, HF_STR(NOTE));
    hf_writer_str(&w, hf_str_c(content));
    HF_ASSERT(!w.overflow);
    return hf_agent_package_save(agent, &a->digest, hf_bytes_of(package, HF_PACKAGE_HEAD + w.len),
                                 err);
}

static enum hf_rc load(struct hf_agent *agent, const struct hf_agent_artifact *a,
                       struct hf_err *err)
{
    struct hf_bytes note;
    struct hf_bytes bytes;
    struct hf_buf buf = hf_buf_init(HF_PACKAGE_MAX);
    enum hf_rc rc = hf_agent_package_load(agent, &a->digest, &buf, &note, &bytes, err);
    hf_buf_free(&buf);
    return rc;
}

static bool loads(struct hf_agent *agent, const struct hf_agent_artifact *a)
{
    return !a->set || load(agent, a, /* err= */ NULL) == HF_OK;
}

/* As the agent does: three artifacts come, each is read and staged, every second one is good. */
static enum hf_rc work(struct hf_agent *agent, struct hf_err *err)
{
    static const char *const contents[] = {"one", "two", "three"};
    enum hf_rc rc = hf_agent_slots_load(agent, err);
    for (size_t i = 0; rc == HF_OK && i < HF_LEN(contents); i++) {
        const struct hf_agent_artifact a = artifact_of(contents[i], i + 1);
        struct hf_agent_slot next = agent->artifacts.slots[HF_SLOT_POLICY];
        rc = keep(agent, contents[i], &a, err);
        next.staged = a;
        next.floor = i;
        rc = rc == HF_OK ? load(agent, &a, err) : rc;
        if (rc == HF_OK) {
            rc = hf_agent_slot_save(agent, HF_SLOT_POLICY, &next, err);
        }
        if (rc == HF_OK && i % 2 == 0) {
            next.good = a;
            rc = hf_agent_slot_save(agent, HF_SLOT_POLICY, &next, err);
        }
    }
    return rc;
}

static bool same(const struct hf_agent_slot *a, const struct hf_agent_slot *b)
{
    uint8_t texts[2][1024];
    struct hf_writer w[2] = {hf_writer_init(texts[0], sizeof texts[0]),
                             hf_writer_init(texts[1], sizeof texts[1])};
    hf_agent_slot_format(a, &w[0]);
    hf_agent_slot_format(b, &w[1]);
    return hf_bytes_eq(hf_writer_done(&w[0]), hf_writer_done(&w[1]));
}

/* What a restart finds: a state that the agent was in or was about to be in, and every package that
 * it names, whole. */
static void check_restart(const char *dir, const struct hf_logger *logger,
                          const struct hf_agent *before)
{
    struct hf_err err = {0};
    struct hf_agent *agent = agent_in(dir, logger);
    HF_CHECK_OK(hf_agent_slots_load(agent, &err), err);
    const struct hf_agent_slot *found = &agent->artifacts.slots[HF_SLOT_POLICY];
    const struct hf_agent_slot *known = &before->artifacts.slots[HF_SLOT_POLICY];
    HF_CHECK(same(found, known) || found->staged.sequence == known->staged.sequence + 1 ||
             found->good.sequence > known->good.sequence);
    HF_CHECK(loads(agent, &found->staged) && loads(agent, &found->good));
    HF_CHECK_OK(work(agent, &err), err); /* and goes on */
    HF_CHECK(agent->artifacts.slots[HF_SLOT_POLICY].good.sequence == 3);
    hf_heap_free(agent);
}

static void sweep(enum hf_sweep kind, int error)
{
    struct hf_logger logger = {.env = hf_env_os(), .fd = -1, .level = HF_LOG_ERROR};
    for (uint64_t n = 1; !hf_test_failed(); n++) {
        char dir[HF_PATH_MAX];
        struct hf_err err = {0};
        (void)snprintf(dir, sizeof dir, "%s/%d-%d-%llu", hf_test_dir(), (int)kind, error,
                       (unsigned long long)n);
        HF_CHECK_OK(hf_dir_create_all(dir, 0700, &err), err);
        struct hf_agent *agent = agent_in(dir, &logger);
        hf_sweep_begin(kind, n, error);
        enum hf_rc rc = work(agent, &err);
        uint64_t calls = hf_sweep_end();
        check_restart(dir, &logger, agent);
        hf_heap_free(agent);
        if (calls < n) {
            HF_CHECK_RC(rc, HF_OK);
            HF_CHECK(n > 5); /* there was something to sweep */
            return;
        }
    }
}

HF_TEST(no_memory)
{
    sweep(HF_SWEEP_ALLOC, 0);
}

HF_TEST(failed_writes)
{
    sweep(HF_SWEEP_WRITE, EIO);
    sweep(HF_SWEEP_WRITE, ENOSPC);
}

HF_TEST(failed_syncs)
{
    sweep(HF_SWEEP_SYNC, EIO);
}

/* What a slot needs no more is gone from the disk, and what it needs is not. */
HF_TEST(removes)
{
    struct hf_logger logger = {.env = hf_env_os(), .fd = -1, .level = HF_LOG_ERROR};
    struct hf_err err = {0};
    struct hf_agent *agent = agent_in(hf_test_dir(), &logger);
    HF_CHECK_OK(work(agent, &err), err);
    const struct hf_agent_artifact one = artifact_of("one", 1);
    const struct hf_agent_artifact two = artifact_of("two", 2);
    HF_CHECK(!loads(agent, &one) && !loads(agent, &two));
    HF_CHECK(loads(agent, &agent->artifacts.slots[HF_SLOT_POLICY].good));
    hf_heap_free(agent);
}

HF_TEST_MAIN(HF_TEST_CASE(no_memory), HF_TEST_CASE(failed_writes), HF_TEST_CASE(failed_syncs),
             HF_TEST_CASE(removes))
