/* hub/approvals.c: folds requests for approval, and forgets what is long answered. */
#include "hub/approvals.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "commands/directive.h"

#define KEEP_US (INT64_C(3600) * 1000000) /* behind the expiry */

/* Of one tenant: how many wait. Stays when none does: there are no more of these than tenants. */
struct hf_hub_approval_tenant {
    struct hf_map_node node;
    char name[HF_TENANT_NAME_MAX + 1];
    unsigned pending;
    unsigned reserved;                   /* on their way to the log */
    struct hf_hub_approval_tenant *next; /* of all, to free them */
};

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
    hf_queue_init(&approvals->untold);
    enum hf_rc rc = hf_map_init(&approvals->by_name, env);
    return rc == HF_OK ? hf_map_init(&approvals->by_tenant, env) : rc;
}

static void forget(struct hf_hub_approvals *approvals, struct hf_hub_approval *approval)
{
    hf_map_remove(&approvals->by_name, &approval->by_name);
    hf_queue_remove(&approval->order);
    hf_queue_remove(&approval->untold);
    hf_heap_free(approval);
}

void hf_hub_approvals_fini(struct hf_hub_approvals *approvals)
{
    if (approvals->order.next != NULL) {
        while (!hf_queue_empty(&approvals->order)) {
            forget(approvals,
                   HF_CONTAINER_OF(approvals->order.next, struct hf_hub_approval, order));
        }
    }
    for (struct hf_hub_approval_tenant *t = approvals->tenants, *next = NULL; t != NULL; t = next) {
        next = t->next;
        hf_heap_free(t);
    }
    hf_heap_free(approvals->segments);
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

struct hf_hub_approval *hf_hub_approvals_first(const struct hf_hub_approvals *approvals)
{
    return hf_queue_empty(&approvals->order)
               ? NULL
               : HF_CONTAINER_OF(approvals->order.next, struct hf_hub_approval, order);
}

struct hf_hub_approval *hf_hub_approvals_next(const struct hf_hub_approvals *approvals,
                                              const struct hf_hub_approval *approval)
{
    struct hf_queue *node = approval->order.next;
    return node == &approvals->order ? NULL : HF_CONTAINER_OF(node, struct hf_hub_approval, order);
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

static struct hf_hub_approval_tenant *get_tenant(struct hf_hub_approvals *approvals,
                                                 struct hf_str name)
{
    struct hf_hub_approval_tenant *t = find_tenant(approvals, name);
    if (t == NULL && (t = hf_heap_zalloc(1, sizeof *t)) != NULL) {
        memcpy(t->name, name.ptr, name.len);
        hf_map_insert(&approvals->by_tenant, hf_str_bytes(name), &t->node);
        t->next = approvals->tenants;
        approvals->tenants = t;
    }
    return t;
}

bool hf_hub_approvals_reserve(struct hf_hub_approvals *approvals, struct hf_str tenant)
{
    struct hf_hub_approval_tenant *t = get_tenant(approvals, tenant);
    if (t == NULL || t->pending + t->reserved >= HF_HUB_PENDING_MAX) {
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

/* segments */

static enum hf_rc push_segment(struct hf_hub_approvals *approvals, uint64_t index)
{
    if (approvals->segment_count == approvals->segment_cap) {
        size_t left = approvals->segment_count - approvals->segment_first;
        size_t cap = 2 * left + 64;
        uint64_t *list = hf_heap_zalloc(cap, sizeof *list);
        if (list == NULL) {
            return HF_ENOMEM;
        }
        if (left > 0) {
            memcpy(list, approvals->segments + approvals->segment_first, left * sizeof *list);
        }
        hf_heap_free(approvals->segments);
        approvals->segments = list;
        approvals->segment_first = 0;
        approvals->segment_count = left;
        approvals->segment_cap = cap;
    }
    approvals->segments[approvals->segment_count++] = index;
    return HF_OK;
}

void hf_hub_approvals_add(struct hf_hub_approvals *approvals, uint64_t segment)
{
    (void)push_segment(approvals, segment);
}

bool hf_hub_approvals_segment(const struct hf_hub_approvals *approvals, size_t n,
                              uint64_t *ret_index)
{
    if (approvals->segment_first + n >= approvals->segment_count) {
        return false;
    }
    *ret_index = approvals->segments[approvals->segment_first + n];
    return true;
}

void hf_hub_approvals_segments_done(struct hf_hub_approvals *approvals, size_t n)
{
    HF_ASSERT(approvals->segment_first + n <= approvals->segment_count);
    approvals->segment_first += n;
}

/* folding */

static enum hf_rc fold_segment(struct hf_hub_approvals *approvals, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_segment_received event;
    enum hf_rc rc = hf_event_segment_received_decode(envelope->payload, &event, err);
    if (rc == HF_OK && event.has_approvals && push_segment(approvals, index) != HF_OK) {
        rc = hf_err_set(err, HF_ENOMEM, "no memory for requests for approval");
    }
    return rc;
}

/* A directive with an answer: its agent will know. */
static void fold_directive(struct hf_hub_approvals *approvals, const struct hf_envelope *envelope)
{
    struct hf_event_directive_issued event;
    struct hf_directive directive;
    if (hf_event_directive_issued_decode(envelope->payload, &event, /* err= */ NULL) != HF_OK ||
        hf_directive_read(&event, &directive, /* err= */ NULL) != HF_OK ||
        directive.kind != HF_DIRECTIVE_DECIDE) {
        return;
    }
    struct hf_hub_approval *a =
        hf_hub_approval_find(approvals, event.address, hf_str_c(directive.approval));
    if (a != NULL) {
        hf_hub_approval_tell(approvals, a, true);
    }
}

/* What is long answered goes; time is that of the log, so that a replay ends with the same. */
static void forget_old(struct hf_hub_approvals *approvals, int64_t now_us)
{
    while (!hf_queue_empty(&approvals->order)) {
        struct hf_hub_approval *a =
            HF_CONTAINER_OF(approvals->order.next, struct hf_hub_approval, order);
        if (a->life.state == HF_APPROVAL_PENDING || a->ending ||
            now_us - a->life.expires_us < KEEP_US) {
            return;
        }
        forget(approvals, a);
    }
}

static enum hf_rc fold_life(struct hf_hub_approvals *approvals, const struct hf_envelope *envelope,
                            struct hf_err *err)
{
    struct hf_str tenant;
    struct hf_str name;
    if (hf_approval_of_stream(envelope->stream, HF_APPROVAL_STREAM, &tenant, &name) != HF_OK) {
        return HF_OK;
    }
    bool routed = hf_str_eq(envelope->type, HF_STR(HF_EVENT_APPROVAL_ROUTED_NAME));
    struct hf_hub_approval *a = hf_hub_approval_find(approvals, tenant, name);
    if (a == NULL && !routed) {
        return HF_OK;
    }
    struct hf_hub_approval_tenant *t = get_tenant(approvals, tenant);
    if (a == NULL && t != NULL) {
        char text[HF_APPROVAL_SUBJECT_SIZE];
        forget_old(approvals, envelope->recorded_us);
        a = hf_heap_zalloc(1, sizeof *a);
        if (a != NULL) {
            hf_queue_init(&a->untold);
            hf_queue_push(&approvals->order, &a->order);
            hf_map_insert(&approvals->by_name, hf_str_bytes(subject_of(tenant, name, text)),
                          &a->by_name);
        }
    }
    if (a == NULL || t == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a request for approval");
    }
    bool was_pending = a->life.state == HF_APPROVAL_PENDING;
    enum hf_rc rc = hf_approval_fold(&a->life, envelope, err);
    bool is_pending = a->life.state == HF_APPROVAL_PENDING;
    bool answered = a->life.state == HF_APPROVAL_APPROVED || a->life.state == HF_APPROVAL_DENIED;
    if (is_pending && !was_pending) {
        approvals->pending++;
        t->pending++;
    } else if (was_pending && !is_pending) {
        approvals->pending--;
        t->pending--;
    }
    if (was_pending && answered && !a->told) {
        hf_hub_approval_tell(approvals, a, false);
    }
    return rc;
}

enum hf_rc hf_hub_approvals_fold(struct hf_hub_approvals *approvals, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_SEGMENT_RECEIVED_NAME))) {
        return fold_segment(approvals, index, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME))) {
        fold_directive(approvals, envelope);
        return HF_OK;
    }
    return fold_life(approvals, envelope, err);
}
