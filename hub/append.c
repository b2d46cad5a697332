/* hub/append.c: writes an event's envelope and posts it. */
#include "hub/append.h"

#include <stdio.h>

enum hf_rc hf_hub_append(struct hf_hub *hub, const struct hf_hub_event *event, struct hf_str actor,
                         struct hf_post *post, struct hf_err *err)
{
    char producer[32];
    (void)snprintf(producer, sizeof producer, "hub/%s", hub->region);
    bool own = event->producer.len == 0;
    const struct hf_envelope envelope = {
        .type = hf_str_c(event->type),
        .schema_version = event->schema_version,
        .producer = own ? hf_str_c(producer) : event->producer,
        .sequence = own ? ++hub->sequence : event->sequence,
        .stream = event->stream,
        .occurred_us = hf_env_wall_us(hf_loop_env(hub->loop)),
        .actor = actor,
        .payload = event->payload,
    };
    const struct hf_post_conf conf = {.envelope = &envelope,
                                      .blob = event->blob,
                                      .expects = event->expects,
                                      .version = event->version,
                                      .wait = HF_WAIT_SIGNED};
    return hf_owned_post(&hub->log, &conf, post, err);
}
