/* tests/bench/log/source.c: metering events as a fleet makes them. */
#include <stdio.h>

#include "base/env.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"
#include "tests/bench/log/bench.h"

uint64_t draw(struct source *s)
{
    s->state ^= s->state << 13;
    s->state ^= s->state >> 7;
    s->state ^= s->state << 17;
    return s->state;
}

size_t make_event(struct source *s, unsigned name, uint8_t out[EVENT_MAX])
{
    char tenant[32], producer[48], stream[48], request[64], payload_bytes[256];
    (void)snprintf(tenant, sizeof tenant, "c%04u", name);
    (void)snprintf(producer, sizeof producer, "tenant/%s/wrapper", tenant);
    (void)snprintf(stream, sizeof stream, "metering/%s", tenant);
    (void)snprintf(request, sizeof request, "req-%08llx",
                   (unsigned long long)(draw(s) & 0xFFFFFFFF));
    struct hf_event_metering_recorded event = {
        .tenant = hf_str_c(tenant),
        .provider = HF_STR("anthropic"),
        .model = HF_STR("claude-sonnet-4-5"),
        .request = hf_str_c(request),
        .input_tokens = draw(s) % 20000,
        .output_tokens = draw(s) % 4000,
        .cached_tokens = draw(s) % 10000,
        .has_cost = true,
        .cost = draw(s) % 1000000,
        .has_currency = true,
        .has_latency = true,
        .latency = draw(s) % 30000000,
    };
    struct hf_err err = {0};
    must(hf_event_metering_recorded_check(&event, &err), &err, "event");
    struct hf_writer p = hf_writer_init(payload_bytes, sizeof payload_bytes);
    hf_event_metering_recorded_encode(&event, &p);
    struct hf_envelope envelope = {
        .type = HF_STR("metering.recorded"),
        .schema_version = HF_EVENT_METERING_RECORDED_VERSION,
        .producer = hf_str_c(producer),
        .sequence = ++s->sequence[name],
        .stream = hf_str_c(stream),
        .occurred_us = hf_env_wall_us(hf_env_os()),
        .payload = hf_writer_done(&p),
    };
    struct hf_writer w = hf_writer_init(out, EVENT_MAX);
    must(hf_envelope_write_submission(&envelope, &w, &err), &err, "submission");
    return w.len;
}
