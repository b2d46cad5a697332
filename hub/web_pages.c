/* hub/web_pages.c: what the pages show. */
#include <stdio.h>

#include "base/heap.h"
#include "base/hex.h"
#include "hub/approval_answer.h"
#include "hub/cursor.h"
#include "hub/opening.h"
#include "hub/web.h"
#include "hub/web/pages_gen.h"

#define ROWS       50
#define BODY_MAX   (1u << 20)
#define WORDS_MAX  512
#define QUEUE_S    10
#define ANSWERED_S 3
#define SECOND_US  INT64_C(1000000)

/* "4 min 10 s left" */
static struct hf_str left_words(const struct hf_hub_call *call, const struct hf_approval *a,
                                char out[WORDS_MAX])
{
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    long long s = a->expires_us > now ? (long long)((a->expires_us - now) / SECOND_US) : 0;
    int len = s >= 3600 ? snprintf(out, WORDS_MAX, "%lld h %lld min left", s / 3600, s / 60 % 60)
              : s >= 60 ? snprintf(out, WORDS_MAX, "%lld min %lld s left", s / 60, s % 60)
                        : snprintf(out, WORDS_MAX, "%lld s left", s);
    return (struct hf_str){out, (size_t)len};
}

/* the queue */

/* What a card says: the summary, or the tool when it is closed or cannot be read. */
static void put_row(struct hf_hub_call *call, const struct hf_approval *a, struct hf_opening *o,
                    struct hf_buf *rows)
{
    char left[WORDS_MAX];
    char what[WORDS_MAX];
    struct hf_err err = {0};
    bool is_read = hf_opening_open(call->hub, a, &call->principal->life, o, &err) == HF_OK;
    const char *closed = is_read ? hf_opening_words(o->state) : NULL;
    struct hf_str asker = is_read ? o->requester : HF_STR("");
    (void)snprintf(what, sizeof what, "%s%s%s%.*s%s%s%s", a->probe ? "Probe: " : "", a->tool,
                   asker.len == 0 ? "" : ", asked for by ", HF_STR_ARG(asker),
                   closed == NULL ? "" : " (", closed == NULL ? "" : closed,
                   closed == NULL ? "" : ")");
    const struct hf_html_value values[HF_PAGE_QUEUE_ROW_SLOTS] = {
        [HF_PAGE_QUEUE_ROW_RISK] = {.text = hf_event_approval_routed_risk_name(a->risk)},
        [HF_PAGE_QUEUE_ROW_TENANT] = {.text = hf_str_c(a->tenant)},
        [HF_PAGE_QUEUE_ROW_APPROVAL] = {.text = hf_str_c(a->name)},
        [HF_PAGE_QUEUE_ROW_SUMMARY] = {.text = is_read && o->summary.len > 0 ? o->summary
                                                                             : hf_str_c(a->tool)},
        [HF_PAGE_QUEUE_ROW_WHAT] = {.text = hf_str_c(what)},
        [HF_PAGE_QUEUE_ROW_LEFT] = {.text = left_words(call, a, left)}};
    hf_html_put(rows, &hf_page_queue_row, values);
    hf_opening_close(o);
}

/* The list that a cursor is of: who sees one tenant alone goes on in no list of all. */
static struct hf_str list_of(const struct hf_hub_call *call, char out[WORDS_MAX])
{
    int len = snprintf(out, WORDS_MAX, "page %s", call->principal->life.tenant);
    return (struct hf_str){out, (size_t)len};
}

static struct hf_hub_approval *first_of(struct hf_hub_call *call, struct hf_str cursor,
                                        const struct hf_hub_approvals_filter *filter)
{
    uint8_t bytes[HF_CURSOR_MAX];
    char list[WORDS_MAX];
    size_t len = 0;
    struct hf_str name;
    struct hf_err err = {0};
    const struct hf_hub_approval *last = NULL;
    if (cursor.len > 0 && hf_hex_decode(cursor, bytes, sizeof bytes, &len, NULL) == HF_OK &&
        hf_cursor_open(call->hub, list_of(call, list), hf_bytes_of(bytes, len), &name, &err) ==
            HF_OK) {
        const char *slash = memchr(name.ptr, '/', name.len);
        size_t at = slash == NULL ? name.len : (size_t)(slash - name.ptr);
        size_t skipped = slash == NULL ? name.len : at + 1;
        last = hf_hub_approval_find(&call->hub->approvals, (struct hf_str){name.ptr, at},
                                    (struct hf_str){name.ptr + skipped, name.len - skipped});
    }
    /* One that is forgotten, or no cursor of ours: from the beginning. */
    return last == NULL ? hf_hub_approvals_first(&call->hub->approvals, filter)
                        : hf_hub_approvals_next(&call->hub->approvals, filter, last);
}

