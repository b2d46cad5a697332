/* hub/approval_api.c: calls about requests for approval: the queue, one of them, its answer. */
#include <stdio.h>

#include "base/heap.h"
#include "hub/approval_answer.h"
#include "hub/approval_router.h"
#include "hub/condition.h"
#include "hub/cursor.h"
#include "hub/opening.h"

#define PAGE 100

/* showing */

static void put_text(struct hf_json_out *json, const char *key, bool has, struct hf_str text)
{
    if (has) {
        hf_json_key_str(json, key, text);
    }
}

static void put_life(struct hf_json_out *json, const struct hf_approval *a)
{
    hf_json_key_str(json, "approval", hf_str_c(a->name));
    hf_json_key_str(json, "tenant", hf_str_c(a->tenant));
    hf_json_key_str(json, "state", hf_str_c(hf_approval_state_name(a->state)));
    hf_json_key_u64(json, "version", a->version);
    hf_json_key_str(json, "tool", hf_str_c(a->tool));
    hf_json_key_str(json, "risk", hf_event_approval_routed_risk_name(a->risk));
    if (a->has_subject) {
        char subject[HF_SUBJECT_TEXT];
        hf_subject_text(&a->subject, subject);
        hf_json_key_str(json, "subject", hf_str_c(subject));
    }
    hf_json_key(json, HF_STR("probe"));
    hf_json_bool(json, a->probe);
    hf_json_key_hex(json, "request", hf_bytes_of(a->request.b, HF_HASH_SIZE));
    hf_json_key_hex(json, "action", hf_bytes_of(a->action.b, HF_HASH_SIZE));
    hf_json_key_u64(json, "segment", a->segment);
    hf_json_key_u64(json, "offset", a->offset);
    hf_json_key_time_us(json, "requested", a->requested_us);
    hf_json_key_time_us(json, "routed", a->routed_us);
    hf_json_key_time_us(json, "expires", a->expires_us);
    if (a->state != HF_APPROVAL_PENDING) {
        hf_json_key_time_us(json, "decided", a->decided_us);
        put_text(json, "approver", a->approver[0] != '\0', hf_str_c(a->approver));
    }
}

/* What is known of its way besides its life. */
static void put_way(struct hf_json_out *json, const struct hf_hub_approval *a)
{
    put_life(json, &a->life);
    if (a->notified_us != 0) {
        hf_json_key_time_us(json, "notified", a->notified_us);
    }
    put_text(json, "routing", a->routing != HF_VERDICT_NONE,
             hf_str_c(hf_approval_verdict_name(a->routing)));
    if (a->seen_us != 0) {
        hf_json_key_time_us(json, "seen", a->seen_us);
    }
    if (a->delivered_us != 0) {
        hf_json_key_time_us(json, "delivered", a->delivered_us);
    }
    if (a->enforced_us != 0) {
        hf_json_key_time_us(json, "enforced", a->enforced_us);
        hf_json_key_str(json, "outcome", hf_event_approval_enforced_outcome_name(a->outcome));
    }
}

/* What is personal in it, or why that is not shown. */
static void put_content(struct hf_json_out *json, const struct hf_opening *o)
{
    const char *why = hf_opening_why(o->state);
    if (why != NULL) {
        hf_json_key(json, HF_STR("sealed"));
        hf_json_bool(json, true);
        hf_json_key_str(json, "sealed_why", hf_str_c(why));
        return;
    }
    put_text(json, "summary", o->summary.len > 0, o->summary);
    put_text(json, "requester", o->requester.len > 0, o->requester);
    if (o->argument_count > 0) {
        hf_json_key(json, HF_STR("arguments"));
        hf_json_array_begin(json);
        for (size_t i = 0; i < o->argument_count; i++) {
            hf_json_object_begin(json);
            hf_json_key_str(json, "name", o->arguments[i].name);
            hf_json_key_str(json, "value", o->arguments[i].value);
            hf_json_object_end(json);
        }
        hf_json_array_end(json);
    }
}

static void put_request(struct hf_json_out *json, const struct hf_event_approval_requested *r)
{
    hf_json_key_str(json, "policy", r->policy);
    if (r->has_policy_digest) {
        hf_json_key(json, HF_STR("policy_digest"));
        hf_json_hex(json, r->policy_digest);
    }
    put_text(json, "rule", r->has_rule, r->rule);
    put_text(json, "reason", r->has_reason, r->reason);
    put_text(json, "session", r->has_session, r->session);
    put_text(json, "channel", r->has_channel, r->channel);
    hf_json_key(json, HF_STR("facts"));
    hf_json_hex(json, r->facts);
}

