/* hub/approvals.c: the requests for approval that are held, their lists and their places. */
#include "hub/approvals.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "hub/approvals_parts.h"

#define ASK_US (INT64_C(1000000) / HF_HUB_ASKS_RATE)

static struct hf_str subject_of(struct hf_str tenant, struct hf_str name,
                                char out[HF_APPROVAL_SUBJECT_SIZE])
{
    int len =
        snprintf(out, HF_APPROVAL_SUBJECT_SIZE, "%.*s/%.*s", HF_STR_ARG(tenant), HF_STR_ARG(name));
    return (struct hf_str){out, (size_t)len};
}

enum hf_rc hf_hub_approvals_init(struct hf_hub_approvals *approvals, struct hf_env *env)
{
    *approvals = (struct hf_hub_approvals){.pending = 0};
    hf_queue_init(&approvals->order);
    hf_queue_init(&approvals->waiting);
    hf_queue_init(&approvals->untold);
    hf_queue_init(&approvals->turns);
    hf_queue_init(&approvals->touched);
    enum hf_rc rc = hf_map_init(&approvals->by_name, env);
    return rc == HF_OK ? hf_map_init(&approvals->by_tenant, env) : rc;
}

void hf_hub_approvals_fini(struct hf_hub_approvals *approvals)
{
    if (approvals->order.next != NULL) {
        while (!hf_queue_empty(&approvals->order)) {
            hf_hub_approvals_forget(
                approvals, HF_CONTAINER_OF(approvals->order.next, struct hf_hub_approval, order));
        }
    }
    for (struct hf_hub_approval_tenant *t = approvals->tenants, *next = NULL; t != NULL; t = next) {
        next = t->next;
        hf_heap_free(t->segments);
        hf_heap_free(t);
    }
    hf_map_fini(&approvals->by_name);
    hf_map_fini(&approvals->by_tenant);
    *approvals = (struct hf_hub_approvals){.pending = 0};
}

/* finding */

struct hf_hub_approval *hf_hub_approval_find(const struct hf_hub_approvals *approvals,
                                             struct hf_str tenant, struct hf_str name)
{
    char text[HF_APPROVAL_SUBJECT_SIZE];
    if (tenant.len > HF_TENANT_NAME_MAX || name.len > HF_APPROVAL_NAME_MAX) {
        return NULL;
    }
    struct hf_bytes key = hf_str_bytes(subject_of(tenant, name, text));
    for (struct hf_map_node *n = hf_map_first(&approvals->by_name, key); n != NULL;
         n = hf_map_next(n)) {
        struct hf_hub_approval *a = HF_CONTAINER_OF(n, struct hf_hub_approval, by_name);
        if (hf_str_eq(hf_str_c(a->life.tenant), tenant) &&
            hf_str_eq(hf_str_c(a->life.name), name)) {
            return a;
        }
    }
    return NULL;
}

static struct hf_hub_approval_tenant *find_tenant(const struct hf_hub_approvals *approvals,
                                                  struct hf_str name)
{
    for (struct hf_map_node *n = hf_map_first(&approvals->by_tenant, hf_str_bytes(name)); n != NULL;
         n = hf_map_next(n)) {
        struct hf_hub_approval_tenant *t = HF_CONTAINER_OF(n, struct hf_hub_approval_tenant, node);
        if (hf_str_eq(hf_str_c(t->name), name)) {
            return t;
        }
    }
    return NULL;
}

unsigned hf_hub_approvals_of(const struct hf_hub_approvals *approvals, struct hf_str tenant)
{
    const struct hf_hub_approval_tenant *t = find_tenant(approvals, tenant);
    return t == NULL ? 0 : t->pending;
}

