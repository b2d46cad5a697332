/* hub/erasures.c: deletes keys that are erased, ends what waits, tells agents. */
#include "hub/erasures.h"

#include <stdio.h>

#include "base/assert.h"
#include "commands/directive.h"
#include "hub/approval_router.h"
#include "hub/hub.h"

/* custody */

/* What the log does not know as kept has no place there. */
static bool is_gone(void *arg, struct hf_str tenant, const struct hf_subject *subject)
{
    const struct hf_hub *hub = arg;
    const struct hf_hub_subject *s = hf_hub_subject_find(&hub->subjects, tenant, subject);
    return s == NULL || s->life.state != HF_SUBJECT_KEPT;
}

static bool is_erased(void *arg, struct hf_str tenant, const struct hf_subject *subject)
{
    const struct hf_hub *hub = arg;
    const struct hf_hub_subject *s = hf_hub_subject_find(&hub->subjects, tenant, subject);
    return s != NULL && s->life.state == HF_SUBJECT_ERASED;
}

/* Only what is erased: a key that was just put, and is not in the log yet, stays. */
enum hf_rc hf_hub_erasures_delete(struct hf_hub *hub, struct hf_hub_subject *subject,
                                  struct hf_err *err)
{
    uint64_t count = 0;
    if (subject->gone || subject->life.state != HF_SUBJECT_ERASED) {
        return HF_OK;
    }
    enum hf_rc rc = hf_custody_erase(&hub->custody, hf_str_c(subject->life.tenant), is_erased, hub,
                                     &count, err);
    subject->gone = rc == HF_OK;
    if (rc != HF_OK && !subject->stuck) {
        hf_log(hub->logger, HF_LOG_ERROR, "subject.not_deleted",
               hf_f_c("tenant", subject->life.tenant), hf_f_err(err));
    }
    subject->stuck = rc != HF_OK;
    return rc;
}

struct comparison {
    struct hf_hub *hub;
    const struct hf_hub_subject *first; /* of the tenant at hand that is missing */
    uint64_t missing;
};

static void say_missing(struct comparison *c)
{
    char subject[HF_SUBJECT_TEXT];
    if (c->missing > 0) {
        hf_subject_text(&c->first->life.subject, subject);
        hf_log(c->hub->logger, HF_LOG_WARN, "subject.key_missing",
               hf_f_c("tenant", c->first->life.tenant), hf_f_u64("keys", c->missing),
               hf_f_c("first", subject),
               hf_f_c("help", "the tenant's agent gives them again within a day, or at a directive "
                              "refresh; until then what they seal cannot be opened"));
    }
    c->missing = 0;
}

static void compare(void *arg, struct hf_hub_subject *s)
{
    struct comparison *c = arg;
    struct hf_str tenant = hf_str_c(s->life.tenant);
    if (c->missing > 0 && !hf_str_eq(hf_str_c(c->first->life.tenant), tenant)) {
        say_missing(c);
    }
    if (s->life.state == HF_SUBJECT_ERASED) {
        s->gone = hf_custody_is_readable(&c->hub->custody, tenant) &&
                  !hf_custody_has(&c->hub->custody, tenant, &s->life.subject);
    } else if (s->life.state == HF_SUBJECT_KEPT &&
               !hf_custody_has(&c->hub->custody, tenant, &s->life.subject)) {
        c->first = c->missing == 0 ? s : c->first;
        c->missing++;
    }
}

enum hf_rc hf_hub_erasures_open(struct hf_hub *hub, struct hf_err *err)
{
    struct comparison comparison = {.hub = hub};
    for (const struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        struct hf_str name = hf_str_c(t->life.name);
        struct hf_err why = {0};
        uint64_t count = 0;
        enum hf_rc rc = hf_custody_load(&hub->custody, name, &why);
        if (rc == HF_OK) {
            rc = hf_custody_erase(&hub->custody, name, is_gone, hub, &count, &why);
        }
        if (rc == HF_ENOMEM) {
            *err = why;
            return rc;
        }
        if (rc != HF_OK) {
            hf_log(hub->logger, HF_LOG_ERROR, "custody.unreadable", hf_f_c("tenant", t->life.name),
                   hf_f_err(&why));
        } else if (count > 0) {
            hf_log(hub->logger, HF_LOG_WARN, "custody.purged", hf_f_c("tenant", t->life.name),
                   hf_f_u64("keys", count));
        }
    }
    hf_hub_subjects_visit(&hub->subjects, compare, &comparison);
    say_missing(&comparison);
    return HF_OK;
}

/* what waits */

