/* wrapper/run.c: a run of the model: the tenant's budgets are asked before it begins.
 *
 *   RESERVING  the agent is asked to reserve what the run will take
 *   ASKING     a budget is spent and says "ask": the request for approval is on its way
 *   WAITING    for a person's answer
 *   AGREEING   a person allows it: the agent is told, and reserves
 *   DONE       answered, or nobody listens any more
 *
 * A reservation is settled by the record of the run's last answer, which names it, or given back
 * when the run ends. When the agent cannot be asked, the strictest budget that is known decides:
 * "ask" and "deny" stop the run, "warn" and none do not (wrapper/budget.h).
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "base/sm.h"
#include "schemas/events_gen.h"
#include "wrapper/approval.h"
#include "wrapper/asker.h"
#include "wrapper/link.h"

#define SECOND     UINT64_C(1000000000)
#define RESERVE_NS (4 * SECOND) /* less than the plugin waits, also when it is asked twice */
#define TTL_S      600          /* of a run whose end nobody tells, such as over a restart */
#define WAIT_S     540          /* for a person: OpenClaw waits 600 s for a run's hooks at most */
#define ANSWER_MAX 8192
#define BODY_MAX   1024

enum run_state {
    RUN_RESERVING,
    RUN_ASKING,
    RUN_WAITING,
    RUN_AGREEING,
    RUN_DONE,
};

static const struct hf_sm_state states[] = {
    [RUN_RESERVING] = {"RESERVING", HF_SM_TO(RUN_ASKING) | HF_SM_TO(RUN_DONE), HF_SM_INITIAL},
    [RUN_ASKING] = {"ASKING", HF_SM_TO(RUN_WAITING) | HF_SM_TO(RUN_AGREEING) | HF_SM_TO(RUN_DONE),
                    0},
    [RUN_WAITING] = {"WAITING", HF_SM_TO(RUN_AGREEING) | HF_SM_TO(RUN_DONE), 0},
    [RUN_AGREEING] = {"AGREEING", HF_SM_TO(RUN_DONE), 0},
    [RUN_DONE] = {"DONE", 0, HF_SM_FINAL},
};
static const struct hf_sm_conf machine = {"run", states, HF_LEN(states)};

/* What the agent says of the budget that hinders. */
struct spent {
    char meter[16];
    char period[16];
    uint64_t limit;
    uint64_t used;
    uint64_t reserved;
};

struct hf_run {
    struct hf_sm sm;
    struct hf_wrapper *wrapper;
    struct hf_link *link; /* NULL: nobody listens any more */
    struct hf_queue node; /* in the link */
    struct hf_queue all;  /* in the wrapper */
    uint64_t id;
    uint64_t tokens; /* estimate */
    struct hf_session *session;
    struct hf_approval approval;
    struct spent spent;
    struct hf_http_call call;
    struct hf_buf body;
    bool busy;
    char name[HF_RUN_NAME_SIZE];
    struct hf_asker asker;
};

void hf_run_name(struct hf_str session, struct hf_str run, char out[HF_RUN_NAME_SIZE])
{
    struct hf_sha256_state state;
    struct hf_hash hash;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, hf_str_bytes(session));
    hf_sha256_update(&state, hf_bytes_of("\n", 1));
    hf_sha256_update(&state, hf_str_bytes(run));
    hf_sha256_end(&state, &hash);
    char hex[2 * HF_HASH_SIZE + 1];
    hf_hex_encode(hf_bytes_of(hash.b, 16), hex);
    (void)snprintf(out, HF_RUN_NAME_SIZE, "run-%s", hex);
}

/* the end */

static bool counts_as_question(const struct hf_run *run)
{
    return run->sm.state != RUN_WAITING;
}

static void free_run(struct hf_run *run)
{
    hf_queue_remove(&run->all);
    hf_approval_fini(&run->approval);
    hf_buf_free(&run->body);
    hf_heap_free(run);
}

static void leave_link(struct hf_run *run)
{
    struct hf_link *link = run->link;
    if (link != NULL) {
        run->link = NULL;
        hf_queue_remove(&run->node);
        if (counts_as_question(run)) {
            link->questions--;
            hf_link_flow(link);
        }
    }
}