static void put_more(struct hf_hub_call *call, const struct hf_approval *last, struct hf_buf *more)
{
    char name[HF_APPROVAL_SUBJECT_SIZE];
    char cursor[HF_CURSOR_TEXT];
    char list[WORDS_MAX];
    (void)snprintf(name, sizeof name, "%s/%s", last->tenant, last->name);
    hf_cursor_format(call->hub, list_of(call, list), hf_str_c(name), cursor);
    const struct hf_html_value values[HF_PAGE_MORE_SLOTS] = {
        [HF_PAGE_MORE_CURSOR] = {.text = hf_str_c(cursor)}};
    hf_html_put(more, &hf_page_more, values);
}

static struct hf_str count_words(const struct hf_hub_call *call, char out[WORDS_MAX])
{
    HF_ASSERT(call->principal != NULL);
    const char *bound = call->principal->life.tenant;
    unsigned long long count = bound[0] == '\0'
                                   ? (unsigned long long)call->hub->approvals.pending
                                   : hf_hub_approvals_of(&call->hub->approvals, hf_str_c(bound));
    int len = count == 0   ? snprintf(out, WORDS_MAX, "Nothing waits for an answer")
              : count == 1 ? snprintf(out, WORDS_MAX, "1 waits for an answer")
                           : snprintf(out, WORDS_MAX, "%llu wait for an answer", count);
    return (struct hf_str){out, (size_t)len};
}

void hf_web_queue(struct hf_hub_call *call, struct hf_str cursor)
{
    char words[WORDS_MAX];
    struct hf_buf rows = hf_buf_init(BODY_MAX);
    struct hf_buf more = hf_buf_init(BODY_MAX);
    struct hf_buf body = hf_buf_init(2 * BODY_MAX);
    const struct hf_hub_approvals_filter filter = {hf_str_c(call->principal->life.tenant), true};
    const struct hf_hub_approval *last = NULL;
    unsigned shown = 0;
    struct hf_opening *o = hf_heap_zalloc(1, sizeof *o);
    for (const struct hf_hub_approval *a = first_of(call, cursor, &filter); a != NULL && o != NULL;
         a = hf_hub_approvals_next(&call->hub->approvals, &filter, a)) {
        if (shown++ == ROWS) {
            put_more(call, &last->life, &more);
            break;
        }
        put_row(call, &a->life, o, &rows);
        last = a;
    }
    hf_heap_free(o);
    const struct hf_html_value values[HF_PAGE_QUEUE_SLOTS] = {
        [HF_PAGE_QUEUE_COUNT] = {.text = count_words(call, words)},
        [HF_PAGE_QUEUE_ROWS] = {.html = &rows},
        [HF_PAGE_QUEUE_MORE] = {.html = &more}};
    hf_html_put(&body, &hf_page_queue, values);
    hf_web_answer(call, 200, HF_STR("Approvals"), QUEUE_S, &body);
    hf_buf_free(&body);
    hf_buf_free(&more);
    hf_buf_free(&rows);
}

/* one request */

static struct hf_str risk_words(enum hf_event_approval_routed_risk risk)
{
    static const char *const words[HF_EVENT_APPROVAL_ROUTED_RISK_COUNT] = {
        [HF_EVENT_APPROVAL_ROUTED_RISK_LOW] = "Low risk",
        [HF_EVENT_APPROVAL_ROUTED_RISK_MEDIUM] = "Medium risk",
        [HF_EVENT_APPROVAL_ROUTED_RISK_HIGH] = "High risk: look closely",
        [HF_EVENT_APPROVAL_ROUTED_RISK_CRITICAL] = "Critical: this may not be undone",
    };

    return hf_str_c(words[risk]);
}

static const char *way_words(const struct hf_hub_approval *a)
{
    static const char *const outcomes[HF_EVENT_APPROVAL_ENFORCED_OUTCOME_COUNT] = {
        [HF_EVENT_APPROVAL_ENFORCED_OUTCOME_RAN] = "It ran.",
        [HF_EVENT_APPROVAL_ENFORCED_OUTCOME_BLOCKED] = "It did not run.",
        [HF_EVENT_APPROVAL_ENFORCED_OUTCOME_EXPIRED] = "It was too late and did not run.",
        [HF_EVENT_APPROVAL_ENFORCED_OUTCOME_WITHDRAWN] = "The agent did not want it any more.",
    };

    return a->enforced_us != 0    ? outcomes[a->outcome]
           : a->delivered_us != 0 ? "The agent has the answer."
                                  : "The answer is on its way to the agent.";
}