struct hf_hub_approval_tenant *hf_hub_approvals_tenant(struct hf_hub_approvals *approvals,
                                                       struct hf_str name)
{
    struct hf_hub_approval_tenant *t = find_tenant(approvals, name);
    if (t == NULL && name.len <= HF_TENANT_NAME_MAX && (t = hf_heap_zalloc(1, sizeof *t)) != NULL) {
        memcpy(t->name, name.ptr, name.len);
        hf_map_insert(&approvals->by_tenant, hf_str_bytes(name), &t->node);
        hf_queue_init(&t->mine);
        hf_queue_init(&t->turn);
        hf_queue_init(&t->touched);
        t->next = approvals->tenants;
        approvals->tenants = t;
    }
    return t;
}

/* holding */

struct hf_hub_approval *hf_hub_approvals_hold(struct hf_hub_approvals *approvals,
                                              struct hf_hub_approval_tenant *t, struct hf_str name)
{
    char text[HF_APPROVAL_SUBJECT_SIZE];
    struct hf_hub_approval *a = hf_heap_zalloc(1, sizeof *a);
    if (a != NULL) {
        hf_queue_init(&a->untold);
        hf_queue_init(&a->waiting);
        hf_queue_init(&a->late);
        hf_queue_push(&approvals->order, &a->order);
        hf_queue_push(&t->mine, &a->mine);
        a->tenant = t;
        t->kept++;
        hf_map_insert(&approvals->by_name, hf_str_bytes(subject_of(hf_str_c(t->name), name, text)),
                      &a->by_name);
    }
    return a;
}

void hf_hub_approvals_forget(struct hf_hub_approvals *approvals, struct hf_hub_approval *approval)
{
    approval->tenant->kept--;
    hf_map_remove(&approvals->by_name, &approval->by_name);
    hf_queue_remove(&approval->order);
    hf_queue_remove(&approval->mine);
    hf_queue_remove(&approval->waiting);
    hf_queue_remove(&approval->untold);
    HF_ASSERT(hf_queue_empty(&approval->late));
    hf_heap_free(approval);
}

enum hf_rc hf_hub_approvals_restore(struct hf_hub_approvals *approvals,
                                    const struct hf_hub_approval *kept)
{
    struct hf_hub_approval_tenant *t =
        hf_hub_approvals_tenant(approvals, hf_str_c(kept->life.tenant));
    struct hf_hub_approval *a =
        t == NULL ? NULL : hf_hub_approvals_hold(approvals, t, hf_str_c(kept->life.name));
    if (a == NULL) {
        return HF_ENOMEM;
    }
    a->life = kept->life;
    a->told = kept->told;
    a->tried = kept->tried;
    a->routing = kept->routing;
    a->notified_us = kept->notified_us;
    a->seen_us = kept->seen_us;
    a->delivered_us = kept->delivered_us;
    a->enforced_us = kept->enforced_us;
    a->outcome = kept->outcome;
    a->seen_count = kept->seen_count;
    memcpy(a->seen_by, kept->seen_by, sizeof a->seen_by);
    if (hf_hub_approval_waits(a)) {
        approvals->pending++;
        t->pending++;
        hf_queue_push(&approvals->waiting, &a->waiting);
    }
    return HF_OK;
}

/* lists */

/* The next one of its tenant's, or of all. */
static struct hf_hub_approval *step(const struct hf_queue *head, const struct hf_queue *node,
                                    bool mine)
{
    struct hf_queue *next = node->next;
    if (next == head) {
        return NULL;
    }
    return mine ? HF_CONTAINER_OF(next, struct hf_hub_approval, mine)
                : HF_CONTAINER_OF(next, struct hf_hub_approval, order);
}

static struct hf_hub_approval *go_on(const struct hf_hub_approvals *approvals,
                                     const struct hf_hub_approvals_filter *filter,
                                     const struct hf_hub_approval *from)
{
    bool mine = filter->tenant.len > 0;
    const struct hf_hub_approval_tenant *t = mine ? find_tenant(approvals, filter->tenant) : NULL;
    if (mine && t == NULL) {
        return NULL;
    }
    const struct hf_queue *head = mine ? &t->mine : &approvals->order;
    const struct hf_queue *node = from == NULL ? head : mine ? &from->mine : &from->order;
    struct hf_hub_approval *next = step(head, node, mine);
    while (next != NULL && filter->waiting && !hf_hub_approval_waits(next)) {
        next = step(head, mine ? &next->mine : &next->order, mine);
    }
    return next;
}

