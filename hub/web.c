/* hub/web.c: which page a request is for, and which forms are taken. */
#include "hub/web.h"

#include <stdio.h>

#include "base/hex.h"
#include "hub/approval_answer.h"
#include "hub/web/form.h"

#define ROOT      HF_WEB_ROOT
#define FORM_ROOM 4096
#define FORM_TYPE "application/x-www-form-urlencoded"

bool hf_web_is(struct hf_str target)
{
    struct hf_str root = HF_STR(ROOT);
    return hf_str_starts(target, root) &&
           (target.len == root.len || target.ptr[root.len] == '/' || target.ptr[root.len] == '?');
}

/* forms */

/* A form of ours, posted from a page of ours. */
static bool is_own_form(const struct hf_http_request *request)
{
    const struct hf_http_field *origin = hf_http_field(request, "origin");
    const struct hf_http_field *type = hf_http_field(request, "content-type");
    struct hf_str https = HF_STR("https://");
    struct hf_str form = HF_STR(FORM_TYPE);
    if (origin == NULL || type == NULL || !hf_str_starts(hf_bytes_str(type->value), form)) {
        return false;
    }
    struct hf_str from = hf_bytes_str(origin->value);
    return hf_str_starts(from, https) &&
           hf_str_eq((struct hf_str){from.ptr + https.len, from.len - https.len},
                     hf_bytes_str(request->host));
}

static void answered(struct hf_hub_call *call)
{
    char path[sizeof ROOT + 1 + HF_APPROVAL_SUBJECT_SIZE];
    hf_hub_router_wake(call->hub);
    (void)snprintf(path, sizeof path, ROOT "/%s", call->subject);
    hf_web_go_to(call, hf_str_c(path));
}

static void decide(struct hf_hub_call *call, struct hf_web_session *session,
                   struct hf_hub_approval *a, const struct hf_form *form)
{
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    struct hf_str decision = hf_form_get(form, "decision");
    struct hf_approval_wish wish = {.approves = hf_str_eq(decision, HF_STR("approved")),
                                    .has_request = true,
                                    .posted = answered};
    size_t len = 0;
    if (call->principal->life.role < HF_ROLE_APPROVER) {
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED, "An answer needs the role approver.");
        return;
    }
    if ((!wish.approves && !hf_str_eq(decision, HF_STR("denied"))) ||
        hf_hex_decode(hf_form_get(form, "request"), wish.request.b, HF_HASH_SIZE, &len, NULL) !=
            HF_OK ||
        len != HF_HASH_SIZE) {
        hf_call_problem(call, HF_PROBLEM_INVALID, "The form is not one of these pages'.");
        return;
    }
    const struct hf_web_form_of of = {hf_str_c(call->subject), &wish.request};
    if (!hf_web_nonce_take(session, hf_form_get(form, "nonce"), &of, now)) {
        hf_call_problem(call, HF_PROBLEM_CONFLICT,
                        "This form was sent before, or it is too old. Nothing was done; look again "
                        "whether the request still waits.");
        return;
    }
    wish.reason = hf_arena_str(&call->arena, hf_form_get(form, "reason"));
    hf_approval_answer_post(call, a, &wish);
}

/* pages */

/* The one that "/approvals/TENANT/APPROVAL" names, if the caller may see it; answers 404 else. */
static struct hf_hub_approval *named(struct hf_hub_call *call, struct hf_str path)
{
    struct hf_str rest = {path.ptr + sizeof ROOT, path.len - sizeof ROOT};
    const char *slash = memchr(rest.ptr, '/', rest.len);
    size_t len = slash == NULL ? rest.len : (size_t)(slash - rest.ptr);
    size_t skipped = slash == NULL ? rest.len : len + 1;
    struct hf_str tenant = {rest.ptr, len};
    struct hf_hub_approval *a = hf_hub_approval_find(
        &call->hub->approvals, tenant, (struct hf_str){rest.ptr + skipped, rest.len - skipped});
    if (a == NULL || !hf_principal_reaches(&call->principal->life, tenant)) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND,
                        "There is no such request that waits or was answered of late.");
        return NULL;
    }
    call->tenant = hf_hub_tenant_find(call->hub->tenants, tenant);
    (void)snprintf(call->subject, sizeof call->subject, "%s/%s", a->life.tenant, a->life.name);
    return a;
}

