/* hub/custody_change.c: changes a tenant's custody key, which is how a subject's key is erased. */
#include "base/assert.h"
#include "base/heap.h"
#include "hub/custody_parts.h"

static void free_queue(struct hf_queue *order)
{
    for (struct hf_queue *n; (n = hf_queue_pop(order)) != NULL;) {
        hf_heap_free(HF_CONTAINER_OF(n, struct hf_custody_kept, order));
    }
}

/* All of a chunk that stays, sealed anew. What cannot be opened any more is lost, and does not
 * stay. */
static enum hf_rc seal_again(struct hf_custody *custody, struct hf_custody_chunk *chunk,
                             hf_custody_gone_fn *gone, void *arg, struct hf_queue *io_order)
{
    struct hf_custody_tenant *t = chunk->tenant;
    struct hf_secret before = {0};
    struct hf_secret after = {0};
    enum hf_rc rc = hf_custody_key_of(custody, t, chunk->key, &before);
    if (rc == HF_OK) {
        rc = hf_custody_key_of(custody, t, t->keys.count - 1, &after);
    }
    HF_QUEUE_FOREACH (node, &chunk->order) {
        const struct hf_custody_kept *k = HF_CONTAINER_OF(node, struct hf_custody_kept, order);
        struct hf_secret plain = {0};
        if (rc != HF_OK || (gone != NULL && gone(arg, hf_str_c(t->name), &k->subject))) {
            continue;
        }
        rc = hf_custody_kept_open(&before, k, &plain);
        if (rc == HF_OK) {
            struct hf_custody_kept *again =
                hf_custody_kept_seal(custody, chunk, &k->subject, &after, hf_secret_reveal(&plain));
            rc = again == NULL ? HF_ENOMEM : HF_OK;
            if (again != NULL) {
                hf_queue_push(io_order, &again->order);
            }
        }
        hf_secret_free(&plain);
        rc = rc == HF_EBADSIG ? HF_OK : rc;
    }
    hf_secret_free(&before);
    hf_secret_free(&after);
    return rc;
}

/* The file first, so that memory never knows less than it does. */
static enum hf_rc move_chunk(struct hf_custody *custody, struct hf_custody_chunk *chunk,
                             hf_custody_gone_fn *gone, void *arg, struct hf_err *err)
{
    struct hf_custody_tenant *t = chunk->tenant;
    const unsigned last = t->keys.count - 1;
    struct hf_queue order;
    hf_queue_init(&order);
    enum hf_rc rc = seal_again(custody, chunk, gone, arg, &order);
    if (rc != HF_OK) {
        free_queue(&order);
        return hf_err_set(err, rc, "the keys of %s cannot be sealed anew", t->name);
    }
    rc = hf_custody_write_chunk(custody, chunk, &t->keys.of[last], &order, err);
    if (rc != HF_OK) {
        free_queue(&order);
        return rc;
    }
    hf_custody_empty(custody, chunk);
    for (struct hf_queue *n; (n = hf_queue_pop(&order)) != NULL;) {
        hf_custody_kept_add(custody, HF_CONTAINER_OF(n, struct hf_custody_kept, order));
    }
    chunk->key = last;
    return HF_OK;
}

enum hf_rc hf_custody_settle(struct hf_custody *custody, struct hf_custody_tenant *t,
                             hf_custody_gone_fn *gone, void *arg, struct hf_err *err)
{
    struct hf_custody_keys one = {.count = 1};
    enum hf_rc rc = HF_OK;
    if (t->keys.count <= 1) {
        return HF_OK;
    }
    one.of[0] = t->keys.of[t->keys.count - 1];
    HF_QUEUE_FOREACH (node, &t->chunks) {
        struct hf_custody_chunk *chunk = HF_CONTAINER_OF(node, struct hf_custody_chunk, node);
        if (rc == HF_OK && chunk->key + 1 < t->keys.count) {
            rc = move_chunk(custody, chunk, gone, arg, err);
        }
    }
    if (rc == HF_OK) {
        rc = hf_custody_write_keys(custody, t, &one, err);
    }
    if (rc == HF_OK) {
        hf_wipe(&t->keys, sizeof t->keys);
        t->keys = one;
        HF_QUEUE_FOREACH (node, &t->chunks) {
            HF_CONTAINER_OF(node, struct hf_custody_chunk, node)->key = 0;
        }
    }
    return rc;
}

/* From now on, until it is settled, the tenant has two keys. */
static enum hf_rc begin_change(struct hf_custody *custody, struct hf_custody_tenant *t,
                               struct hf_err *err)
{
    struct hf_custody_keys both = {.count = 2, .of = {t->keys.of[0]}};
    enum hf_rc rc = hf_custody_key_draw(custody->env, &custody->host_key, hf_str_c(t->name),
                                        &both.of[1], /* ret_key= */ NULL);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for a custody key");
    }
    rc = hf_custody_write_keys(custody, t, &both, err);
    if (rc == HF_OK) {
        t->keys = both;
    }
    return rc;
}

static uint64_t count_gone(const struct hf_custody_tenant *t, hf_custody_gone_fn *gone, void *arg)
{
    uint64_t count = 0;
    HF_QUEUE_FOREACH (c, &t->chunks) {
        const struct hf_custody_chunk *chunk = HF_CONTAINER_OF(c, struct hf_custody_chunk, node);
        HF_QUEUE_FOREACH (node, &chunk->order) {
            const struct hf_custody_kept *k = HF_CONTAINER_OF(node, struct hf_custody_kept, order);
            count += gone(arg, hf_str_c(t->name), &k->subject) ? 1 : 0;
        }
    }
    return count;
}

/* A change that was interrupted is ended first, so that no key is erased without a fresh one. */
enum hf_rc hf_custody_erase(struct hf_custody *custody, struct hf_str tenant,
                            hf_custody_gone_fn *gone, void *arg, uint64_t *ret_count,
                            struct hf_err *err)
{
    struct hf_custody_tenant *t = hf_custody_tenant_find(custody, tenant);
    *ret_count = 0;
    if (t == NULL) {
        return HF_OK;
    }
    if (t->broken) {
        return hf_custody_unreadable(t, err);
    }
    enum hf_rc rc = hf_custody_settle(custody, t, /* gone= */ NULL, NULL, err);
    uint64_t count = rc == HF_OK ? count_gone(t, gone, arg) : 0;
    if (rc == HF_OK && count > 0) {
        rc = begin_change(custody, t, err);
    }
    if (rc == HF_OK && count > 0) {
        rc = hf_custody_settle(custody, t, gone, arg, err);
    }
    *ret_count = rc == HF_OK ? count : 0;
    return rc;
}
