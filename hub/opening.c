/* hub/opening.c: reads a request for approval, and opens what is sealed in it. */
#include "hub/opening.h"

#include "base/assert.h"
#include "base/heap.h"
#include "schemas/upcast.h"

static enum hf_rc read_request(struct hf_hub *hub, const struct hf_approval *a,
                               struct hf_opening *o, struct hf_err *err)
{
    struct hf_envelope envelope;
    struct hf_bytes bytes;
    struct hf_writer room = hf_writer_init(o->room, sizeof o->room);
    const struct hf_hub_position position = {a->segment, a->offset};
    enum hf_rc rc = hf_hub_entries_leaf(hub->entries, position, &bytes, err);
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(bytes, &envelope, err);
    }
    if (rc == HF_OK) {
        rc = hf_upcast_newest(&envelope, HF_EVENT_APPROVAL_REQUESTED_VERSION, &room, &bytes, err);
    }
    return rc == HF_OK ? hf_event_approval_requested_decode(bytes, &o->request, err) : rc;
}

static void show_clear(struct hf_opening *o)
{
    const struct hf_event_approval_requested *r = &o->request;
    o->summary = r->has_summary ? r->summary : HF_STR("");
    o->requester = r->has_requester ? r->requester : HF_STR("");
    o->argument_count = r->has_arguments ? r->arguments_count : 0;
    for (size_t i = 0; i < o->argument_count; i++) {
        o->arguments[i] = (struct hf_opening_argument){r->arguments[i].name, r->arguments[i].value};
    }
}

static void show_sealed(struct hf_opening *o)
{
    const struct hf_approval_personal *p = &o->personal.content;
    o->summary = p->summary;
    o->requester = p->has_requester ? p->requester : HF_STR("");
    o->argument_count = p->has_arguments ? p->arguments_count : 0;
    for (size_t i = 0; i < o->argument_count; i++) {
        o->arguments[i] = (struct hf_opening_argument){p->arguments[i].name, p->arguments[i].value};
    }
}

/* HF_ENOMEM alone is a failure: everything else is a state. */
static enum hf_rc unseal(struct hf_hub *hub, const struct hf_approval *a, struct hf_opening *o)
{
    struct hf_subject_key key = {.key = {0}};
    struct hf_subject subject;
    struct hf_str tenant = hf_str_c(a->tenant);
    const struct hf_personal_place place = {tenant, hf_str_c(a->name)};
    o->state = HF_OPENING_UNREADABLE;
    if (!hf_personal_subject(o->request.personal, &subject)) {
        return HF_OK;
    }
    const struct hf_hub_subject *known = hf_hub_subject_find(&hub->subjects, tenant, &subject);
    if (known != NULL && known->life.state == HF_SUBJECT_ERASED) {
        o->state = HF_OPENING_ERASED;
        return HF_OK;
    }
    enum hf_rc rc = hf_custody_get(&hub->custody, tenant, &subject, &key, /* ret_name= */ NULL);
    if (rc == HF_ENOTFOUND) {
        o->state = HF_OPENING_MISSING;
    } else if (rc == HF_OK) {
        rc = hf_personal_open(&key, &place, o->request.personal, &o->personal, /* err= */ NULL);
        o->state = rc == HF_OK ? HF_OPENING_OPEN : HF_OPENING_UNREADABLE;
    }
    hf_secret_free(&key.key);
    return rc == HF_ENOMEM ? rc : HF_OK;
}

enum hf_rc hf_opening_open(struct hf_hub *hub, const struct hf_approval *approval,
                           const struct hf_principal *by, struct hf_opening *ret,
                           struct hf_err *err)
{
    ret->state = HF_OPENING_CLEAR;
    ret->summary = ret->requester = HF_STR("");
    ret->argument_count = 0;
    ret->personal = (struct hf_personal){.plain = {NULL, 0}};
    enum hf_rc rc = read_request(hub, approval, ret, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (!ret->request.has_personal) {
        show_clear(ret);
        return HF_OK;
    }
    if (by != NULL && !hf_subject_may_open(by, hf_str_c(approval->tenant))) {
        ret->state = HF_OPENING_ROLE;
        return HF_OK;
    }
    rc = unseal(hub, approval, ret);
    if (ret->state == HF_OPENING_OPEN) {
        show_sealed(ret);
    }
    return rc == HF_OK ? rc : hf_err_set(err, rc, "no memory to open what is sealed");
}

void hf_opening_close(struct hf_opening *opening)
{
    hf_personal_free(&opening->personal);
    opening->summary = opening->requester = HF_STR("");
    opening->argument_count = 0;
}

const char *hf_opening_why(enum hf_opening_state state)
{
    static const char *const names[] = {[HF_OPENING_ROLE] = "role",
                                        [HF_OPENING_MISSING] = "missing",
                                        [HF_OPENING_ERASED] = "erased",
                                        [HF_OPENING_UNREADABLE] = "unreadable"};
    return names[state];
}

const char *hf_opening_words(enum hf_opening_state state)
{
    static const char *const words[] = {
        [HF_OPENING_ROLE] = "it is sealed, and your role may not read it",
        [HF_OPENING_MISSING] = "it is sealed, and the region does not have the key",
        [HF_OPENING_ERASED] = "whom it is about was erased",
        [HF_OPENING_UNREADABLE] = "it is sealed, and the key that the region has does not open it"};
    return words[state];
}

void hf_opening_requester(void *arg, struct hf_str tenant, struct hf_str approval,
                          char out[HF_APPROVAL_TEXT_MAX + 1])
{
    struct hf_hub *hub = arg;
    struct hf_opening *o = NULL;
    const struct hf_hub_approval *a = hf_hub_approval_find(&hub->approvals, tenant, approval);
    out[0] = '\0';
    if (a != NULL && hub->entries != NULL && (o = hf_heap_zalloc(1, sizeof *o)) != NULL) {
        if (hf_opening_open(hub, &a->life, /* by= */ NULL, o, /* err= */ NULL) == HF_OK) {
            HF_ASSERT(o->requester.len <= HF_APPROVAL_TEXT_MAX); /* the schemas' bound */
            memcpy(out, o->requester.ptr, o->requester.len);
            out[o->requester.len] = '\0';
        }
        hf_opening_close(o);
        hf_heap_free(o);
    }
}
