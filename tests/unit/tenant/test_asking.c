/* tests/unit/tenant/test_asking.c: how many requests for approval an agent takes at once. */
#include "tenant/asking.h"

#include <stdio.h>

#include "schemas/events_gen.h"
#include "tests/harness/test.h"

#define NOW    INT64_C(1767225600000000)
#define MINUTE INT64_C(60000000)

static const uint8_t digest[32] = {1};

static enum hf_rc ask(struct hf_agent_asking *asking, unsigned number, int64_t now_us)
{
    char name[16];
    uint8_t bytes[1024];
    struct hf_err err = {0};
    (void)snprintf(name, sizeof name, "a-%u", number);
    const struct hf_event_approval_requested event = {.approval = hf_str_c(name),
                                                      .tenant = HF_STR("acme"),
                                                      .tool = HF_STR("exec"),
                                                      .has_summary = true,
                                                      .summary = HF_STR("s"),
                                                      .facts = hf_bytes_of(digest, 32),
                                                      .policy = HF_STR("p"),
                                                      .action = hf_bytes_of(digest, 32),
                                                      .expires = NOW + MINUTE};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_requested_encode(&event, &w);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME),
                                         .payload = hf_writer_done(&w)};
    return hf_agent_asking_take(asking, &envelope, now_us, &err);
}

static enum hf_rc withdraw(struct hf_agent_asking *asking, const char *name)
{
    uint8_t bytes[256];
    struct hf_err err = {0};
    const struct hf_event_approval_withdrawn event = {.approval = hf_str_c(name),
                                                      .tenant = HF_STR("acme")};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_approval_withdrawn_encode(&event, &w);
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_APPROVAL_WITHDRAWN_NAME),
                                         .payload = hf_writer_done(&w)};
    return hf_agent_asking_take(asking, &envelope, NOW, &err);
}

/* Goal: so many at once and no more; a place is free when a request is answered, withdrawn or over;
 * the same one again takes no second place. Method: fills it, and frees it in each way. */
HF_TEST(places)
{
    struct hf_agent_asking asking = {.count = 0};
    for (unsigned i = 0; i < HF_AGENT_ASKING_MAX; i++) {
        HF_CHECK_RC(ask(&asking, i, NOW), HF_OK);
        HF_CHECK_RC(ask(&asking, i, NOW), HF_OK);
    }
    HF_CHECK_RC(ask(&asking, 1000, NOW), HF_EBUSY);
    HF_CHECK_RC(withdraw(&asking, "a-7"), HF_OK);
    HF_CHECK_RC(withdraw(&asking, "a-7"), HF_OK);
    HF_CHECK_RC(ask(&asking, 1000, NOW), HF_OK);
    HF_CHECK_RC(ask(&asking, 1001, NOW), HF_EBUSY);
    hf_agent_asking_end(&asking, HF_STR("a-0"));
    HF_CHECK_RC(ask(&asking, 1001, NOW), HF_OK);
    HF_CHECK_RC(ask(&asking, 1002, NOW + MINUTE - 1), HF_EBUSY);
    HF_CHECK_RC(ask(&asking, 1002, NOW + MINUTE), HF_OK);
    HF_CHECK(asking.count == 1);
}

/* Goal: other events are none of its business, and what cannot be read is refused. */
HF_TEST(others)
{
    struct hf_agent_asking asking = {.count = 0};
    struct hf_err err = {0};
    const struct hf_envelope seen = {.type = HF_STR(HF_EVENT_APPROVAL_SEEN_NAME)};
    const struct hf_envelope bad = {.type = HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME)};
    HF_CHECK_RC(hf_agent_asking_take(&asking, &seen, NOW, &err), HF_OK);
    HF_CHECK(hf_agent_asking_take(&asking, &bad, NOW, &err) != HF_OK);
    HF_CHECK(asking.count == 0);
}

HF_TEST_MAIN(HF_TEST_CASE(places), HF_TEST_CASE(others))
