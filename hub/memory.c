/* hub/memory.c: walks the parts: folding, writing, reading. */
#include "hub/memory.h"

#include "base/assert.h"
#include "base/heap.h"
#include "hub/hub.h"
#include "hub/opening.h"
#include "schemas/canonical.h"

#define HEAD 5 /* of a record: tag, length */

static void outbox_ready(void *arg)
{
    struct hf_hub *hub = arg;
    hf_hub_takers_wake(&hub->takers);
}

enum hf_rc hf_memory_init(struct hf_hub *hub, struct hf_err *err)
{
    struct hf_env *env = hf_loop_env(hub->loop);
    hub->sequence = 0;
    hub->cutover = (struct hf_cutover){.version = 0};
    enum hf_rc rc = hf_hub_tenants_new(env, &hub->tenants);
    if (rc == HF_OK) {
        rc = hf_hub_principals_init(&hub->principals, env);
    }
    if (rc == HF_OK) {
        rc = hf_hub_flags_init(&hub->flags, env);
    }
    if (rc == HF_OK) {
        rc = hf_hub_keys_init(&hub->keys, env);
    }
    if (rc == HF_OK) {
        rc = hf_hub_directives_init(&hub->directives, env);
    }
    if (rc == HF_OK) {
        rc = hf_hub_approvals_init(&hub->approvals, env);
    }
    if (rc == HF_OK) {
        rc = hf_hub_artifacts_init(&hub->artifacts, env);
    }
    if (rc == HF_OK) {
        rc = hf_hub_subjects_init(&hub->subjects, env);
    }
    if (rc == HF_OK) {
        const struct hf_outbox_conf outbox = {hub->loop, &hub->principals, hf_opening_requester,
                                              outbox_ready, hub};
        rc = hf_outbox_init(&hub->outbox, &outbox);
    }
    return rc == HF_OK ? rc : hf_err_set(err, rc, "no memory for the region's state");
}

void hf_memory_fini(struct hf_hub *hub)
{
    hf_hub_tenants_free(hub->tenants);
    hf_outbox_fini(&hub->outbox);
    hf_hub_principals_fini(&hub->principals);
    hf_hub_flags_fini(&hub->flags);
    hf_hub_keys_fini(&hub->keys);
    hf_hub_directives_fini(&hub->directives);
    hf_hub_approvals_fini(&hub->approvals);
    hf_hub_artifacts_fini(&hub->artifacts);
    hf_hub_subjects_fini(&hub->subjects);
    hub->tenants = NULL;
}

enum hf_rc hf_hub_fold(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                       struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && hf_memory_parts[i] != NULL; i++) {
        if (hf_memory_parts[i]->fold != NULL) {
            rc = hf_memory_parts[i]->fold(hub, index, envelope, err);
        }
    }
    return rc;
}

void hf_memory_emit(struct hf_memory_out *out, const void *record)
{
    uint8_t *room = hf_buf_reserve(out->buf, HEAD + HF_CANONICAL_SIZE_MAX);
    if (room == NULL) {
        return;
    }
    struct hf_writer w = hf_writer_init(room + HEAD, HF_CANONICAL_SIZE_MAX);
    hf_record_encode(out->record, record, &w);
    HF_ASSERT(!w.overflow); /* the largest, a flag with all its settings, has 8 KB */
    room[0] = out->tag;
    hf_be32_put(room + 1, (uint32_t)w.len);
    hf_buf_commit(out->buf, HEAD + w.len);
}

void hf_memory_write(const struct hf_hub *hub, struct hf_buf *buf)
{
    for (size_t i = 0; hf_memory_parts[i] != NULL; i++) {
        const struct hf_memory_part *part = hf_memory_parts[i];
        struct hf_memory_out out = {buf, part->tag, part->record};
        part->put(hub, &out);
    }
}

static const struct hf_memory_part *part_of(uint8_t tag)
{
    size_t i = 0;
    while (hf_memory_parts[i] != NULL && hf_memory_parts[i]->tag != tag) {
        i++;
    }
    return hf_memory_parts[i];
}

static size_t largest(void)
{
    size_t size = 0;
    for (size_t i = 0; hf_memory_parts[i] != NULL; i++) {
        const struct hf_memory_part *part = hf_memory_parts[i];
        size = part->record->size > size ? part->record->size : size;
    }
    return size;
}

enum hf_rc hf_memory_read(struct hf_hub *hub, struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(bytes);
    void *record = hf_heap_alloc(largest());
    enum hf_rc rc = record == NULL ? hf_err_set(err, HF_ENOMEM, "no memory for a record") : HF_OK;
    while (rc == HF_OK && cursor.left > 0) {
        uint8_t tag = cursor.ptr[0];
        uint32_t len = 0;
        struct hf_bytes packed;
        const struct hf_memory_part *part = part_of(tag);
        struct hf_bytes skipped;
        if (part == NULL || !hf_cursor_take(&cursor, 1, &skipped) ||
            !hf_cursor_be32(&cursor, &len) || !hf_cursor_take(&cursor, len, &packed)) {
            rc = hf_err_set(err, HF_EINVAL, "its records are cut, or of a kind that is not known");
            break;
        }
        rc = hf_record_decode(part->record, packed, record, err);
        if (rc == HF_OK) {
            rc = part->take(hub, record);
            rc = rc == HF_OK ? rc : hf_err_set(err, rc, "a record '%c' cannot be taken", tag);
        }
    }
    hf_heap_free(record);
    return rc;
}

void hf_memory_fingerprint(struct hf_hash *ret)
{
    struct hf_sha256_state state;
    uint8_t version[4];
    hf_be32_put(version, HF_MEMORY_VERSION);
    hf_sha256_begin(&state);
    hf_sha256_update(&state, hf_bytes_of(version, sizeof version));
    for (size_t i = 0; hf_memory_parts[i] != NULL; i++) {
        const struct hf_memory_part *part = hf_memory_parts[i];
        hf_sha256_update(&state, hf_bytes_of(&part->tag, 1));
        hf_record_fingerprint(part->record, &state);
    }
    hf_sha256_end(&state, ret);
}
