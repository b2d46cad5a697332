/* tests/unit/commands/fold.c: an event as a fold sees it, made of its struct. */
#include "tests/unit/commands/fold.h"

#include "base/assert.h"
#include "tests/harness/test.h"

const struct hf_envelope *make_event(struct made *made, const char *type, const void *event,
                                     uint64_t version, int64_t occurred_us)
{
    const struct hf_event_type *known = hf_event_find(hf_str_c(type));
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(made->bytes, sizeof made->bytes);
    HF_ASSERT(known != NULL);
    if (known->check(event, &err) != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "%s: %s", type, err.text);
    }
    known->encode(event, &w);
    made->envelope = (struct hf_envelope){.type = known->name,
                                          .schema_version = known->version,
                                          .payload = hf_writer_done(&w),
                                          .version = version,
                                          .occurred_us = occurred_us};
    return &made->envelope;
}
