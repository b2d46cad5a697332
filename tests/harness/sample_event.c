/* tests/harness/sample_event.c: ticks of a clock, through the same door as an operator's JSON. */
#include "tests/harness/sample_event.h"

#include <stdio.h>

#include "base/assert.h"
#include "log/event/codec.h"
#include "schemas/pack.h"

size_t hf_sample_event(const char *producer, unsigned sequence, const char *region, unsigned number,
                       uint8_t out[HF_SAMPLE_EVENT_MAX])
{
    char text[512];
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    int len = snprintf(text, sizeof text,
                       "{\"type\":\"clock.tick\",\"producer\":\"%s\",\"sequence\":%u,\"payload\":{"
                       "\"region\":\"%s\",\"tick\":%u,\"at\":\"2026-01-01T00:00:00Z\",\"skew\":0}}",
                       producer, sequence, region, number + 1);
    HF_ASSERT(hf_json_parse(hf_bytes_of(text, (size_t)len), &doc, &err) == HF_OK);
    struct hf_writer w = hf_writer_init(out, HF_SAMPLE_EVENT_MAX);
    enum hf_rc rc = hf_event_from_json(hf_json_root(doc), 1000, &w, &err);
    hf_json_free(doc);
    if (rc != HF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
    }
    HF_ASSERT(rc == HF_OK);
    return w.len;
}