static void answer(struct hf_hub_call *call, const struct hf_hub_approval *a)
{
    struct hf_opening *o = hf_heap_zalloc(1, sizeof *o);
    struct hf_json_out json;
    struct hf_err err = {0};
    if (o == NULL) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for the request.");
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    put_way(&json, a);
    if (hf_opening_open(call->hub, &a->life, &call->principal->life, o, &err) == HF_OK) {
        put_content(&json, o);
        put_request(&json, &o->request);
    } else {
        hf_log(call->hub->logger, HF_LOG_WARN, "approval.unreadable",
               hf_f_c("approval", a->life.name), hf_f_err(&err));
    }
    hf_json_object_end(&json);
    hf_opening_close(o);
    hf_heap_free(o);
    hf_call_answer(call, 200, &call->scratch);
}

/* finding */

static struct hf_hub_approval *find_subject(struct hf_hub_call *call)
{
    const char *slash = strchr(call->subject, '/');
    return slash == NULL ? NULL
                         : hf_hub_approval_find(
                               &call->hub->approvals,
                               (struct hf_str){call->subject, (size_t)(slash - call->subject)},
                               hf_str_c(slash + 1));
}

/* The one that the path names; answers 404 when there is none that the caller may see. */
static struct hf_hub_approval *named(struct hf_hub_call *call)
{
    struct hf_str tenant = hf_call_param(call, 0);
    struct hf_str name = hf_call_param(call, 1);
    struct hf_hub_approval *a = hf_hub_approval_find(&call->hub->approvals, tenant, name);
    if (a == NULL || !hf_principal_reaches(&call->principal->life, tenant)) {
        hf_call_problem(
            call, HF_PROBLEM_NOT_FOUND,
            "There is no such request for approval that waits or was answered of late.");
        return NULL;
    }
    call->tenant = hf_hub_tenant_find(call->hub->tenants, tenant);
    (void)snprintf(call->subject, sizeof call->subject, "%s/%s", a->life.tenant, a->life.name);
    return a;
}

void hf_call_answer_approval(struct hf_hub_call *call)
{
    const struct hf_hub_approval *a = find_subject(call);
    if (a == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND,
                        "The request was answered long ago; the log has it.");
        return;
    }
    hf_call_tag_version(call, a->life.version);
    answer(call, a);
}

/* the list */

static enum hf_approval_state state_of(const struct hf_api_approvals_list_query *query)
{
    static const enum hf_approval_state states[] = {
        [HF_API_APPROVALS_LIST_QUERY_STATE_PENDING] = HF_APPROVAL_PENDING,
        [HF_API_APPROVALS_LIST_QUERY_STATE_APPROVED] = HF_APPROVAL_APPROVED,
        [HF_API_APPROVALS_LIST_QUERY_STATE_DENIED] = HF_APPROVAL_DENIED,
        [HF_API_APPROVALS_LIST_QUERY_STATE_EXPIRED] = HF_APPROVAL_EXPIRED,
        [HF_API_APPROVALS_LIST_QUERY_STATE_CANCELLED] = HF_APPROVAL_CANCELLED,
    };

    return query->has_state ? states[query->state] : HF_APPROVAL_PENDING;
}

/* Of the caller's tenant, or the one that is asked for; is_listed knows who may see it. */
static struct hf_hub_approvals_filter filter_of(const struct hf_hub_call *call)
{
    const struct hf_api_approvals_list_query *query = &call->asked.approvals_list;
    return (struct hf_hub_approvals_filter){
        .tenant = query->has_tenant ? query->tenant : hf_str_c(call->principal->life.tenant),
        .waiting = state_of(query) == HF_APPROVAL_PENDING};
}

/* The list that a cursor is of: who sees one tenant alone goes on in no list of all. */
static struct hf_str list_of(const struct hf_hub_call *call, char out[96])
{
    struct hf_str tenant = filter_of(call).tenant;
    int len = snprintf(out, 96, "approvals %d %.*s", (int)state_of(&call->asked.approvals_list),
                       HF_STR_ARG(tenant.len > 0 ? tenant : HF_STR("*")));
    return (struct hf_str){out, (size_t)len};
}

static enum hf_rc find_first(const struct hf_hub_call *call, struct hf_hub_approval **ret_first,
                             struct hf_err *err)
{
    const struct hf_api_approvals_list_query *query = &call->asked.approvals_list;
    const struct hf_hub_approvals *approvals = &call->hub->approvals;
    struct hf_str text;
    char list[96];
    const struct hf_hub_approvals_filter filter = filter_of(call);
    if (!query->has_cursor) {
        *ret_first = hf_hub_approvals_first(approvals, &filter);
        return HF_OK;
    }
    enum hf_rc rc = hf_cursor_open(call->hub, list_of(call, list), query->cursor, &text, err);
    if (rc != HF_OK) {
        return rc;
    }
    const char *slash = memchr(text.ptr, '/', text.len);
    size_t len = slash == NULL ? text.len : (size_t)(slash - text.ptr);
    struct hf_str name = {text.ptr + len + 1, slash == NULL ? 0 : text.len - len - 1};
    const struct hf_hub_approval *last =
        hf_hub_approval_find(approvals, (struct hf_str){text.ptr, len}, name);
    *ret_first = last == NULL ? NULL : hf_hub_approvals_next(approvals, &filter, last);
    return last != NULL ? HF_OK
                        : hf_err_set(err, HF_EINVAL,
                                     "cursor: the request that it names was answered long ago; "
                                     "begin again without it");
}

