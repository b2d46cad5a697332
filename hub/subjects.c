/* hub/subjects.c: subjects by tenant and id, and the erasures that are not over. */
#include "hub/subjects.h"

#include "base/assert.h"
#include "base/heap.h"
#include "commands/directive.h"

struct hf_hub_subjects_tenant {
    char name[HF_TENANT_NAME_MAX + 1];
    struct hf_map_node by_name;
    struct hf_queue node;
    struct hf_queue order; /* its subjects */
};

enum hf_rc hf_hub_subjects_init(struct hf_hub_subjects *subjects, struct hf_env *env)
{
    *subjects = (struct hf_hub_subjects){.count = 0};
    hf_queue_init(&subjects->tenants);
    hf_queue_init(&subjects->open);
    enum hf_rc rc = hf_map_init(&subjects->by_key, env);
    return rc == HF_OK ? hf_map_init(&subjects->by_tenant, env) : rc;
}

void hf_hub_subjects_fini(struct hf_hub_subjects *subjects)
{
    if (subjects->tenants.next != NULL) {
        for (struct hf_queue *n; (n = hf_queue_pop(&subjects->tenants)) != NULL;) {
            struct hf_hub_subjects_tenant *t =
                HF_CONTAINER_OF(n, struct hf_hub_subjects_tenant, node);
            for (struct hf_queue *s; (s = hf_queue_pop(&t->order)) != NULL;) {
                struct hf_hub_subject *subject = HF_CONTAINER_OF(s, struct hf_hub_subject, order);
                hf_heap_free(subject->routed);
                hf_heap_free(subject);
            }
            hf_heap_free(t);
        }
    }
    hf_map_fini(&subjects->by_key);
    hf_map_fini(&subjects->by_tenant);
}

/* finding */

static struct hf_hub_subjects_tenant *find_tenant(const struct hf_hub_subjects *subjects,
                                                  struct hf_str name)
{
    struct hf_map_node *n = hf_map_first(&subjects->by_tenant, hf_str_bytes(name));
    for (; n != NULL; n = hf_map_next(n)) {
        struct hf_hub_subjects_tenant *t =
            HF_CONTAINER_OF(n, struct hf_hub_subjects_tenant, by_name);
        if (hf_str_eq(hf_str_c(t->name), name)) {
            return t;
        }
    }
    return NULL;
}

static struct hf_hub_subjects_tenant *get_tenant(struct hf_hub_subjects *subjects,
                                                 struct hf_str name)
{
    struct hf_hub_subjects_tenant *t = find_tenant(subjects, name);
    if (t == NULL && (t = hf_heap_zalloc(1, sizeof *t)) != NULL) {
        HF_ASSERT(name.len < sizeof t->name);
        memcpy(t->name, name.ptr, name.len);
        hf_queue_init(&t->order);
        hf_queue_push(&subjects->tenants, &t->node);
        hf_map_insert(&subjects->by_tenant, hf_str_bytes(name), &t->by_name);
    }
    return t;
}

struct hf_hub_subject *hf_hub_subject_find(const struct hf_hub_subjects *subjects,
                                           struct hf_str tenant, const struct hf_subject *subject)
{
    struct hf_map_node *n =
        hf_map_first(&subjects->by_key, hf_bytes_of(subject->b, HF_SUBJECT_SIZE));
    for (; n != NULL; n = hf_map_next(n)) {
        struct hf_hub_subject *s = HF_CONTAINER_OF(n, struct hf_hub_subject, by_key);
        if (hf_subject_eq(&s->life.subject, subject) &&
            hf_str_eq(hf_str_c(s->life.tenant), tenant)) {
            return s;
        }
    }
    return NULL;
}

/* Finds or makes; NULL: no memory. */
static struct hf_hub_subject *get(struct hf_hub_subjects *subjects, struct hf_str tenant,
                                  const struct hf_subject *subject)
{
    struct hf_hub_subject *s = hf_hub_subject_find(subjects, tenant, subject);
    if (s != NULL) {
        return s;
    }
    struct hf_hub_subjects_tenant *t = get_tenant(subjects, tenant);
    s = t == NULL ? NULL : hf_heap_zalloc(1, sizeof *s);
    if (s != NULL) {
        memcpy(s->life.tenant, tenant.ptr, tenant.len);
        s->life.subject = *subject;
        s->tenant = t;
        hf_queue_init(&s->open);
        hf_queue_push(&t->order, &s->order);
        hf_map_insert(&subjects->by_key, hf_bytes_of(s->life.subject.b, HF_SUBJECT_SIZE),
                      &s->by_key);
        subjects->count++;
    }
    return s;
}

static enum hf_rc no_memory(struct hf_err *err)
{
    return hf_err_set(err, HF_ENOMEM, "no memory for a subject");
}

/* folding */

static void look(struct hf_hub_subjects *subjects, struct hf_hub_subject *s)
{
    hf_queue_remove(&s->open);
    if (s->life.state == HF_SUBJECT_ERASED && (s->life.confirmed_us == 0 || !s->gone)) {
        hf_queue_push(&subjects->open, &s->open);
    }
}

static enum hf_rc fold_life(struct hf_hub_subjects *subjects, uint64_t index,
                            const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_str tenant;
    struct hf_subject subject;
    if (hf_subject_of_stream(envelope->stream, &tenant, &subject) != HF_OK) {
        return HF_OK;
    }
    struct hf_hub_subject *s = get(subjects, tenant, &subject);
    if (s == NULL) {
        return no_memory(err);
    }
    enum hf_rc rc = hf_subject_fold(&s->life, index, envelope, err);
    look(subjects, s);
    return rc;
}