static void serve_get(struct hf_hub_call *call, struct hf_str path, struct hf_str query)
{
    char room[FORM_ROOM];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_form form = {.count = 0};
    struct hf_err err = {0};
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    if (hf_web_file(call, path)) {
        return;
    }
    struct hf_web_session *session = hf_web_sign_of(call);
    if (session == NULL) {
        hf_web_ask_to_sign_in(call, hf_bytes_str(request->target), "");
        return;
    }
    if (hf_form_parse(hf_str_bytes(query), &w, &form, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    if (path.len <= sizeof ROOT) {
        hf_web_queue(call, hf_form_get(&form, "cursor"));
        return;
    }
    if (hf_str_eq(path, HF_STR(HF_WEB_DEVICES))) {
        hf_web_devices(call, session);
        return;
    }
    struct hf_hub_approval *a = named(call, path);
    if (a != NULL) {
        hf_approval_note_seen(call, a, HF_EVENT_APPROVAL_SEEN_HOW_PAGE);
        hf_web_request(call, session, a);
    }
}

static void take_form(struct hf_hub_call *call, struct hf_str path, const struct hf_form *form)
{
    if (hf_str_eq(path, HF_STR(ROOT "/sign-in"))) {
        hf_web_sign_in(call, form);
        return;
    }
    if (hf_str_eq(path, HF_STR(ROOT "/shown"))) {
        hf_web_shown(call, form);
        return;
    }
    struct hf_web_session *session = hf_web_sign_of(call);
    if (hf_str_eq(path, HF_STR(ROOT "/sign-out"))) {
        hf_web_sign_out(call, session);
    } else if (session == NULL) {
        hf_web_ask_to_sign_in(call, path, "You are not signed in any more. Nothing was done.");
    } else if (path.len <= sizeof ROOT) {
        hf_call_problem(call, HF_PROBLEM_METHOD, "This page takes no answer.");
    } else if (hf_str_eq(path, HF_STR(HF_WEB_DEVICES))) {
        hf_web_devices_change(call, session, form);
    } else {
        struct hf_hub_approval *a = named(call, path);
        if (a != NULL) {
            decide(call, session, a, form);
        }
    }
}

static void serve_post(struct hf_hub_call *call, struct hf_str path)
{
    char room[FORM_ROOM];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_form form;
    struct hf_err err = {0};
    if (!is_own_form(hf_http_exchange_request(call->exchange))) {
        call->principal = NULL;
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED,
                        "This form does not come from one of these pages.");
        return;
    }
    if (hf_form_parse(hf_http_exchange_body(call->exchange), &w, &form, &err) != HF_OK) {
        hf_call_refuse(call, &err);
    } else {
        take_form(call, path, &form);
    }
    hf_wipe(room, sizeof room); /* there may be a token in it */
}

void hf_web_serve(struct hf_hub_call *call)
{
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    struct hf_str method = hf_bytes_str(request->method);
    struct hf_str path = hf_bytes_str(request->target);
    const char *mark = memchr(path.ptr, '?', path.len);
    struct hf_str query = {"", 0};
    call->web = true;
    if (mark != NULL) {
        size_t len = (size_t)(mark - path.ptr);
        query = (struct hf_str){mark + 1, path.len - len - 1};
        path = (struct hf_str){path.ptr, len};
    }
    if (hf_str_eq(method, HF_STR("GET")) || hf_str_eq(method, HF_STR("HEAD"))) {
        serve_get(call, path, query);
    } else if (hf_str_eq(method, HF_STR("POST"))) {
        serve_post(call, path);
    } else {
        call->principal = NULL;
        hf_call_problem(call, HF_PROBLEM_METHOD, "A page is looked at, or a form is sent.");
    }
}
