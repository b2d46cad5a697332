/* hub/artifacts.c: the region's artifacts, found by digest, and what tenants were told. */
#include "hub/artifacts.h"

#include "base/assert.h"
#include "base/heap.h"
#include "commands/directive.h"

/* Of a tenant, or of all. */
struct told {
    struct hf_map_node by_name;
    struct hf_queue order;
    char name[HF_TENANT_NAME_MAX + 1];

    struct hf_hub_told slots[HF_SLOT_COUNT];
};

enum hf_rc hf_hub_artifacts_init(struct hf_hub_artifacts *artifacts, struct hf_env *env)
{
    hf_queue_init(&artifacts->order);
    hf_queue_init(&artifacts->told);
    enum hf_rc rc = hf_map_init(&artifacts->by_digest, env);
    return rc == HF_OK ? hf_map_init(&artifacts->told_by_name, env) : rc;
}

void hf_hub_artifacts_fini(struct hf_hub_artifacts *artifacts)
{
    if (artifacts->order.next == NULL) {
        return; /* of zeroes */
    }
    for (struct hf_queue *node; (node = hf_queue_pop(&artifacts->order)) != NULL;) {
        hf_heap_free(HF_CONTAINER_OF(node, struct hf_hub_artifact, order));
    }
    for (struct hf_queue *node; (node = hf_queue_pop(&artifacts->told)) != NULL;) {
        hf_heap_free(HF_CONTAINER_OF(node, struct told, order));
    }
    hf_map_fini(&artifacts->by_digest);
    hf_map_fini(&artifacts->told_by_name);
}

static struct hf_bytes key_of(const struct hf_hash *digest)
{
    return hf_bytes_of(digest->b, HF_HASH_SIZE);
}

struct hf_hub_artifact *hf_hub_artifact_find(const struct hf_hub_artifacts *artifacts,
                                             const struct hf_hash *digest)
{
    struct hf_map_node *node = hf_map_first(&artifacts->by_digest, key_of(digest));
    for (; node != NULL; node = hf_map_next(node)) {
        struct hf_hub_artifact *found = HF_CONTAINER_OF(node, struct hf_hub_artifact, by_digest);
        if (hf_hash_eq(&found->life.manifest.digest, digest)) {
            return found;
        }
    }
    return NULL;
}

struct hf_hub_artifact *hf_hub_artifacts_first(const struct hf_hub_artifacts *artifacts)
{
    return hf_queue_empty(&artifacts->order)
               ? NULL
               : HF_CONTAINER_OF(artifacts->order.next, struct hf_hub_artifact, order);
}

struct hf_hub_artifact *hf_hub_artifacts_next(const struct hf_hub_artifacts *artifacts,
                                              const struct hf_hub_artifact *artifact)
{
    struct hf_queue *node = artifact->order.next;
    return node == &artifacts->order ? NULL : HF_CONTAINER_OF(node, struct hf_hub_artifact, order);
}

/* what was told */

static struct told *find_told(const struct hf_hub_artifacts *artifacts, struct hf_str name)
{
    struct hf_map_node *node = hf_map_first(&artifacts->told_by_name, hf_str_bytes(name));
    for (; node != NULL; node = hf_map_next(node)) {
        struct told *told = HF_CONTAINER_OF(node, struct told, by_name);
        if (hf_str_eq(hf_str_c(told->name), name)) {
            return told;
        }
    }
    return NULL;
}

const struct hf_hash *hf_hub_artifacts_told(const struct hf_hub_artifacts *artifacts,
                                            struct hf_str tenant, int64_t since_us,
                                            enum hf_slot slot)
{
    const struct told *own = find_told(artifacts, tenant);
    const struct told *all = find_told(artifacts, HF_STR(HF_DIRECTIVE_ALL));
    uint64_t own_number = own == NULL ? 0 : own->slots[slot].directive;
    uint64_t all_number =
        all == NULL || all->slots[slot].recorded_us < since_us ? 0 : all->slots[slot].directive;
    if (own_number == 0 && all_number == 0) {
        return NULL;
    }
    return own_number > all_number ? &own->slots[slot].digest : &all->slots[slot].digest;
}

const struct hf_hub_told *hf_hub_artifacts_told_all(const struct hf_hub_artifacts *artifacts,
                                                    enum hf_slot slot)
{
    const struct told *all = find_told(artifacts, HF_STR(HF_DIRECTIVE_ALL));
    return all == NULL || all->slots[slot].directive == 0 ? NULL : &all->slots[slot];
}

/* NULL: no memory. */
static struct told *get_told(struct hf_hub_artifacts *artifacts, struct hf_str address)
{
    struct told *told = find_told(artifacts, address);
    if (told == NULL) {
        told = hf_heap_zalloc(1, sizeof *told);
        if (told != NULL) {
            memcpy(told->name, address.ptr, address.len);
            hf_map_insert(&artifacts->told_by_name, hf_str_bytes(address), &told->by_name);
            hf_queue_push(&artifacts->told, &told->order);
        }
    }
    return told;
}

