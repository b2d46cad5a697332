/* hub/call.c: the life of a call, and its ways to answer. */
#include "hub/call.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"
#include "hub/notes.h"

#define RETRY_S    "1"
#define REASON_MAX 200

static void free_call(struct hf_hub_call *call)
{
    hf_json_free(call->body);
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
        hf_call_problem(call, 503, "out-of-memory", "The Hub has no memory for the answer.");
        return;
    }
    hf_http_answer(call->exchange, status, "application/json", hf_buf_bytes(json));
}

/* Refusals of somebody known are events, those of strangers are counted. What is not there and what
 * could not be done just now are neither. */
static void note_problem(struct hf_hub_call *call, int status, const char *type, const char *detail)
{
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    bool refused = status >= 400 && status < 500 && status != 404 && status != 405;
    if (status == 401 && strcmp(type, "unknown-principal") == 0) {
        call->hub->strangers.unknown_principal++;
    } else if (refused && call->principal != NULL) {
        const struct hf_hub_refusal refusal = {
            .principal = call->principal,
            .method = hf_bytes_str(request->method),
            .target = hf_bytes_str(request->target),
            .tenant = call->tenant == NULL ? HF_STR("") : hf_str_c(call->tenant->life.name),
            .status = status,
            .problem = type,
            .detail = detail};
        hf_hub_note_refusal(call->hub, &refusal);
    }
}

void hf_call_problem(struct hf_hub_call *call, int status, const char *type, const char *detail)
{
    call->hub->calls_failed += status >= 500 ? 1 : 0;
    if (call->exchange == NULL) {
        return;
    }
    note_problem(call, status, type, detail);
    if (status == 503 || status == 429) {
        hf_http_add_field(call->exchange, "Retry-After", HF_STR(RETRY_S));
    }
    if (status == 401) {
        hf_http_add_field(call->exchange, "WWW-Authenticate", HF_STR("Bearer"));
    }
    hf_http_problem(call->exchange, status, type, detail);
}

void hf_call_refuse(struct hf_hub_call *call, const struct hf_err *err)
{
    static const struct {
        enum hf_rc rc;
        int status;
        const char *type;
    } table[] = {
        {HF_EINVAL, 400, "invalid"},
        {HF_ESYNTAX, 400, "invalid"},
        {HF_ETOOBIG, 413, "too-big"},
        {HF_ENOTFOUND, 404, "not-found"},
        {HF_EEXIST, 409, "exists"},
        {HF_ECONFLICT, 409, "conflict"},
        {HF_EPERM, 403, "not-permitted"},
        {HF_EFORK, 422, "fork"},
        {HF_EBADSIG, 422, "bad-signature"},
        {HF_ESTALE, 422, "stale"},
        {HF_EMISMATCH, 421, "misdirected"},
        {HF_ENOSPC, 503, "read-only"},
        {HF_EUNKNOWN, 503, "outcome-unknown"},
        {HF_EBUSY, 503, "busy"},
        {HF_ENOMEM, 503, "out-of-memory"},
        {HF_ECLOSED, 503, "closing"},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        if (table[i].rc == err->rc) {
            hf_call_problem(call, table[i].status, table[i].type, err->text);
            return;
        }
    }
    hf_call_problem(call, 500, "failed", err->text);
}

/* checks */

/* What somebody who is bound to a tenant may ask for at all: the list, which shows theirs, and what
 * lies below a tenant, which hf_call_tenant looks at. */
static bool about_tenants(const struct hf_hub_call *call)
{
    struct hf_str method = hf_bytes_str(hf_http_exchange_request(call->exchange)->method);
    bool tenants = call->part_count >= 2 && hf_str_eq(call->parts[1], HF_STR("tenants"));
    return tenants && (call->part_count > 2 || !hf_str_eq(method, HF_STR("POST")));
}

bool hf_call_need(struct hf_hub_call *call, enum hf_role role)
{
    if (call->principal == NULL) {
        hf_call_problem(call, 401, "unknown-principal",
                        "This needs a token of a principal: send Authorization: Bearer TOKEN.");
        return false;
    }
    const struct hf_principal *life = &call->principal->life;
    char detail[160];
    if (life->role < role) {
        (void)snprintf(detail, sizeof detail, "This needs the role %s, you have %s.",
                       hf_role_name(role), hf_role_name(life->role));
        hf_call_problem(call, 403, "not-permitted", detail);
        return false;
    }
    if (life->tenant[0] != '\0' && !about_tenants(call)) {
        (void)snprintf(detail, sizeof detail, "You may see and act on the tenant %s only.",
                       life->tenant);
        hf_call_problem(call, 403, "not-permitted", detail);
        return false;
    }
    return true;
}

bool hf_call_json(struct hf_hub_call *call)
{
    struct hf_err err = {0};
    struct hf_bytes text = hf_http_exchange_body(call->exchange);
    if (text.len > 65536) {
        (void)hf_err_set(&err, HF_ETOOBIG, "the body of this call has at most 64 KiB");
    } else if (hf_json_parse(text, &call->body, &err) == HF_OK) {
        if (hf_json_kind(hf_json_root(call->body)) == HF_JSON_OBJECT) {
            return true;
        }
        (void)hf_err_set(&err, HF_EINVAL, "the body must be a JSON object");
    }
    hf_call_refuse(call, &err);
    return false;
}

static bool refuse_member(struct hf_hub_call *call, const char *key, const char *why)
{
    char detail[160];
    (void)snprintf(detail, sizeof detail, "%s: %s", key, why);
    hf_call_problem(call, 400, "invalid", detail);
    return false;
}

