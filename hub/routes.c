/* hub/routes.c: from a request to its handler: the one place where it is checked against what
 * schemas/api declares. */
#include <stdio.h>

#include "hub/agent_key.h"
#include "hub/replay.h"
#include "hub/web.h"

static void (*const handlers[HF_API_COUNT])(struct hf_hub_call *call) = {
#define ROW(name) hf_serve_##name,
    HF_API_EACH(ROW)
#undef ROW
};

/* The roles stand in the order of their power, here and there. */
_Static_assert((int)HF_API_ADMIN - (int)HF_API_VIEWER == (int)HF_ROLE_ADMIN, "roles differ");

/* The worker may do what is declared for it, and nobody else may be the worker. */
static bool may_worker(struct hf_hub_call *call)
{
    if (!call->local || !call->op->worker) {
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED,
                        call->local
                            ? "The Hub's own socket is for its worker, which may not call this."
                            : "This is for the region's worker, over the Hub's own socket.");
        return false;
    }
    return true;
}

static bool may_call(struct hf_hub_call *call)
{
    if (call->op->who == HF_API_ANYONE) {
        return true;
    }
    if (call->local || call->op->who == HF_API_WORKER) {
        return may_worker(call);
    }
    if (call->op->who == HF_API_AGENT) {
        return hf_call_need_agent(call);
    }
    if (call->principal == NULL) {
        hf_call_problem(call, HF_PROBLEM_UNKNOWN_PRINCIPAL,
                        "This needs a token of a principal: send Authorization: Bearer TOKEN.");
        return false;
    }
    const struct hf_principal *life = &call->principal->life;
    enum hf_role role = (enum hf_role)((int)call->op->who - (int)HF_API_VIEWER);
    char detail[160];
    if (life->role < role) {
        (void)snprintf(detail, sizeof detail, "This needs the role %s, you have %s.",
                       hf_role_name(role), hf_role_name(life->role));
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED, detail);
        return false;
    }
    /* Who answers for a customer is above an operator in rank, and runs nothing here for all that:
     * a customer that did not pay would resume itself. */
    if (life->kind == HF_PRINCIPAL_CUSTOMER && role == HF_ROLE_OPERATOR) {
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED,
                        "This is for those who run the region, and not for a customer's users; ask "
                        "an operator.");
        return false;
    }
    if (life->tenant[0] != '\0' && !call->op->bound) {
        (void)snprintf(detail, sizeof detail, "You may see and act on the tenant %s only.",
                       life->tenant);
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED, detail);
        return false;
    }
    return true;
}

static bool take_values(struct hf_hub_call *call)
{
    struct hf_err err = {0};
    struct hf_bytes body = hf_http_exchange_body(call->exchange);
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    enum hf_rc rc = hf_api_check_params(call->op, &call->path, &err);
    if (rc == HF_OK && call->op->appends && !call->op->tagged &&
        hf_http_field(request, "if-match") != NULL) {
        rc = hf_err_set(&err, HF_EINVAL, "If-Match: this call is about nothing that has a version");
    }
    if (rc == HF_OK) {
        rc = hf_api_take_query(call->op, call->path.query, &call->arena, &call->docs[0],
                               &call->asked, &err);
    }
    if (rc == HF_OK) {
        rc = hf_api_take_body(call->op, body, &call->arena, &call->docs[1], &call->in, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
    }
    return rc == HF_OK;
}

/* No operation: the path may be there with other methods. */
static void answer_none(struct hf_hub_call *call, struct hf_str method, bool known)
{
    char allow[128];
    struct hf_writer w = hf_writer_init(allow, sizeof allow);
    if (!known) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND,
                        "There is nothing at this path; GET /v1/openapi.json says what there is.");
        return;
    }
    hf_api_allow(&call->path, &w);
    hf_http_add_field(call->exchange, "Allow", hf_bytes_str(hf_writer_done(&w)));
    if (hf_str_eq(method, HF_STR("OPTIONS"))) {
        hf_http_answer(call->exchange, 204, NULL, (struct hf_bytes){NULL, 0});
        return;
    }
    hf_call_problem(call, HF_PROBLEM_METHOD, "This path is there, but not with this method.");
}

void hf_call_route(struct hf_hub_call *call, const struct hf_http_request *request)
{
    struct hf_str method = hf_bytes_str(request->method);
    struct hf_str target = hf_bytes_str(request->target);
    bool known = false;
    if (hf_str_eq(target, HF_STR("*"))) { /* the server as a whole; only OPTIONS can say so */
        hf_http_answer(call->exchange, 204, NULL, (struct hf_bytes){NULL, 0});
        return;
    }
    if (!call->local && hf_web_is(target)) {
        hf_web_serve(call);
        return;
    }
    if (hf_api_split(target, &call->path)) {
        call->op = hf_api_find(&call->path, method, &known);
    }
    if (call->op == NULL) {
        answer_none(call, method, known);
        return;
    }
    if (may_call(call) && take_values(call) && hf_call_is_new(call)) {
        handlers[call->op - hf_api_operations](call);
    }
}