static void end(struct hf_run *run, bool allow, const char *reason)
{
    struct hf_wrapper *w = run->wrapper;
    const struct hf_plugin_message message = {
        .kind = HF_PLUGIN_VERDICT,
        .id = run->id,
        .answer = {.allow = allow,
                   .reason = hf_str_c(reason),
                   .rule = HF_STR("holdfast.budget"),
                   .budgets = hf_wrapper_budget_word(&w->budget)}};
    bool question = counts_as_question(run);
    hf_approval_enforced(&run->approval, allow && run->link != NULL
                                             ? HF_EVENT_APPROVAL_ENFORCED_OUTCOME_RAN
                                             : HF_EVENT_APPROVAL_ENFORCED_OUTCOME_BLOCKED);
    w->counts.runs_refused += allow ? 0 : 1;
    if (run->link != NULL) {
        run->link->questions += question ? 0 : 1;
    }
    hf_sm_move(&run->sm, RUN_DONE);
    run->session->deciding--;
    if (run->link != NULL) {
        hf_link_send(run->link, &message);
    }
    leave_link(run);
    free_run(run);
}

/* Nobody can say whether it fits the budgets. */
static void end_unknown(struct hf_run *run)
{
    bool stop = hf_wrapper_budget_stops(&run->wrapper->budget);
    hf_log(run->wrapper->logger, stop ? HF_LOG_ERROR : HF_LOG_WARN, "run.unreserved",
           hf_f_str("budgets", hf_wrapper_budget_word(&run->wrapper->budget)),
           hf_f_c("run", stop ? "refused" : "goes on"));
    end(run, !stop, stop ? "the budget cannot be checked now; try again later" : "");
}

/* asking the agent */

static void reserved(struct hf_http_call *call);

static void reserve(struct hf_run *run, bool agreed)
{
    struct hf_json_out json;
    hf_buf_clear(&run->body);
    hf_json_init(&json, &run->body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "reservation", hf_str_c(run->name));
    hf_json_key_u64(&json, "ttl_s", TTL_S);
    hf_json_key_u64(&json, "tokens", run->tokens);
    hf_json_key_u64(&json, "requests", 1);
    hf_json_key(&json, HF_STR("agreed"));
    hf_json_bool(&json, agreed);
    hf_json_object_end(&json);
    if (run->body.failed != HF_OK) {
        end_unknown(run);
        return;
    }
    run->call = (struct hf_http_call){.method = "POST",
                                      .url = "http://agent/v1/budget/reserve",
                                      .content_type = "application/json",
                                      .body = hf_buf_bytes(&run->body),
                                      .timeout_ns = RESERVE_NS,
                                      .answer_max = ANSWER_MAX,
                                      .done = reserved};
    run->busy = true;
    hf_http_call_start(run->wrapper->client, &run->call);
}

/* asking a person */

static void approval_ended(struct hf_approval *approval, enum hf_approval_end how)
{
    struct hf_run *run = HF_CONTAINER_OF(approval, struct hf_run, approval);
    static const char *const why[] = {
        [HF_APPROVAL_DENIED] = "a budget is spent, and a person denied to go on",
        [HF_APPROVAL_EXPIRED] = "a budget is spent, and nobody answered in time",
        [HF_APPROVAL_WITHDRAWN] = "a budget is spent; nobody waits for the answer any more",
        [HF_APPROVAL_UNRECORDED] = "a budget is spent, and a person could not be asked",
    };
    if (how != HF_APPROVAL_APPROVED) {
        end(run, false, why[how]);
    } else if (run->link == NULL || !hf_link_holds(run->link)) {
        end(run, false, "the gateway does not hold the lease any more");
    } else {
        run->wrapper->counts.approved++;
        run->link->questions += counts_as_question(run) ? 0 : 1;
        hf_sm_move(&run->sm, RUN_AGREEING);
        reserve(run, true);
    }
}

static bool approval_wanted(struct hf_approval *approval)
{
    const struct hf_run *run = HF_CONTAINER_OF(approval, struct hf_run, approval);
    return run->link != NULL && !hf_wrapper_stops(run->wrapper);
}

static void approval_waits(struct hf_approval *approval, uint64_t left_ms)
{
    struct hf_run *run = HF_CONTAINER_OF(approval, struct hf_run, approval);
    struct hf_link *link = run->link;
    const struct hf_plugin_message message = {
        .kind = HF_PLUGIN_PENDING, .id = run->id, .answer = {.wait_ms = left_ms}};
    hf_sm_move(&run->sm, RUN_WAITING);
    link->questions--;
    hf_link_send(link, &message); /* may end the connection, and what waits on it */
    hf_link_flow(link);
}

/* SHA-256("holdfast/run/v1\n" and, each behind its length, tenant, session, run's reservation and
 * what is shown). */
