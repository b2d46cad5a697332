/* hub/append.c: writes an event's envelope and posts it. */
#include "hub/append.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

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
        .correlation = event->correlation,
        .payload = event->payload,
    };
    const struct hf_post_conf conf = {.envelope = &envelope,
                                      .blob = event->blob,
                                      .expects = event->expects,
                                      .version = event->version,
                                      .wait = HF_WAIT_SIGNED};
    return hf_owned_post(&hub->log, &conf, post, err);
}

void hf_hub_reached(struct hf_hub *hub, const struct hf_append *append)
{
    hub->as_of = append->first + 1 > hub->as_of ? append->first + 1 : hub->as_of;
}

void hf_hub_fold_own(struct hf_hub *hub, const struct hf_append *append)
{
    struct hf_err err = {0};
    struct hf_envelope envelope;
    struct hf_buf entry = hf_buf_init(HF_BUNDLE_MAX);
    struct hf_packer *packer = NULL;
    if (append->repeated) {
        return;
    }
    enum hf_rc rc = hf_packer_new(&packer);
    if (rc == HF_OK) {
        rc = hf_log_entry(hub->log.log, packer, append->first, &entry, &err);
    }
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(hf_buf_bytes(&entry), &envelope, &err);
    }
    if (rc == HF_OK) {
        rc = hf_hub_fold(hub, append->first, &envelope, &err);
    }
    if (rc != HF_OK) {
        hf_log(hub->logger, HF_LOG_ERROR, "hub.fold", hf_f_err(&err));
    }
    hf_packer_free(packer);
    hf_buf_free(&entry);
    hf_hub_reached(hub, append);
}

enum hf_rc hf_hub_checkpoint(const struct hf_hub *hub, struct hf_bytes *ret_note,
                             uint64_t *ret_size, struct hf_err *err)
{
    struct hf_checkpoint checkpoint;
    *ret_note = hf_log_writer_checkpoint(hub->log.writer);
    const char *end = ret_note->len == 0 ? NULL : memmem(ret_note->ptr, ret_note->len, "\n\n", 2);
    HF_ASSERT(end != NULL); /* it is our own */
    struct hf_str text = {(const char *)ret_note->ptr,
                          (size_t)(end - (const char *)ret_note->ptr) + 1};
    enum hf_rc rc = hf_checkpoint_parse(text, &checkpoint, err);
    *ret_size = checkpoint.size;
    return rc;
}