static void put_next(struct hf_hub_call *call, struct hf_json_out *json, uint64_t limit,
                     const struct hf_approval *last)
{
    const struct hf_api_approvals_list_query *query = &call->asked.approvals_list;
    char list[96];
    char target[160];
    char name[HF_APPROVAL_SUBJECT_SIZE];
    struct hf_writer w = hf_writer_init(target, sizeof target);
    hf_writer_printf(&w, "/v1/approvals?limit=%llu", (unsigned long long)limit);
    if (query->has_state) {
        hf_writer_printf(&w, "&state=%s", hf_approval_state_name(state_of(query)));
    }
    if (query->has_tenant) {
        hf_writer_printf(&w, "&tenant=%.*s", HF_STR_ARG(query->tenant));
    }
    hf_writer_printf(&w, "%c", '\0');
    (void)snprintf(name, sizeof name, "%s/%s", last->tenant, last->name);
    hf_cursor_put_next(call, json, target, list_of(call, list), hf_str_c(name));
}

static bool is_listed(const struct hf_hub_call *call, const struct hf_approval *a)
{
    const struct hf_api_approvals_list_query *query = &call->asked.approvals_list;
    struct hf_str tenant = hf_str_c(a->tenant);
    return a->state == state_of(query) &&
           (!query->has_tenant || hf_str_eq(query->tenant, tenant)) &&
           hf_principal_reaches(&call->principal->life, tenant);
}

void hf_serve_approvals_list(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    const struct hf_api_approvals_list_query *query = &call->asked.approvals_list;
    const char *bound = call->principal->life.tenant;
    const struct hf_hub_approvals_filter filter = filter_of(call);
    uint64_t limit = query->has_limit ? query->limit : PAGE;
    uint64_t shown = 0;
    struct hf_hub_approval *a = NULL;
    const struct hf_hub_approval *last = NULL;
    struct hf_json_out json;
    struct hf_err err = {0};
    if (find_first(call, &a, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hub->as_of);
    hf_json_key_time_us(&json, "now", hf_env_wall_us(hf_loop_env(hub->loop)));
    hf_json_key_u64(&json, "pending",
                    bound[0] == '\0' ? hub->approvals.pending
                                     : hf_hub_approvals_of(&hub->approvals, hf_str_c(bound)));
    hf_json_key(&json, HF_STR("approvals"));
    hf_json_array_begin(&json);
    for (; a != NULL; a = hf_hub_approvals_next(&hub->approvals, &filter, a)) {
        if (!is_listed(call, &a->life)) {
            continue;
        }
        if (shown++ == limit) {
            break;
        }
        last = a;
        hf_json_object_begin(&json);
        put_way(&json, a);
        hf_json_object_end(&json);
    }
    hf_json_array_end(&json);
    if (shown > limit) {
        put_next(call, &json, limit, &last->life);
    }
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_serve_approval_show(struct hf_hub_call *call)
{
    char tag[32];
    struct hf_hub_approval *a = named(call);
    if (a == NULL) {
        return;
    }
    hf_approval_note_seen(call, a, HF_EVENT_APPROVAL_SEEN_HOW_API);
    (void)snprintf(tag, sizeof tag, "%llu", (unsigned long long)a->life.version);
    if (!hf_call_not_modified(call, tag)) {
        answer(call, a);
    }
}

/* the answer */

static void decided(struct hf_hub_call *call)
{
    hf_hub_router_wake(call->hub);
    hf_call_answer_approval(call);
}

void hf_serve_approval_decide(struct hf_hub_call *call)
{
    const struct hf_api_approval_decide *in = &call->in.approval_decide;
    struct hf_hub_approval *a = named(call);
    if (a == NULL || !hf_call_matches(call, a->life.version)) {
        return;
    }
    struct hf_approval_wish wish = {.approves =
                                        in->decision == HF_API_APPROVAL_DECIDE_DECISION_APPROVED,
                                    .has_request = in->has_request,
                                    .posted = decided};
    if (in->has_request) {
        memcpy(wish.request.b, in->request.ptr, HF_HASH_SIZE);
    }
    if (in->has_reason) {
        wish.reason = in->reason;
    }
    hf_approval_answer_post(call, a, &wish);
}

void hf_serve_approval_seen(struct hf_hub_call *call)
{
    struct hf_hub_approval *a = named(call);
    if (a == NULL) {
        return;
    }
    hf_approval_note_seen(call, a, (enum hf_event_approval_seen_how)call->in.approval_seen.how);
    answer(call, a);
}