static void hash_action(const struct hf_run *run, struct hf_str shown, struct hf_hash *ret)
{
    struct hf_sha256_state state;
    uint8_t length[8];
    const struct hf_str parts[] = {hf_str_c(run->wrapper->tenant), hf_str_c(run->asker.session),
                                   hf_str_c(run->name), shown};
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES("holdfast/run/v1\n"));
    for (size_t i = 0; i < HF_LEN(parts); i++) {
        hf_be64_put(length, parts[i].len);
        hf_sha256_update(&state, hf_bytes_of(length, sizeof length));
        hf_sha256_update(&state, hf_str_bytes(parts[i]));
    }
    hf_sha256_end(&state, ret);
}

static void ask_person(struct hf_run *run)
{
    char summary[256];
    char numbers[3][24];
    const struct spent *s = &run->spent;
    const struct hf_policy *policy = hf_policies_active(&run->wrapper->policies);
    struct hf_hash shown;
    int len =
        snprintf(summary, sizeof summary,
                 "OpenClaw's next answer: the budget of %s for this %s is spent (%llu of %llu)",
                 s->meter, s->period, (unsigned long long)s->used, (unsigned long long)s->limit);
    (void)snprintf(numbers[0], sizeof numbers[0], "%llu", (unsigned long long)s->used);
    (void)snprintf(numbers[1], sizeof numbers[1], "%llu", (unsigned long long)s->limit);
    (void)snprintf(numbers[2], sizeof numbers[2], "%llu", (unsigned long long)run->tokens);
    hf_sha256(hf_bytes_of(summary, (size_t)len), &shown);
    hash_action(run, (struct hf_str){summary, (size_t)len}, &run->approval.action);
    struct hf_event_approval_requested event = {
        .tool = HF_STR("model"),
        .risk = HF_EVENT_APPROVAL_REQUESTED_RISK_MEDIUM,
        .has_summary = true,
        .summary = {summary, (size_t)len},
        .facts = hf_bytes_of(shown.b, HF_HASH_SIZE),
        .policy = policy == NULL ? HF_STR("none") : hf_policy_name(policy),
        .has_arguments = true,
        .arguments_count = 3,
        .arguments = {{.name = HF_STR("used"), .value = hf_str_c(numbers[0])},
                      {.name = HF_STR("limit"), .value = hf_str_c(numbers[1])},
                      {.name = HF_STR("tokens of this answer, about"),
                       .value = hf_str_c(numbers[2])}},
        .has_rule = true,
        .rule = HF_STR("holdfast.budget"),
        .has_reason = true,
        .reason = HF_STR("The budget says that a person is asked once it is spent.")};
    hf_asker_fill(&run->asker, &event);
    run->approval.session = run->session;
    run->approval.wanted = approval_wanted;
    run->approval.waits = approval_waits;
    run->approval.ended = approval_ended;
    hf_sm_move(&run->sm, RUN_ASKING);
    hf_approval_ask(&run->approval, &event, WAIT_S);
}

/* the agent's answer */

static void copy_text(const struct hf_json *object, const char *key, char *out, size_t cap)
{
    struct hf_str text = hf_json_get_str(object, key);
    (void)snprintf(out, cap, "%.*s", HF_STR_ARG(text));
}

static void read_spent(const struct hf_json *budget, struct spent *spent)
{
    copy_text(budget, "meter", spent->meter, sizeof spent->meter);
    copy_text(budget, "period", spent->period, sizeof spent->period);
    spent->limit = hf_json_get_u64(budget, "limit");
    spent->used = hf_json_get_u64(budget, "used");
    spent->reserved = hf_json_get_u64(budget, "reserved");
}

/* The verdict's word; empty: it is no answer. */
static void read_answer(struct hf_run *run, struct hf_bytes answer, char word[8])
{
    struct hf_json_doc *doc = NULL;
    word[0] = '\0';
    if (hf_json_parse(answer, &doc, /* err= */ NULL) == HF_OK &&
        hf_json_kind(hf_json_root(doc)) == HF_JSON_OBJECT) {
        const struct hf_json *root = hf_json_root(doc);
        char strictest[16];
        copy_text(root, "verdict", word, 8);
        copy_text(root, "strictest", strictest, sizeof strictest);
        hf_wrapper_budget_learn(&run->wrapper->budget, hf_str_c(strictest));
        const struct hf_json *budget = hf_json_get_kind(root, "budget", HF_JSON_OBJECT);
        if (budget != NULL) {
            read_spent(budget, &run->spent);
        }
    }
    hf_json_free(doc);
}

