/* hub/call.c: the life of a call, and its ways to answer. */
#include "hub/call.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "hub/agent_key.h"
#include "hub/condition.h"
#include "hub/notes.h"
#include "hub/web.h"

#define RETRY_S "1"

static void free_call(struct hf_hub_call *call)
{
    hf_json_free(call->docs[0]);
    hf_json_free(call->docs[1]);
    hf_arena_fini(&call->arena);
    hf_buf_free(&call->scratch);
    hf_buf_free(&call->held);
    hf_secret_free(&call->token);
    hf_heap_free(call);
}

/* answers */

void hf_call_answer(struct hf_hub_call *call, int status, const struct hf_buf *json)
{
    if (call->exchange == NULL) {
        return;
    }
    if (json->failed != HF_OK) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for the answer.");
        return;
    }
    hf_http_answer(call->exchange, status, "application/json", hf_buf_bytes(json));
}

/* Refusals of somebody known are events, those of strangers are counted. What is not there and what
 * could not be done just now are neither. */
static void note_problem(struct hf_hub_call *call, enum hf_problem problem, const char *detail)
{
    int status = hf_api_problem_types[problem].status;
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    bool refused = status >= 400 && status < 500 && status != 404 && status != 405 &&
                   problem != HF_PROBLEM_IN_PROGRESS;
    if (problem == HF_PROBLEM_UNKNOWN_PRINCIPAL) {
        call->hub->strangers.unknown_principal++;
    } else if (refused && call->principal != NULL) {
        const struct hf_hub_refusal refusal = {
            .principal = call->principal,
            .method = hf_bytes_str(request->method),
            .target = hf_bytes_str(request->target),
            .tenant = call->tenant == NULL ? HF_STR("") : hf_str_c(call->tenant->life.name),
            .status = status,
            .problem = hf_api_problem_types[problem].name,
            .detail = detail};
        hf_hub_note_refusal(call->hub, &refusal);
    }
}

/* What goes with a status. */
static void add_fields(struct hf_hub_call *call, enum hf_problem problem)
{
    int status = hf_api_problem_types[problem].status;
    call->hub->calls_failed += status >= 500 ? 1 : 0;
    if (status == 503 || problem == HF_PROBLEM_IN_PROGRESS) {
        hf_http_add_field(call->exchange, "Retry-After", HF_STR(RETRY_S));
    }
    if (status == 401) {
        hf_http_add_field(call->exchange, "WWW-Authenticate", HF_STR("Bearer"));
    }
}

void hf_call_problem(struct hf_hub_call *call, enum hf_problem problem, const char *detail)
{
    const struct hf_api_problem *known = &hf_api_problem_types[problem];
    if (call->exchange != NULL) {
        note_problem(call, problem, detail);
        add_fields(call, problem);
        if (call->web) {
            hf_web_problem(call, known->status, detail);
        } else {
            hf_http_problem(call->exchange, known->status, known->name, detail);
        }
    }
}

void hf_call_problem_begin(struct hf_hub_call *call, enum hf_problem problem, const char *detail,
                           struct hf_json_out *ret_json)
{
    const struct hf_api_problem *known = &hf_api_problem_types[problem];
    char urn[128];
    (void)snprintf(urn, sizeof urn, "urn:holdfast:problem:%s", known->name);
    hf_buf_clear(&call->scratch);
    hf_json_init(ret_json, &call->scratch);
    hf_json_object_begin(ret_json);
    hf_json_key_str(ret_json, "type", hf_str_c(urn));
    hf_json_key_str(ret_json, "title", hf_str_c(hf_http_status_text(known->status)));
    hf_json_key_u64(ret_json, "status", (uint64_t)known->status);
    hf_json_key_str(ret_json, "detail", hf_str_c(detail));
}

void hf_call_problem_end(struct hf_hub_call *call, enum hf_problem problem,
                         struct hf_json_out *json)
{
    int status = hf_api_problem_types[problem].status;
    hf_json_object_end(json);
    if (call->exchange != NULL) {
        add_fields(call, problem);
        hf_http_answer(call->exchange, status, "application/problem+json",
                       hf_buf_bytes(&call->scratch));
    }
}

void hf_call_refuse(struct hf_hub_call *call, const struct hf_err *err)
{
    static const struct {
        enum hf_rc rc;
        enum hf_problem problem;
    } table[] = {
        {HF_EINVAL, HF_PROBLEM_INVALID},
        {HF_ESYNTAX, HF_PROBLEM_INVALID},
        {HF_ETOOBIG, HF_PROBLEM_TOO_BIG},
        {HF_ENOTFOUND, HF_PROBLEM_NOT_FOUND},
        {HF_EEXIST, HF_PROBLEM_EXISTS},
        {HF_ECONFLICT, HF_PROBLEM_CONFLICT},
        {HF_EPERM, HF_PROBLEM_NOT_PERMITTED},
        {HF_EPRUNED, HF_PROBLEM_SEALED},
        {HF_EFORK, HF_PROBLEM_FORK},
        {HF_EBADSIG, HF_PROBLEM_BAD_CHECKPOINT},
        {HF_ESTALE, HF_PROBLEM_STALE},
        {HF_EBADPROOF, HF_PROBLEM_EPOCH},
        {HF_EMISMATCH, HF_PROBLEM_MISDIRECTED},
        {HF_ENOSPC, HF_PROBLEM_READ_ONLY},
        {HF_EUNKNOWN, HF_PROBLEM_OUTCOME_UNKNOWN},
        {HF_EBUSY, HF_PROBLEM_BUSY},
        {HF_ENOMEM, HF_PROBLEM_OUT_OF_MEMORY},
        {HF_ECLOSED, HF_PROBLEM_CLOSING},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        if (table[i].rc == err->rc) {
            hf_call_problem(call, table[i].problem, err->text);
            return;
        }
    }
    hf_call_problem(call, HF_PROBLEM_FAILED, err->text);
}