/* Denied, and not cancelled as what nobody waits for: the tenant is told, so that its call ends. */
void hf_hub_erasures_end(struct hf_hub *hub, struct hf_hub_approval *a)
{
    if (a->life.has_subject && a->life.state == HF_APPROVAL_PENDING && !a->ending &&
        !a->answering && is_erased(hub, hf_str_c(a->life.tenant), &a->life.subject)) {
        hf_hub_router_end(hub, a, HF_EVENT_APPROVAL_DECIDED_DECISION_DENIED,
                          HF_STR("the person that it is about was erased"));
    }
}

/* telling */

static void tell(struct hf_hub *hub, struct hf_hub_subject *s)
{
    char parameters[HF_DIRECTIVE_PARAMETERS];
    char subject[HF_SUBJECT_TEXT];
    uint8_t bytes[HF_HUB_ROUTING_PAYLOAD];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    const struct hf_event_directive_issued event = {
        .address = hf_str_c(s->life.tenant),
        .kind = HF_STR("erase"),
        .sequence = hf_hub_directives_last(&hub->directives) + 1,
        .not_after = now + HF_DIRECTIVE_LIFE_MAX_US,
        .has_parameters = true,
        .parameters = hf_directive_erase_write(&s->life.subject, parameters),
        .reason = HF_STR("the key of a subject was erased")};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_directive_issued_encode(&event, &w);
    hf_subject_text(&s->life.subject, subject);
    const struct hf_hub_routing_wish wish = {.what = HF_HUB_ROUTING_ERASE,
                                             .type = HF_EVENT_DIRECTIVE_ISSUED_NAME,
                                             .version = HF_EVENT_DIRECTIVE_ISSUED_VERSION,
                                             .tenant = event.address,
                                             .name = hf_str_c(subject),
                                             .payload = hf_writer_done(&w)};
    hf_hub_directives_take(&hub->directives);
    s->telling = hf_hub_router_post(hub, &wish) == HF_OK;
}

void hf_hub_erasures_not_told(struct hf_hub *hub, struct hf_str tenant, struct hf_str subject)
{
    struct hf_subject id;
    struct hf_hub_subject *s =
        hf_subject_parse(subject, &id) ? hf_hub_subject_find(&hub->subjects, tenant, &id) : NULL;
    if (s != NULL) {
        s->telling = false;
    }
}

/* Nobody hears it while the tenant is suspended; what is suspended may be resumed. */
static bool is_heard(struct hf_hub *hub, const char *tenant)
{
    const struct hf_hub_tenant *t = hf_hub_tenant_find(hub->tenants, hf_str_c(tenant));
    return t != NULL && t->life.status == HF_TENANT_ACTIVE;
}

void hf_hub_erasures_step(struct hf_hub *hub)
{
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    HF_QUEUE_FOREACH_SAFE (node, &hub->subjects.open) {
        struct hf_hub_subject *s = HF_CONTAINER_OF(node, struct hf_hub_subject, open);
        struct hf_err err = {0};
        if (hub->router.posting >= HF_HUB_ROUTING_MAX || hub->router.failed) {
            return;
        }
        (void)hf_hub_erasures_delete(hub, s, &err); /* said there */
        if (s->life.confirmed_us != 0) {
            if (s->gone) {
                hf_queue_remove(&s->open);
            }
        } else if (!s->telling && (s->directive == 0 || s->directive_until_us <= now) &&
                   is_heard(hub, s->life.tenant)) {
            tell(hub, s);
        }
    }
}

bool hf_hub_erasures_told(struct hf_hub *hub, struct hf_str tenant,
                          const struct hf_event_directive_applied *applied,
                          struct hf_subject *ret_subject)
{
    struct hf_envelope envelope;
    struct hf_event_directive_issued issued;
    struct hf_directive directive;
    struct hf_bytes leaf;
    const struct hf_hub_position position = {applied->index, 0};
    if (hf_hub_entries_leaf(hub->entries, position, &leaf, /* err= */ NULL) != HF_OK ||
        hf_envelope_read_leaf(leaf, &envelope, /* err= */ NULL) != HF_OK ||
        !hf_str_eq(envelope.type, HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME)) ||
        hf_event_directive_issued_decode(envelope.payload, &issued, /* err= */ NULL) != HF_OK ||
        !hf_str_eq(issued.address, tenant) || issued.sequence != applied->sequence ||
        hf_directive_read(&issued, &directive, /* err= */ NULL) != HF_OK ||
        directive.kind != HF_DIRECTIVE_ERASE) {
        return false;
    }
    const struct hf_hub_subject *s =
        hf_hub_subject_find(&hub->subjects, tenant, &directive.subject);
    *ret_subject = directive.subject;
    return s != NULL && s->life.state == HF_SUBJECT_ERASED && s->life.confirmed_us == 0;
}