static struct hf_hub_approval *waiting(const struct hf_hub_approvals *approvals,
                                       const struct hf_queue *node)
{
    return node->next == &approvals->waiting
               ? NULL
               : HF_CONTAINER_OF(node->next, struct hf_hub_approval, waiting);
}

struct hf_hub_approval *hf_hub_approvals_first(const struct hf_hub_approvals *approvals,
                                               const struct hf_hub_approvals_filter *filter)
{
    return filter->waiting && filter->tenant.len == 0 ? waiting(approvals, &approvals->waiting)
                                                      : go_on(approvals, filter, NULL);
}

struct hf_hub_approval *hf_hub_approvals_next(const struct hf_hub_approvals *approvals,
                                              const struct hf_hub_approvals_filter *filter,
                                              const struct hf_hub_approval *approval)
{
    HF_ASSERT(filter->tenant.len == 0 ||
              hf_str_eq(hf_str_c(approval->life.tenant), filter->tenant));
    return filter->waiting && filter->tenant.len == 0 && hf_hub_approval_waits(approval)
               ? waiting(approvals, &approval->waiting)
               : go_on(approvals, filter, approval);
}

/* places */

/* A bucket of requests, kept as the time from which on it is full again: each request moves that on
 * by the time that one of the rate takes. */
static bool within_rate(struct hf_hub_approval_tenant *t, int64_t now_us)
{
    int64_t full_us = t->allowed_us > now_us ? t->allowed_us : now_us;
    if (full_us - now_us > (HF_HUB_ASKS_BURST - 1) * ASK_US) {
        return false;
    }
    t->allowed_us = full_us + ASK_US;
    return true;
}

bool hf_hub_approvals_reserve(struct hf_hub_approvals *approvals, struct hf_str tenant,
                              int64_t now_us)
{
    struct hf_hub_approval_tenant *t = hf_hub_approvals_tenant(approvals, tenant);
    if (t == NULL || t->pending + t->reserved >= HF_HUB_PENDING_MAX || !within_rate(t, now_us)) {
        return false;
    }
    t->reserved++;
    return true;
}

void hf_hub_approvals_give_back(struct hf_hub_approvals *approvals, struct hf_str tenant)
{
    struct hf_hub_approval_tenant *t = find_tenant(approvals, tenant);
    HF_ASSERT(t != NULL && t->reserved > 0);
    t->reserved--;
}

/* seeing */

static uint32_t name_hash(struct hf_str name)
{
    struct hf_hash hash;
    hf_sha256(hf_str_bytes(name), &hash);
    return hf_be32_get(hash.b);
}

bool hf_hub_approval_see(struct hf_hub_approval *approval, struct hf_str principal)
{
    uint32_t hash = name_hash(principal);
    bool new = approval->seen_count < HF_HUB_SEEN_MAX;
    for (unsigned i = 0; new &&i < approval->seen_count; i++) {
        new = approval->seen_by[i] != hash;
    }
    if (new) {
        approval->seen_by[approval->seen_count++] = hash;
    }
    return new;
}

/* telling */

struct hf_hub_approval *hf_hub_approvals_untold(const struct hf_hub_approvals *approvals)
{
    return hf_queue_empty(&approvals->untold)
               ? NULL
               : HF_CONTAINER_OF(approvals->untold.next, struct hf_hub_approval, untold);
}

void hf_hub_approval_tell(struct hf_hub_approvals *approvals, struct hf_hub_approval *approval,
                          bool told)
{
    approval->told = told;
    hf_queue_remove(&approval->untold);
    if (!told) {
        hf_queue_push(&approvals->untold, &approval->untold);
    }
}