static enum hf_rc add_routed(struct hf_hub_subject *s, uint64_t index)
{
    if (s->routed_count == s->routed_cap) {
        size_t kept = s->routed_count - s->routed_first;
        size_t cap = kept < 4 ? 8 : 2 * kept;
        uint64_t *list = hf_heap_zalloc(cap, sizeof *list);
        if (list == NULL) {
            return HF_ENOMEM;
        }
        if (kept > 0) {
            memcpy(list, s->routed + s->routed_first, kept * sizeof *list);
        }
        hf_heap_free(s->routed);
        s->routed = list;
        s->routed_first = 0;
        s->routed_count = kept;
        s->routed_cap = cap;
    }
    s->routed[s->routed_count++] = index;
    s->routed_first += s->routed_count - s->routed_first > HF_HUB_SUBJECT_REQUESTS ? 1 : 0;
    return HF_OK;
}

/* Of a subject that was never kept nothing is remembered: an agent brings the key first. */
static enum hf_rc fold_routed(struct hf_hub_subjects *subjects, uint64_t index,
                              const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_approval_routed event;
    struct hf_subject subject;
    enum hf_rc rc = hf_event_approval_routed_decode(envelope->payload, &event, err);
    if (rc != HF_OK || !event.has_subject) {
        return rc;
    }
    memcpy(subject.b, event.subject.ptr, sizeof subject.b);
    struct hf_hub_subject *s = hf_hub_subject_find(subjects, event.tenant, &subject);
    if (s != NULL) {
        s->requests++;
        rc = add_routed(s, index);
    }
    return rc == HF_OK ? rc : no_memory(err);
}

static enum hf_rc fold_directive(struct hf_hub_subjects *subjects, uint64_t index,
                                 const struct hf_envelope *envelope, struct hf_err *err)
{
    struct hf_event_directive_issued event;
    struct hf_directive directive;
    enum hf_rc rc = hf_event_directive_issued_decode(envelope->payload, &event, err);
    if (rc != HF_OK || hf_directive_read(&event, &directive, /* err= */ NULL) != HF_OK ||
        directive.kind != HF_DIRECTIVE_ERASE) {
        return rc;
    }
    struct hf_hub_subject *s = hf_hub_subject_find(subjects, event.address, &directive.subject);
    if (s != NULL) {
        s->directive = event.sequence;
        s->directive_index = index;
        s->directive_until_us = event.not_after;
        s->telling = false;
    }
    return HF_OK;
}

enum hf_rc hf_hub_subjects_fold(struct hf_hub_subjects *subjects, uint64_t index,
                                const struct hf_envelope *envelope, struct hf_err *err)
{
    if (hf_str_starts(envelope->stream, HF_STR(HF_SUBJECT_STREAM))) {
        return fold_life(subjects, index, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_APPROVAL_ROUTED_NAME))) {
        return fold_routed(subjects, index, envelope, err);
    }
    return hf_str_eq(envelope->type, HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME))
               ? fold_directive(subjects, index, envelope, err)
               : HF_OK;
}

enum hf_rc hf_hub_subjects_restore(struct hf_hub_subjects *subjects,
                                   const struct hf_hub_subject *kept)
{
    struct hf_hub_subject *s = get(subjects, hf_str_c(kept->life.tenant), &kept->life.subject);
    if (s == NULL) {
        return HF_ENOMEM;
    }
    s->life = kept->life;
    s->requests = kept->requests;
    s->directive = kept->directive;
    s->directive_index = kept->directive_index;
    s->directive_until_us = kept->directive_until_us;
    look(subjects, s);
    return HF_OK;
}

enum hf_rc hf_hub_subjects_restore_routed(struct hf_hub_subjects *subjects, struct hf_str tenant,
                                          const struct hf_subject *subject, uint64_t index)
{
    struct hf_hub_subject *s = hf_hub_subject_find(subjects, tenant, subject);
    return s == NULL ? HF_EINVAL : add_routed(s, index);
}

/* listing */

struct hf_hub_subject *hf_hub_subjects_first(const struct hf_hub_subjects *subjects,
                                             struct hf_str tenant)
{
    const struct hf_hub_subjects_tenant *t = find_tenant(subjects, tenant);
    return t == NULL || hf_queue_empty(&t->order)
               ? NULL
               : HF_CONTAINER_OF(t->order.next, struct hf_hub_subject, order);
}

struct hf_hub_subject *hf_hub_subjects_next(const struct hf_hub_subject *subject)
{
    struct hf_queue *node = subject->order.next;
    return node == &subject->tenant->order ? NULL
                                           : HF_CONTAINER_OF(node, struct hf_hub_subject, order);
}

void hf_hub_subjects_visit(const struct hf_hub_subjects *subjects,
                           void (*visit)(void *arg, struct hf_hub_subject *subject), void *arg)
{
    HF_QUEUE_FOREACH (n, &subjects->tenants) {
        const struct hf_hub_subjects_tenant *t =
            HF_CONTAINER_OF(n, struct hf_hub_subjects_tenant, node);
        HF_QUEUE_FOREACH (s, &t->order) {
            visit(arg, HF_CONTAINER_OF(s, struct hf_hub_subject, order));
        }
    }
}

const uint64_t *hf_hub_subject_routed(const struct hf_hub_subject *subject, size_t *ret_count)
{
    *ret_count = subject->routed_count - subject->routed_first;
    return subject->routed == NULL ? NULL : subject->routed + subject->routed_first;
}