/* what the path names */

struct hf_str hf_call_param(const struct hf_hub_call *call, unsigned n)
{
    unsigned part = 0;
    for (const char *at = call->op->path; at != NULL; part++) {
        if (at[0] == '*' && n-- == 0) {
            return call->path.parts[part];
        }
        at = strchr(at, '/');
        at = at == NULL ? NULL : at + 1;
    }
    HF_UNREACHABLE("a parameter that the path does not have");
}

bool hf_call_tenant(struct hf_hub_call *call)
{
    struct hf_str name = hf_call_param(call, 0);
    bool hidden = call->principal != NULL && !hf_principal_reaches(&call->principal->life, name);
    call->tenant = hf_hub_tenant_find(call->hub->tenants, name);
    if (call->tenant == NULL || call->tenant->life.status == HF_TENANT_NONE || hidden) {
        call->tenant = NULL;
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no such tenant in this region.");
        return false;
    }
    return !call->op->appends || hf_call_matches(call, call->tenant->life.version);
}

/* posting */

/* The event's fold keeps the key; without an event there is nothing to answer again. */
static void end_key(struct hf_hub_call *call)
{
    if (call->keyed != NULL && call->keyed->pending) {
        hf_hub_keys_drop(&call->hub->keys, call->keyed);
    }
    call->keyed = NULL;
}

static void posted(struct hf_post *post)
{
    struct hf_hub_call *call = HF_CONTAINER_OF(post, struct hf_hub_call, post);
    /* Still "posting" while it answers: the answer may end the exchange at once. */
    if (post->append.rc == HF_OK) {
        if (call->answer_note.len == 0) {
            hf_hub_fold_own(call->hub, &post->append);
        }
        end_key(call);
        call->posted_again = false;
        call->posted(call);
        call->posting = call->posted_again;
    } else {
        if (call->tenant != NULL && call->held.len > 0) {
            call->tenant->receiving = false;
        }
        end_key(call);
        call->posted_again = false;
        if (call->failed != NULL) {
            call->failed(call, &post->append.err);
        } else {
            hf_call_refuse(call, &post->append.err);
        }
        call->posting = call->posted_again;
    }
    if (call->exchange == NULL && !call->posting) {
        free_call(call);
    }
}

void hf_call_post(struct hf_hub_call *call, const struct hf_hub_event *event,
                  void (*done)(struct hf_hub_call *call))
{
    struct hf_hub_event keyed = *event;
    struct hf_err err = {0};
    enum hf_rc rc = HF_OK;
    char actor[64];
    char correlation[HF_HUB_KEY_TEXT];
    if (call->has_key) {
        hf_hub_key_format(&call->key, correlation);
        keyed.correlation = hf_str_c(correlation);
        call->keyed = hf_hub_keys_begin(&call->hub->keys, &call->key);
        rc = call->keyed != NULL ? HF_OK
                                 : hf_err_set(&err, HF_ENOMEM, "no memory for a command's key");
    }
    (void)snprintf(actor, sizeof actor, "principal:%s",
                   call->principal == NULL ? "agent" : call->principal->life.name);
    const char *who = call->local ? "program:worker" : actor;
    call->posted = done;
    call->post.done = posted;
    if (rc == HF_OK) {
        rc = hf_hub_append(call->hub, &keyed, hf_str_c(who), &call->post, &err);
    }
    if (rc != HF_OK) {
        end_key(call);
        hf_call_refuse(call, &err);
        return;
    }
    call->posting = true;
    call->posted_again = true;
}

void hf_call_hold(struct hf_hub_call *call)
{
    call->posting = true;
    call->posted_again = true;
}

void hf_call_go_on(struct hf_hub_call *call, void (*go_on)(struct hf_hub_call *call))
{
    call->posted_again = false;
    go_on(call); /* still held: the answer may end the exchange at once */
    call->posting = call->posted_again;
    if (call->exchange == NULL && !call->posting) {
        free_call(call);
    }
}

/* beginning and end */