void hf_hub_artifacts_visit_told(const struct hf_hub_artifacts *artifacts,
                                 void (*visit)(void *arg, struct hf_str address, enum hf_slot slot,
                                               const struct hf_hub_told *told),
                                 void *arg)
{
    HF_QUEUE_FOREACH (node, &artifacts->told) {
        const struct told *told = HF_CONTAINER_OF(node, struct told, order);
        for (size_t i = 0; i < HF_SLOT_COUNT; i++) {
            if (told->slots[i].directive > 0) {
                visit(arg, hf_str_c(told->name), (enum hf_slot)i, &told->slots[i]);
            }
        }
    }
}

enum hf_rc hf_hub_artifacts_restore_told(struct hf_hub_artifacts *artifacts, struct hf_str address,
                                         enum hf_slot slot, const struct hf_hub_told *told)
{
    struct told *known = get_told(artifacts, address);
    if (known == NULL) {
        return HF_ENOMEM;
    }
    if (known->slots[slot].directive > 0 || told->directive == 0) {
        return HF_EINVAL;
    }
    known->slots[slot] = *told;
    return HF_OK;
}

static enum hf_rc fold_directive(struct hf_hub_artifacts *artifacts,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_directive_issued event;
    struct hf_directive directive;
    enum hf_rc rc = hf_event_directive_issued_decode(envelope->payload, &event, err);
    if (rc != HF_OK || event.address.len > HF_TENANT_NAME_MAX ||
        hf_directive_read(&event, &directive, /* err= */ NULL) != HF_OK ||
        directive.kind != HF_DIRECTIVE_ACTIVATE) {
        return rc;
    }
    struct told *told = get_told(artifacts, event.address);
    if (told == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a directive");
    }
    told->slots[directive.slot] = (struct hf_hub_told){.directive = event.sequence,
                                                       .recorded_us = envelope->recorded_us,
                                                       .digest = directive.artifact};
    return HF_OK;
}

/* artifacts */

/* Takes the artifact, whose digest is not known yet. */
static void insert(struct hf_hub_artifacts *artifacts, struct hf_hub_artifact *artifact)
{
    hf_map_insert(&artifacts->by_digest, key_of(&artifact->life.manifest.digest),
                  &artifact->by_digest);
    hf_queue_push(&artifacts->order, &artifact->order);
}

enum hf_rc hf_hub_artifacts_restore(struct hf_hub_artifacts *artifacts,
                                    const struct hf_artifact *life)
{
    if (hf_hub_artifact_find(artifacts, &life->manifest.digest) != NULL ||
        hf_manifest_check(&life->manifest, /* err= */ NULL) != HF_OK) {
        return HF_EINVAL;
    }
    struct hf_hub_artifact *artifact = hf_heap_zalloc(1, sizeof *artifact);
    if (artifact == NULL) {
        return HF_ENOMEM;
    }
    artifact->life = *life;
    insert(artifacts, artifact);
    return HF_OK;
}

static enum hf_rc fold_added(struct hf_hub_artifacts *artifacts, uint64_t index,
                             const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_artifact_added event;
    struct hf_hash digest;
    enum hf_rc rc = hf_event_artifact_added_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    HF_ASSERT(event.digest.len == HF_HASH_SIZE && (unsigned)event.slot < HF_SLOT_COUNT);
    memcpy(digest.b, event.digest.ptr, HF_HASH_SIZE);
    struct hf_hub_artifact *artifact = hf_hub_artifact_find(artifacts, &digest);
    bool is_new = artifact == NULL;
    if (is_new) {
        artifact = hf_heap_zalloc(1, sizeof *artifact);
        if (artifact == NULL) {
            return hf_err_set(err, HF_ENOMEM, "no memory for an artifact");
        }
    }
    rc = hf_artifact_fold(&artifacts->slots[event.slot], &artifact->life, index, envelope, err);
    if (rc == HF_OK && !hf_hash_eq(&artifact->life.manifest.digest, &digest)) {
        rc = hf_err_set(err, HF_ECORRUPT, "an artifact's manifest is about other bytes");
    }
    if (is_new && rc == HF_OK) {
        insert(artifacts, artifact);
    } else if (is_new) {
        hf_heap_free(artifact);
    }
    return rc;
}

enum hf_rc hf_hub_artifacts_fold(struct hf_hub_artifacts *artifacts, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_ARTIFACT_ADDED_NAME))) {
        return fold_added(artifacts, index, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME))) {
        return fold_directive(artifacts, envelope, err);
    }
    return HF_OK;
}
