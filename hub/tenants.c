/* hub/tenants.c: a hash table of tenants, filled from the region's log. */
#include "hub/tenants.h"

#include "base/assert.h"
#include "base/heap.h"

struct hf_hub_tenants {
    struct hf_map by_name;
    struct hf_queue order;
};

enum hf_rc hf_hub_tenants_new(struct hf_env *env, struct hf_hub_tenants **ret_tenants)
{
    struct hf_hub_tenants *tenants = hf_heap_zalloc(1, sizeof *tenants);
    if (tenants == NULL || hf_map_init(&tenants->by_name, env) != HF_OK) {
        hf_heap_free(tenants);
        return HF_ENOMEM;
    }
    hf_queue_init(&tenants->order);
    *ret_tenants = tenants;
    return HF_OK;
}

void hf_hub_tenants_free(struct hf_hub_tenants *tenants)
{
    if (tenants == NULL) {
        return;
    }
    for (struct hf_queue *node; (node = hf_queue_pop(&tenants->order)) != NULL;) {
        hf_heap_free(HF_CONTAINER_OF(node, struct hf_hub_tenant, order));
    }
    hf_map_fini(&tenants->by_name);
    hf_heap_free(tenants);
}

struct hf_hub_tenant *hf_hub_tenant_find(struct hf_hub_tenants *tenants, struct hf_str name)
{
    struct hf_map_node *node = hf_map_first(&tenants->by_name, hf_str_bytes(name));
    for (; node != NULL; node = hf_map_next(node)) {
        struct hf_hub_tenant *t = HF_CONTAINER_OF(node, struct hf_hub_tenant, by_name);
        if (hf_str_eq(hf_str_c(t->life.name), name)) {
            return t;
        }
    }
    return NULL;
}

struct hf_hub_tenant *hf_hub_tenant_get(struct hf_hub_tenants *tenants, struct hf_str name)
{
    struct hf_hub_tenant *t = hf_hub_tenant_find(tenants, name);
    if (t != NULL || name.len > HF_TENANT_NAME_MAX) {
        return t;
    }
    t = hf_heap_zalloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    hf_tenant_init(&t->life);
    hf_mirror_init(&t->mirror);
    memcpy(t->life.name, name.ptr, name.len);
    t->last_segment = UINT64_MAX;
    hf_map_insert(&tenants->by_name, hf_str_bytes(name), &t->by_name);
    hf_queue_push(&tenants->order, &t->order);
    return t;
}

uint64_t hf_hub_tenants_count(const struct hf_hub_tenants *tenants)
{
    return tenants->by_name.count;
}

struct hf_hub_tenant *hf_hub_tenants_first(struct hf_hub_tenants *tenants)
{
    return hf_queue_empty(&tenants->order)
               ? NULL
               : HF_CONTAINER_OF(tenants->order.next, struct hf_hub_tenant, order);
}

struct hf_hub_tenant *hf_hub_tenants_next(struct hf_hub_tenants *tenants,
                                          const struct hf_hub_tenant *tenant)
{
    struct hf_queue *node = tenant->order.next;
    return node == &tenants->order ? NULL : HF_CONTAINER_OF(node, struct hf_hub_tenant, order);
}

/* folding */

static enum hf_rc fold_segment(struct hf_hub_tenants *tenants, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_log *log,
                               struct hf_err *err)
{
    struct hf_event_segment_received event;
    struct hf_segment segment;
    struct hf_hash hash;
    struct hf_hash root;
    struct hf_buf blob = hf_buf_init(HF_SEGMENT_MAX);
    enum hf_rc rc = hf_event_segment_received_decode(envelope->payload, &event, err);
    struct hf_hub_tenant *t = rc == HF_OK ? hf_hub_tenant_get(tenants, event.tenant) : NULL;
    if (rc == HF_OK && (t == NULL || envelope->blob.len != HF_HASH_SIZE)) {
        return hf_err_set(err, t == NULL ? HF_ENOMEM : HF_ECORRUPT, "a segment without its blob");
    }
    if (rc == HF_OK) {
        memcpy(hash.b, envelope->blob.ptr, HF_HASH_SIZE);
        rc = hf_log_blob_at(log, index, &hash, &blob, err);
    }
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&blob), &segment, err);
    }
    if (rc == HF_OK) {
        memcpy(root.b, event.root.ptr, HF_HASH_SIZE);
        rc = hf_mirror_follow(&t->mirror, &segment, &t->life.log_key, &root, err);
        t->epoch_closed = rc == HF_OK ? false : t->epoch_closed;
        t->segments++;
        t->last_segment = index;
    }
    hf_buf_free(&blob);
    return rc;
}

static enum hf_rc fold_closed(struct hf_hub_tenants *tenants, struct hf_bytes payload,
                              struct hf_err *err)
{
    struct hf_event_mirror_epoch_closed event;
    enum hf_rc rc = hf_event_mirror_epoch_closed_decode(payload, &event, err);
    struct hf_hub_tenant *t = rc == HF_OK ? hf_hub_tenant_get(tenants, event.tenant) : NULL;
    if (rc == HF_OK && t == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a tenant");
    }
    if (rc == HF_OK && event.epoch == t->mirror.epoch) {
        t->epoch_closed = true;
    }
    return rc;
}

enum hf_rc hf_hub_tenants_fold(struct hf_hub_tenants *tenants, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_log *log,
                               struct hf_err *err)
{
    struct hf_str stream = envelope->stream;
    const size_t prefix = sizeof "tenant/" - 1;
    if (hf_str_eq(envelope->type, HF_STR("segment.received"))) {
        return fold_segment(tenants, index, envelope, log, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_MIRROR_EPOCH_CLOSED_NAME))) {
        return fold_closed(tenants, envelope->payload, err);
    }
    if (stream.len <= prefix || memcmp(stream.ptr, "tenant/", prefix) != 0) {
        return HF_OK;
    }
    struct hf_hub_tenant *t =
        hf_hub_tenant_get(tenants, (struct hf_str){stream.ptr + prefix, stream.len - prefix});
    if (t == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a tenant");
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_TENANT_CREATED_NAME))) {
        hf_queue_remove(&t->order); /* its place is where the log has it, not where it was wished */
        hf_queue_push(&tenants->order, &t->order);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_TENANT_REGISTERED_NAME))) {
        t->heartbeat_counter = 0; /* it counts for one agent: the next one's clock may be behind */
    }
    return hf_tenant_fold(&t->life, envelope, err);
}