static struct hf_str state_words(const struct hf_hub_call *call, const struct hf_hub_approval *a,
                                 bool is_erased, char out[WORDS_MAX])
{
    char left[WORDS_MAX];
    int len = 0;
    switch (a->life.state) {
    case HF_APPROVAL_NONE: break;
    case HF_APPROVAL_PENDING: {
        struct hf_str words = left_words(call, &a->life, left);
        len = snprintf(out, WORDS_MAX, "Waits for an answer: %.*s.", HF_STR_ARG(words));
        break;
    }
    case HF_APPROVAL_APPROVED:
    case HF_APPROVAL_DENIED:
        if (is_erased && a->life.approver[0] == '\0') {
            len = snprintf(out, WORDS_MAX, "Ended: the person that it is about was erased.");
            break;
        }
        len = snprintf(out, WORDS_MAX, "%s by %s. %s",
                       a->life.state == HF_APPROVAL_APPROVED ? "Approved" : "Denied",
                       a->life.approver, way_words(a));
        break;
    case HF_APPROVAL_EXPIRED:
        len = snprintf(out, WORDS_MAX, "Nobody answered in time, which counts as denied.");
        break;
    case HF_APPROVAL_CANCELLED:
        len = snprintf(out, WORDS_MAX, "%s",
                       is_erased ? "Ended: the person that it is about was erased."
                                 : "Withdrawn: the agent does not wait any more.");
        break;
    }
    return (struct hf_str){out, (size_t)len};
}

static void put_entry(struct hf_buf *out, struct hf_str label, struct hf_str value)
{
    const struct hf_html_value values[HF_PAGE_ENTRY_SLOTS] = {
        [HF_PAGE_ENTRY_LABEL] = {.text = label}, [HF_PAGE_ENTRY_VALUE] = {.text = value}};
    if (value.len > 0) {
        hf_html_put(out, &hf_page_entry, values);
    }
}

static void put_facts(struct hf_buf *out, const struct hf_approval *a,
                      const struct hf_event_approval_requested *r)
{
    char hash[2 * HF_HASH_SIZE + 1];
    put_entry(out, HF_STR("Rule"), r->has_rule ? r->rule : HF_STR(""));
    put_entry(out, HF_STR("Policy"), r->policy);
    put_entry(out, HF_STR("Session"), r->has_session ? r->session : HF_STR(""));
    put_entry(out, HF_STR("Request"), hf_str_c(a->name));
    hf_hex_encode(hf_bytes_of(a->action.b, HF_HASH_SIZE), hash);
    put_entry(out, HF_STR("The answer is for exactly this action (SHA-256)"), hf_str_c(hash));
}

/* The form, or why there is none. */
static void put_form(struct hf_hub_call *call, struct hf_web_session *session,
                     const struct hf_approval *a, struct hf_buf *out)
{
    char nonce[HF_WEB_NONCE_TEXT];
    char request[2 * HF_HASH_SIZE + 1];
    struct hf_env *env = hf_loop_env(call->hub->loop);
    struct hf_buf approve = hf_buf_init(BODY_MAX);
    struct hf_err err = {0};
    if (a->state != HF_APPROVAL_PENDING) {
        return;
    }
    if (call->principal->life.role < HF_ROLE_APPROVER) {
        (void)hf_err_set(&err, HF_EPERM,
                         "You may look at this; an answer needs the role approver.");
    } else if (hf_approval_may_answer(call, a, true, &err) == HF_OK) {
        hf_html_put(&approve, &hf_page_approve, NULL);
    }
    const struct hf_html_value notice[HF_PAGE_NOTICE_SLOTS] = {
        [HF_PAGE_NOTICE_TEXT] = {.text = hf_str_c(err.text)}};
    hf_html_put(out, &hf_page_notice, notice);
    if (call->principal->life.role >= HF_ROLE_APPROVER) {
        const struct hf_web_form_of form = {hf_str_c(call->subject), &a->request};
        hf_web_nonce_draw(session, env, &form, nonce);
        hf_hex_encode(hf_bytes_of(a->request.b, HF_HASH_SIZE), request);
        const struct hf_html_value values[HF_PAGE_DECIDE_SLOTS] = {
            [HF_PAGE_DECIDE_TENANT] = {.text = hf_str_c(a->tenant)},
            [HF_PAGE_DECIDE_APPROVAL] = {.text = hf_str_c(a->name)},
            [HF_PAGE_DECIDE_NONCE] = {.text = hf_str_c(nonce)},
            [HF_PAGE_DECIDE_REQUEST] = {.text = hf_str_c(request)},
            [HF_PAGE_DECIDE_APPROVE] = {.html = &approve}};
        hf_html_put(out, &hf_page_decide, values);
    }
    hf_buf_free(&approve);
}