static void end_spent(struct hf_run *run)
{
    char reason[256];
    const struct spent *s = &run->spent;
    (void)snprintf(reason, sizeof reason,
                   "the budget of %s for this %s is spent: %llu of %llu are used, %llu more are "
                   "reserved",
                   s->meter, s->period, (unsigned long long)s->used, (unsigned long long)s->limit,
                   (unsigned long long)s->reserved);
    end(run, false, reason);
}

static void reserved(struct hf_http_call *call)
{
    struct hf_run *run = HF_CONTAINER_OF(call, struct hf_run, call);
    char word[8] = "";
    run->busy = false;
    if (call->rc == HF_OK && call->status == 200) {
        read_answer(run, hf_buf_bytes(&call->answer), word);
    }
    hf_buf_free(&call->answer);
    struct hf_str verdict = hf_str_c(word);
    if (hf_str_eq(verdict, HF_STR("go")) || hf_str_eq(verdict, HF_STR("warn"))) {
        end(run, true, "");
    } else if (hf_str_eq(verdict, HF_STR("deny"))) {
        end_spent(run);
    } else if (!hf_str_eq(verdict, HF_STR("ask")) || run->sm.state != RUN_RESERVING) {
        end_unknown(run);
    } else if (run->link == NULL || !hf_approval_has_room(run->wrapper, run->session)) {
        end(run, false, "a budget is spent, and too many questions wait for a person already");
    } else {
        ask_person(run);
    }
}

/* the begin */

static void refuse(struct hf_link *link, uint64_t id, const char *reason)
{
    struct hf_wrapper *w = link->wrapper;
    const struct hf_plugin_message message = {
        .kind = HF_PLUGIN_VERDICT,
        .id = id,
        .answer = {.reason = hf_str_c(reason),
                   .rule = HF_STR("holdfast.undecided"),
                   .budgets = hf_wrapper_budget_word(&w->budget)}};
    w->counts.runs_refused++;
    hf_link_send(link, &message);
}

void hf_run_begin(struct hf_link *link, const struct hf_plugin_message *message)
{
    struct hf_wrapper *w = link->wrapper;
    const struct hf_plugin_run *asked = &message->run;
    w->counts.runs++;
    struct hf_session *session = hf_sessions_get(w->sessions, asked->session);
    const char *why = hf_link_not_now(link, session);
    struct hf_run *run = why == NULL ? hf_heap_zalloc(1, sizeof *run) : NULL;
    if (run == NULL) {
        refuse(link, message->id, why == NULL ? "no memory for the run" : why);
        return;
    }
    run->wrapper = w;
    run->link = link;
    run->id = message->id;
    run->tokens = asked->tokens;
    run->session = session;
    run->body = hf_buf_init(BODY_MAX);
    hf_run_name(asked->session, asked->run, run->name);
    hf_asker_take(&run->asker, asked->session, asked->channel, asked->requester, asked->owner);
    hf_approval_init(&run->approval, w);
    hf_sm_init(&run->sm, &machine, /* invariant= */ NULL, RUN_RESERVING, message->id);
    hf_queue_push(&link->runs, &run->node);
    hf_queue_push(&w->runs, &run->all);
    link->questions++;
    session->deciding++;
    reserve(run, false);
}

/* from outside */

void hf_run_abort(struct hf_link *link, uint64_t id)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->runs) {
        struct hf_run *run = HF_CONTAINER_OF(node, struct hf_run, node);
        if (run->id == id) {
            leave_link(run);
            hf_approval_withdraw(&run->approval);
            return;
        }
    }
}

void hf_run_orphan_all(struct hf_link *link)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->runs) {
        struct hf_run *run = HF_CONTAINER_OF(node, struct hf_run, node);
        run->link = NULL;
        hf_queue_remove(&run->node);
        hf_approval_withdraw(&run->approval);
    }
}

void hf_run_drain_all(struct hf_link *link)
{
    HF_QUEUE_FOREACH_SAFE (node, &link->runs) {
        hf_approval_withdraw(&HF_CONTAINER_OF(node, struct hf_run, node)->approval);
    }
}

/* the end of all */

void hf_runs_close(struct hf_wrapper *w)
{
    HF_QUEUE_FOREACH_SAFE (node, &w->runs) {
        struct hf_run *run = HF_CONTAINER_OF(node, struct hf_run, all);
        if (run->busy) {
            hf_http_call_cancel(&run->call);
        }
        free_run(run);
    }
}