bool hf_call_token_hash(const struct hf_http_request *request, struct hf_hash *ret_hash)
{
    const struct hf_http_field *field = hf_http_field(request, "authorization");
    const char scheme[] = "Bearer ";
    if (field == NULL || field->value.len < sizeof scheme ||
        memcmp(field->value.ptr, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    hf_sha256(
        hf_bytes_of(field->value.ptr + sizeof scheme - 1, field->value.len - (sizeof scheme - 1)),
        ret_hash);
    return true;
}

static struct hf_hub_principal *find_principal(struct hf_hub *hub,
                                               const struct hf_http_request *request,
                                               const struct hf_peer *peer)
{
    struct hf_hash hash;
    if (!hf_call_token_hash(request, &hash)) {
        return NULL;
    }
    struct hf_hub_principal *found =
        hf_hub_principal_by_token(&hub->principals, &hash, hf_env_wall_us(hf_loop_env(hub->loop)));
    if (found != NULL) {
        hf_hub_note_use(hub, found, peer);
    }
    return found;
}

static void call_over(struct hf_hub_holder *holder)
{
    struct hf_hub_call *call = HF_CONTAINER_OF(holder, struct hf_hub_call, holder);
    call->exchange = NULL;
    if (!call->posting) {
        free_call(call);
    }
}

static void begin(struct hf_hub *hub, struct hf_http_exchange *exchange, bool local)
{
    const struct hf_http_request *request = hf_http_exchange_request(exchange);
    struct hf_hub_call *call = hf_heap_zalloc(1, sizeof *call);
    hub->calls++;
    if (call == NULL) {
        hub->calls_failed++;
        hf_http_problem(exchange, 503, "out-of-memory", "The Hub has no memory for this call.");
        return;
    }
    call->hub = hub;
    call->exchange = exchange;
    call->scratch = hf_buf_init(8u << 20);
    hf_arena_init(&call->arena, HF_API_BODY_MAX);
    call->held = hf_buf_init(HF_PACKAGE_MAX); /* a segment has less */
    call->holder.over = call_over;
    hf_http_exchange_set_user(exchange, &call->holder);
    call->local = local;
    if (local && !hf_hub_local_allows(&hub->local, hf_http_exchange_peer(exchange))) {
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED,
                        "Only root, the Hub's own user and those of allow_uids in its "
                        "configuration may use its socket.");
        return;
    }
    call->principal =
        call->local ? NULL : find_principal(hub, request, hf_http_exchange_peer(exchange));
    hf_call_route(call, request);
}

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    begin(ctx, exchange, /* local= */ false);
}

static void handle_local(void *ctx, struct hf_http_exchange *exchange)
{
    begin(ctx, exchange, /* local= */ true);
}

void hf_call_hand_over(struct hf_hub_call *call, struct hf_hub_follower *follower)
{
    HF_ASSERT(!call->posting);
    follower->hub = call->hub;
    follower->exchange = call->exchange;
    hf_queue_init(&follower->node);
    hf_http_exchange_set_user(call->exchange, &follower->holder);
    free_call(call);
}

static void over(void *ctx, struct hf_http_exchange *exchange)
{
    struct hf_hub_holder *holder = hf_http_exchange_user(exchange);
    (void)ctx;
    if (holder != NULL) {
        holder->over(holder);
    }
}

_Static_assert(HF_SEGMENT_MAX <= HF_PACKAGE_MAX, "a segment does not fit a call");

/* May a principal bring the operation's bytes? Asked again, with an answer, when they are here. */
static bool may_bring(const struct hf_hub *hub, const struct hf_api_operation *op,
                      const struct hf_http_request *request)
{
    struct hf_hash hash;
    if (op->who < HF_API_VIEWER || !hf_call_token_hash(request, &hash)) {
        return false;
    }
    const struct hf_hub_principal *found =
        hf_hub_principal_by_token(&hub->principals, &hash, hf_env_wall_us(hf_loop_env(hub->loop)));
    return found != NULL && found->life.tenant[0] == '\0' &&
           (int)found->life.role >= (int)op->who - (int)HF_API_VIEWER;
}

/* Only who is known and may may bring more than a call's JSON. */
static uint64_t body_max(void *ctx, const struct hf_http_request *request)
{
    struct hf_hub *hub = ctx;
    struct hf_api_path path;
    bool known = false;
    const struct hf_api_operation *op =
        hf_api_split(hf_bytes_str(request->target), &path)
            ? hf_api_find(&path, hf_bytes_str(request->method), &known)
            : NULL;
    bool bytes = op != NULL && op->body == HF_API_BYTES;
    if (bytes && op->who == HF_API_AGENT) {
        return hf_hub_tenant_by_key(hub, request) != NULL ? HF_SEGMENT_MAX : HF_API_BODY_MAX;
    }
    return bytes && may_bring(hub, op, request) ? HF_PACKAGE_MAX : HF_API_BODY_MAX;
}

static void drained(void *ctx, struct hf_http_exchange *exchange)
{
    struct hf_hub_holder *holder = hf_http_exchange_user(exchange);
    (void)ctx;
    if (holder != NULL && holder->drained != NULL) {
        holder->drained(holder);
    }
}

const struct hf_http_handler hf_hub_handler = {
    .body_max = body_max, .handle = handle, .over = over, .drained = drained};
const struct hf_http_handler hf_hub_local_handler = {
    .body_max = body_max, .handle = handle_local, .over = over, .drained = drained};