/* "Asked for by user:anna, on whatsapp." */
static struct hf_str asked_words(const struct hf_approval *a, const struct hf_opening *o,
                                 char out[WORDS_MAX])
{
    const struct hf_event_approval_requested *r = &o->request;
    struct hf_str channel = r->has_channel ? r->channel : HF_STR("");
    int len = snprintf(out, WORDS_MAX, "%s%s%.*s%s%.*s%s", a->probe ? "This is a probe. " : "",
                       o->requester.len == 0 ? "" : "Asked for by ", HF_STR_ARG(o->requester),
                       channel.len > 0 ? ", on " : "", HF_STR_ARG(channel),
                       o->requester.len == 0 && channel.len == 0 ? "" : ".");
    return (struct hf_str){out, (size_t)len};
}

/* What it wants to do; or that this is closed, and why. */
static struct hf_str summary_words(const struct hf_opening *o, char out[WORDS_MAX])
{
    const char *closed = hf_opening_words(o->state);
    if (closed == NULL) {
        return o->summary.len > 0 ? o->summary : o->request.tool;
    }
    int len = snprintf(out, WORDS_MAX, "What it says is not shown: %s", closed);
    return (struct hf_str){out, (size_t)len};
}

static void put_page(struct hf_hub_call *call, struct hf_web_session *session,
                     struct hf_hub_approval *approval, const struct hf_opening *o)
{
    char state[WORDS_MAX];
    char asked[WORDS_MAX];
    char summary[WORDS_MAX];
    const struct hf_event_approval_requested *r = &o->request;
    const struct hf_approval *a = &approval->life;
    struct hf_buf form = hf_buf_init(BODY_MAX);
    struct hf_buf arguments = hf_buf_init(BODY_MAX);
    struct hf_buf facts = hf_buf_init(BODY_MAX);
    struct hf_buf body = hf_buf_init(4 * BODY_MAX);
    for (size_t i = 0; i < o->argument_count; i++) {
        put_entry(&arguments, o->arguments[i].name, o->arguments[i].value);
    }
    put_facts(&facts, a, r);
    put_form(call, session, a, &form);
    const struct hf_html_value values[HF_PAGE_REQUEST_SLOTS] = {
        [HF_PAGE_REQUEST_RISK] = {.text = hf_event_approval_routed_risk_name(a->risk)},
        [HF_PAGE_REQUEST_RISK_WORDS] = {.text = risk_words(a->risk)},
        [HF_PAGE_REQUEST_SUMMARY] = {.text = summary_words(o, summary)},
        [HF_PAGE_REQUEST_TENANT] = {.text = hf_str_c(a->tenant)},
        [HF_PAGE_REQUEST_TOOL] = {.text = r->tool},
        [HF_PAGE_REQUEST_ASKED] = {.text = asked_words(a, o, asked)},
        [HF_PAGE_REQUEST_STATE] = {.text = state_words(call, approval,
                                                       o->state == HF_OPENING_ERASED, state)},
        [HF_PAGE_REQUEST_FORM] = {.html = &form},
        [HF_PAGE_REQUEST_ARGUMENTS] = {.html = &arguments},
        [HF_PAGE_REQUEST_REASON] = {.text = r->has_reason
                                                ? r->reason
                                                : HF_STR("The policy asks a person before "
                                                         "this is done.")},
        [HF_PAGE_REQUEST_FACTS] = {.html = &facts}};
    hf_html_put(&body, &hf_page_request, values);
    bool moves = (a->state == HF_APPROVAL_APPROVED || a->state == HF_APPROVAL_DENIED) &&
                 approval->enforced_us == 0;
    hf_web_answer(call, 200, HF_STR("Approval"), moves ? ANSWERED_S : 0, &body);
    hf_buf_free(&body);
    hf_buf_free(&facts);
    hf_buf_free(&arguments);
    hf_buf_free(&form);
}

void hf_web_request(struct hf_hub_call *call, struct hf_web_session *session,
                    struct hf_hub_approval *approval)
{
    struct hf_opening *o = hf_heap_zalloc(1, sizeof *o);
    struct hf_err err = {0};
    if (o == NULL) {
        (void)hf_err_set(&err, HF_ENOMEM, "The Hub has no memory for the request.");
        hf_call_refuse(call, &err);
        return;
    }
    if (hf_opening_open(call->hub, &approval->life, &call->principal->life, o, &err) == HF_OK) {
        put_page(call, session, approval, o);
    } else {
        hf_call_refuse(call, &err);
    }
    hf_opening_close(o);
    hf_heap_free(o);
}
