/* tests/fuzz/tenant/fuzz_local.c: whatever programs send to the agent's socket, only valid events
 * get into the tenant's log.
 *
 * A real agent on a simulated disk, in virtual time. Input: the bytes of a connection; or, when it
 * begins with '{', a body for POST /v1/events. Properties: what is in the log afterwards is valid
 * in every respect (form, schema, stream) and none of it the agent's own to say; as many entries
 * are new as were acknowledged as new, or more when the connection was lost; the agent closes, and
 * finds the same when it opens again.
 */
#include <stdio.h>

#include "base/assert.h"
#include "log/core/reader.h"
#include "schemas/envelope.h"
#include "schemas/event.h"
#include "tests/sim/region/lone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TALK_NS UINT64_C(60000000000)

static void check_entry(struct hf_bytes entry)
{
    struct hf_envelope envelope;
    struct hf_err err = {0};
    enum hf_event_known known = HF_KNOWN_UNKNOWN;
    HF_ASSERT(hf_envelope_parse_leaf(entry, &envelope, &err) == HF_OK);
    HF_ASSERT(hf_event_validate(envelope.type, envelope.schema_version, envelope.payload, &known,
                                &err) == HF_OK);
    HF_ASSERT(known == HF_KNOWN_CURRENT);
    HF_ASSERT(hf_event_check_stream(&envelope, &err) == HF_OK);
    HF_ASSERT(!hf_str_eq(envelope.producer, HF_STR("directive")) &&
              !hf_str_starts(envelope.producer, HF_STR("agent/")) &&
              !hf_str_starts(envelope.producer, HF_STR("vault/")) &&
              !hf_str_starts(envelope.type, HF_STR("directive.")) &&
              !hf_str_starts(envelope.type, HF_STR("secret.")));
}

static uint64_t check_log(struct hf_log *log)
{
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = 0};
    struct hf_err err = {0};
    uint64_t count = 0;
    uint64_t index = 0;
    struct hf_bytes entry;
    HF_ASSERT(hf_reader_open(log, &options, &reader, &err) == HF_OK);
    while (hf_reader_next(reader, &index, &entry, &err) == HF_OK) {
        HF_ASSERT(index == count);
        check_entry(entry);
        count++;
    }
    hf_reader_close(reader);
    return count;
}

static uint64_t acknowledged(struct hf_bytes answers)
{
    struct hf_str text = hf_bytes_str(answers);
    const struct hf_str mark = HF_STR("\"repeated\":false}");
    uint64_t count = 0;
    for (size_t at = 0; at + mark.len <= text.len; at++) {
        count += memcmp(text.ptr + at, mark.ptr, mark.len) == 0 ? 1 : 0;
    }
    return count;
}

/* What is good gets in: else all that follows would be true of an agent that takes nothing. */
static void try_good(void)
{
    static struct lone lone;
    static bool tried;
    if (tried) {
        return;
    }
    tried = true;
    lone_init(&lone, 1, /* dir= */ NULL);
    HF_ASSERT(lone_open(&lone) == HF_OK);
    HF_ASSERT(lone_post(&lone, "{\"type\":\"clock.tick\",\"producer\":\"test\",\"sequence\":1,"
                               "\"occurred\":\"2026-01-01T00:00:00Z\",\"payload\":{\"region\":"
                               "\"dev\",\"tick\":1,\"at\":\"2026-01-01T00:00:00Z\",\"skew\":0}}"));
    HF_ASSERT(check_log(lone.agent->log.log) == 1);
    lone_fini(&lone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lone lone; /* too big for the stack */
    struct hf_buf request = hf_buf_init(4u << 20);
    struct hf_buf got;
    try_good();
    if (size > 0 && data[0] == '{') {
        hf_buf_printf(&request,
                      "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", size);
    }
    hf_buf_put(&request, data, size);
    lone_init(&lone, 1, /* dir= */ NULL);
    HF_ASSERT(lone_open(&lone) == HF_OK);
    HF_ASSERT(lone_talk(&lone, hf_buf_bytes(&request), TALK_NS, &got));
    uint64_t there = check_log(lone.agent->log.log);
    HF_ASSERT(there >= acknowledged(hf_buf_bytes(&got)));
    lone_close(&lone);
    HF_ASSERT(lone_open(&lone) == HF_OK);
    HF_ASSERT(check_log(lone.agent->log.log) >= there); /* one may have been on its way */
    lone_fini(&lone);
    hf_buf_free(&got);
    hf_buf_free(&request);
    return 0;
}