bool hf_call_text(struct hf_hub_call *call, const char *key, bool required, size_t len_max,
                  struct hf_str *ret)
{
    const struct hf_json *value = hf_json_get(hf_json_root(call->body), key);
    if (value == NULL) {
        return !required || refuse_member(call, key, "is missing");
    }
    if (hf_json_kind(value) != HF_JSON_STR) {
        return refuse_member(call, key, "must be a text");
    }
    *ret = hf_json_as_str(value);
    return ret->len <= len_max || refuse_member(call, key, "is too long");
}

bool hf_call_number(struct hf_hub_call *call, const char *key, uint64_t most, uint64_t *ret)
{
    const struct hf_json *value = hf_json_get(hf_json_root(call->body), key);
    if (value == NULL) {
        return refuse_member(call, key, "is missing");
    }
    if (hf_json_to_u64(value, ret) != HF_OK || *ret > most) {
        return refuse_member(call, key, "must be a whole number that is not too big");
    }
    return true;
}

bool hf_call_hex(struct hf_hub_call *call, const char *key, void *out, size_t len)
{
    struct hf_str text = {NULL, 0};
    size_t got = 0;
    if (!hf_call_text(call, key, true, 2 * len, &text)) {
        return false;
    }
    return (hf_hex_decode(text, out, len, &got, NULL) == HF_OK && got == len) ||
           refuse_member(call, key, "must be hexadecimal digits of the right length");
}

bool hf_call_tenant(struct hf_hub_call *call, unsigned part)
{
    call->tenant =
        part < call->part_count ? hf_hub_tenant_find(call->hub->tenants, call->parts[part]) : NULL;
    bool hidden = call->principal != NULL && part < call->part_count &&
                  !hf_principal_reaches(&call->principal->life, call->parts[part]);
    if (call->tenant == NULL || call->tenant->life.status == HF_TENANT_NONE || hidden) {
        call->tenant = NULL;
        hf_call_problem(call, 404, "not-found", "There is no such tenant in this region.");
        return false;
    }
    return true;
}

bool hf_call_begin_verb(struct hf_hub_call *call, struct hf_str *ret_reason)
{
    return hf_call_need(call, HF_ROLE_OPERATOR) && hf_call_tenant(call, 2) && hf_call_json(call) &&
           hf_call_text(call, "reason", true, REASON_MAX, ret_reason);
}

/* posting */

static void posted(struct hf_post *post)
{
    struct hf_hub_call *call = HF_CONTAINER_OF(post, struct hf_hub_call, post);
    /* Still "posting" while it answers: the answer may end the exchange at once. */
    if (post->append.rc == HF_OK) {
        if (call->answer_note.len == 0) {
            hf_hub_fold_own(call->hub, &post->append);
        }
        call->posted(call);
    } else {
        if (call->tenant != NULL && call->answer_note.len > 0) {
            call->tenant->receiving = false;
        }
        hf_call_refuse(call, &post->append.err);
    }
    call->posting = false;
    if (call->exchange == NULL) {
        free_call(call);
    }
}

void hf_call_post(struct hf_hub_call *call, const struct hf_hub_event *event,
                  void (*done)(struct hf_hub_call *call))
{
    struct hf_err err = {0};
    char actor[64];
    (void)snprintf(actor, sizeof actor, "principal:%s",
                   call->principal == NULL ? "agent" : call->principal->life.name);
    call->posted = done;
    call->post.done = posted;
    enum hf_rc rc = hf_hub_append(call->hub, event, hf_str_c(actor), &call->post, &err);
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    call->posting = true;
}

/* beginning and end */

static struct hf_hub_principal *find_principal(struct hf_hub *hub,
                                               const struct hf_http_request *request)
{
    const struct hf_http_field *field = hf_http_field(request, "authorization");
    const char scheme[] = "Bearer ";
    struct hf_hash hash;
    if (field == NULL || field->value.len < sizeof scheme ||
        memcmp(field->value.ptr, scheme, sizeof scheme - 1) != 0) {
        return NULL;
    }
    hf_sha256(
        hf_bytes_of(field->value.ptr + sizeof scheme - 1, field->value.len - (sizeof scheme - 1)),
        &hash);
    struct hf_hub_principal *found =
        hf_hub_principal_by_token(&hub->principals, &hash, hf_env_wall_us(hf_loop_env(hub->loop)));
    if (found != NULL) {
        hf_hub_note_use(hub, found);
    }
    return found;
}

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct hf_hub *hub = ctx;
    const struct hf_http_request *request = hf_http_exchange_request(exchange);
    struct hf_hub_call *call = hf_heap_zalloc(1, sizeof *call);
    hub->calls++;
    if (call == NULL) {
        hf_http_problem(exchange, 503, "out-of-memory", "The Hub has no memory for this call.");
        return;
    }
    call->hub = hub;
    call->exchange = exchange;
    call->scratch = hf_buf_init(8u << 20);
    call->held = hf_buf_init(HF_SEGMENT_MAX);
    hf_http_exchange_set_user(exchange, call);
    call->principal = find_principal(hub, request);
    hf_call_route(call, request);
}

static void over(void *ctx, struct hf_http_exchange *exchange)
{
    struct hf_hub_call *call = hf_http_exchange_user(exchange);
    (void)ctx;
    if (call == NULL) {
        return;
    }
    call->exchange = NULL;
    if (!call->posting) {
        free_call(call);
    }
}

const struct hf_http_handler hf_hub_handler = {.handle = handle, .over = over};
