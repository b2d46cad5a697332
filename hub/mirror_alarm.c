/* hub/mirror_alarm.c: keeps both sides' signatures when a tenant's log does not go on. */
#include "hub/mirror_alarm.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"

#define HOUR_US     INT64_C(3600000000)
#define PAYLOAD_MAX 8192

void hf_hub_receipt(const struct hf_hub *hub, struct hf_bytes note, struct hf_buf *buf)
{
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    hf_checkpoint_cosign(note, &hub->cosigner_vkey, hub->cosigner, (uint64_t)(now / 1000000), buf);
}

/* The receipt of the segment that was taken last, out of the region's log; empty when there is
 * none. */
static enum hf_rc last_receipt(const struct hf_hub *hub, const struct hf_hub_tenant *tenant,
                               struct hf_buf *receipt, struct hf_err *err)
{
    struct hf_envelope envelope;
    struct hf_segment segment;
    struct hf_hash hash;
    struct hf_packer *packer = NULL;
    struct hf_buf entry = hf_buf_init(HF_BUNDLE_MAX);
    struct hf_buf blob = hf_buf_init(HF_SEGMENT_MAX);
    if (tenant->last_segment == UINT64_MAX) {
        return HF_OK;
    }
    enum hf_rc rc = hf_packer_new(&packer);
    if (rc == HF_OK) {
        rc = hf_log_entry(hub->log.log, packer, tenant->last_segment, &entry, err);
    }
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(hf_buf_bytes(&entry), &envelope, err);
    }
    if (rc == HF_OK && envelope.blob.len == HF_HASH_SIZE) {
        memcpy(hash.b, envelope.blob.ptr, HF_HASH_SIZE);
        rc = hf_log_blob_at(hub->log.log, tenant->last_segment, &hash, &blob, err);
        if (rc == HF_OK) {
            rc = hf_segment_parse(hf_buf_bytes(&blob), &segment, err);
        }
        if (rc == HF_OK) {
            hf_hub_receipt(hub, segment.note, receipt);
            rc = receipt->failed;
        }
    }
    hf_packer_free(packer);
    hf_buf_free(&entry);
    hf_buf_free(&blob);
    return rc;
}

static enum hf_rc write_alarm(struct hf_hub *hub, const struct hf_hub_tenant *tenant,
                              const struct hf_mirror_alarm *alarm, struct hf_err *err)
{
    char stream[64];
    uint8_t bytes[PAYLOAD_MAX];
    struct hf_hash known;
    struct hf_buf receipt = hf_buf_init(4096);
    hf_frontier_root(&tenant->mirror.frontier, &known);
    enum hf_rc rc = last_receipt(hub, tenant, &receipt, err);
    if (rc != HF_OK) {
        hf_buf_free(&receipt);
        return rc;
    }
    const struct hf_event_mirror_alarm event = {
        .tenant = hf_str_c(tenant->life.name),
        .kind = (enum hf_event_mirror_alarm_kind)alarm->kind,
        .epoch = alarm->epoch,
        .size = alarm->size,
        .has_root = alarm->root != NULL,
        .root = alarm->root == NULL ? (struct hf_bytes){NULL, 0}
                                    : hf_bytes_of(alarm->root->b, HF_HASH_SIZE),
        .known_epoch = tenant->mirror.epoch,
        .known_size = tenant->mirror.frontier.size,
        .known_root = hf_bytes_of(known.b, HF_HASH_SIZE),
        .tenant_signed = alarm->tenant_signed,
        .has_region_signed = receipt.len > 0,
        .region_signed = hf_bytes_str(hf_buf_bytes(&receipt))};
    rc = hf_event_mirror_alarm_check(&event, err);
    if (rc == HF_OK) {
        struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
        hf_event_mirror_alarm_encode(&event, &w);
        HF_ASSERT(!w.overflow);
        (void)snprintf(stream, sizeof stream, "alarm/%s", tenant->life.name);
        const struct hf_hub_event note = {.type = HF_EVENT_MIRROR_ALARM_NAME,
                                          .schema_version = HF_EVENT_MIRROR_ALARM_VERSION,
                                          .stream = hf_str_c(stream),
                                          .payload = hf_writer_done(&w)};
        hf_hub_note(hub, &note);
    }
    hf_buf_free(&receipt);
    return rc;
}

void hf_hub_note_mirror_alarm(struct hf_hub *hub, struct hf_hub_tenant *tenant,
                              const struct hf_mirror_alarm *alarm)
{
    static const char *const names[] = {"fork", "rollback", "gap"};
    struct hf_err err = {0};
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    int64_t *last = &tenant->mirror_alarm_us[alarm->kind];
    if (*last != 0 && now - *last < HOUR_US) {
        return;
    }
    hf_log(hub->logger, HF_LOG_WARN, "mirror.alarm", hf_f_c("tenant", tenant->life.name),
           hf_f_c("kind", names[alarm->kind]), hf_f_u64("epoch", alarm->epoch),
           hf_f_u64("size", alarm->size), hf_f_u64("known", tenant->mirror.frontier.size));
    if (write_alarm(hub, tenant, alarm, &err) == HF_OK) {
        *last = now;
    } else {
        hf_log(hub->logger, HF_LOG_WARN, "note.lost", hf_f_err(&err));
    }
}

void hf_hub_note_refused_segment(struct hf_hub *hub, struct hf_hub_tenant *tenant,
                                 const struct hf_segment *segment, enum hf_rc rc)
{
    struct hf_vkey vkey;
    struct hf_checkpoint checkpoint;
    bool gap = rc == HF_ECONFLICT && segment->epoch == tenant->mirror.epoch &&
               segment->first > tenant->mirror.frontier.size;
    if (rc != HF_EFORK && rc != HF_ESTALE && !gap) {
        return;
    }
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL ||
        hf_mirror_vkey(hf_str_c(tenant->life.log_stem), segment->epoch, &tenant->life.log_key,
                       &vkey, /* err= */ NULL) != HF_OK ||
        hf_checkpoint_open(segment->note, &vkey, note, &checkpoint, /* err= */ NULL) != HF_OK) {
        hf_heap_free(note);
        return; /* not signed by the tenant: it says nothing about it */
    }
    hf_heap_free(note);
    const struct hf_mirror_alarm alarm = {.kind = gap               ? HF_MIRROR_ALARM_GAP
                                                  : rc == HF_ESTALE ? HF_MIRROR_ALARM_ROLLBACK
                                                                    : HF_MIRROR_ALARM_FORK,
                                          .epoch = segment->epoch,
                                          .size = checkpoint.size,
                                          .root = &checkpoint.root,
                                          .tenant_signed = hf_bytes_str(segment->note)};
    hf_hub_note_mirror_alarm(hub, tenant, &alarm);
}
