/* hub/web.c: from a request for a page to its answer: sessions, forms, fields that keep browsers
 * strict. */
#include "hub/web.h"

#include <stdio.h>

#include "base/hex.h"
#include "hub/approval_answer.h"
#include "hub/notes.h"
#include "hub/web/form.h"
#include "hub/web/pages_gen.h"

#define ROOT      "/approvals"
#define COOKIE    "__Host-holdfast"
#define FORM_ROOM 4096
#define PAGE_MAX  (8u << 20)
#define NEXT_MAX  160
#define FORM_TYPE "application/x-www-form-urlencoded"
#define CSP                                                                                        \
    "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "                \
    "base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
#define WORKER_CSP "default-src 'none'; connect-src 'self'" /* it says what became of messages */

bool hf_web_is(struct hf_str target)
{
    struct hf_str root = HF_STR(ROOT);
    return hf_str_starts(target, root) &&
           (target.len == root.len || target.ptr[root.len] == '/' || target.ptr[root.len] == '?');
}

/* answers */

/* What the browser may do with a page: nothing but show it. The referrer stays here, for with none
 * at all a browser would not say from which origin a form comes. */
static void add_fields(struct hf_hub_call *call, const char *csp, bool stored)
{
    static const struct {
        const char *name;
        const char *value;
    } fields[] = {
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };

    for (size_t i = 0; i < HF_LEN(fields); i++) {
        hf_http_add_field(call->exchange, fields[i].name, hf_str_c(fields[i].value));
    }
    hf_http_add_field(call->exchange, "Content-Security-Policy", hf_str_c(csp));
    hf_http_add_field(call->exchange, "Cache-Control",
                      stored ? HF_STR("no-cache") : HF_STR("no-store"));
}

void hf_web_answer(struct hf_hub_call *call, int status, struct hf_str title, unsigned refresh_s,
                   const struct hf_buf *body)
{
    char refresh[16];
    struct hf_buf head = hf_buf_init(PAGE_MAX);
    struct hf_buf page = hf_buf_init(PAGE_MAX);
    if (call->exchange == NULL) {
        return;
    }
    if (call->principal != NULL) {
        const struct hf_html_value values[HF_PAGE_HEAD_SLOTS] = {
            [HF_PAGE_HEAD_PRINCIPAL] = {.text = hf_str_c(call->principal->life.name)}};
        hf_html_put(&head, &hf_page_head, values);
    }
    (void)snprintf(refresh, sizeof refresh, "%u", refresh_s);
    const struct hf_html_value values[HF_PAGE_LAYOUT_SLOTS] = {
        [HF_PAGE_LAYOUT_TITLE] = {.text = title},
        [HF_PAGE_LAYOUT_REFRESH] = {.text = hf_str_c(refresh)},
        [HF_PAGE_LAYOUT_HEAD] = {.html = &head},
        [HF_PAGE_LAYOUT_BODY] = {.html = body}};
    hf_html_put(&page, &hf_page_layout, values);
    add_fields(call, CSP, false);
    if (page.failed == HF_OK) {
        hf_http_answer(call->exchange, status, "text/html; charset=utf-8", hf_buf_bytes(&page));
    } else {
        call->hub->calls_failed++;
        hf_http_answer(call->exchange, 503, "text/plain", HF_BYTES("no memory for the page\n"));
    }
    hf_buf_free(&page);
    hf_buf_free(&head);
}

/* The page that the request is for, when it is one that a link may lead to. */
static struct hf_str own_page(struct hf_str target, char out[NEXT_MAX])
{
    bool good = hf_web_is(target) && target.len < NEXT_MAX;
    for (size_t i = 0; good && i < target.len; i++) {
        char c = target.ptr[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/' ||
               c == '?' || c == '=';
    }
    struct hf_str page = good ? target : HF_STR(ROOT);
    memcpy(out, page.ptr, page.len);
    out[page.len] = '\0';
    return (struct hf_str){out, page.len};
}

void hf_web_problem(struct hf_hub_call *call, int status, const char *detail)
{
    char next[NEXT_MAX];
    char words[HF_ERR_TEXT_MAX];
    struct hf_buf body = hf_buf_init(PAGE_MAX);
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    (void)snprintf(words, sizeof words, "%s", detail);
    if (words[0] >= 'a' && words[0] <= 'z') {
        words[0] = (char)(words[0] - 'a' + 'A');
    }
    const struct hf_html_value values[HF_PAGE_PROBLEM_SLOTS] = {
        [HF_PAGE_PROBLEM_TITLE] = {.text = status >= 500   ? HF_STR("That did not work")
                                           : status == 404 ? HF_STR("Not here")
                                                           : HF_STR("That was not done")},
        [HF_PAGE_PROBLEM_DETAIL] = {.text = hf_str_c(words)},
        [HF_PAGE_PROBLEM_NEXT] = {.text = own_page(hf_bytes_str(request->target), next)}};
    hf_html_put(&body, &hf_page_problem, values);
    hf_web_answer(call, status, HF_STR("Approvals"), 0, &body);
    hf_buf_free(&body);
}

void hf_web_go_to(struct hf_hub_call *call, struct hf_str path)
{
    if (call->exchange != NULL) {
        hf_http_add_field(call->exchange, "Location", path);
        add_fields(call, CSP, false);
        hf_http_answer(call->exchange, 303, "text/plain", HF_BYTES("\n"));
    }
}

/* the session */

/* The value of our cookie; empty when there is none, or several. */
static struct hf_str cookie_of(const struct hf_http_request *request)
{
    struct hf_str found = {"", 0};
    const struct hf_str name = HF_STR(COOKIE "=");
    unsigned count = 0;
    for (int i = 0; i < request->field_count; i++) {
        struct hf_str rest = hf_bytes_str(request->fields[i].value);
        if (!hf_http_name_eq(request->fields[i].name, "cookie")) {
            continue;
        }
        while (rest.len > 0) {
            const char *end = memchr(rest.ptr, ';', rest.len);
            struct hf_str part = {rest.ptr, end == NULL ? rest.len : (size_t)(end - rest.ptr)};
            size_t taken = part.len + (end == NULL ? 0 : 1);
            rest = (struct hf_str){rest.ptr + taken, rest.len - taken};
            while (part.len > 0 && part.ptr[0] == ' ') {
                part = (struct hf_str){part.ptr + 1, part.len - 1};
            }
            if (hf_str_starts(part, name)) {
                found = (struct hf_str){part.ptr + name.len, part.len - name.len};
                count++;
            }
        }
    }
    return count == 1 ? found : HF_STR("");
}

/* Whose page it is; NULL: nobody's. A session ends with the token that it was made of. */
static struct hf_web_session *sign_of(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    struct hf_web_session *session = hf_web_session_find(
        &hub->sessions, cookie_of(hf_http_exchange_request(call->exchange)), now);
    call->principal = NULL; /* a page is for who signed in, whatever else the request carries */
    if (session == NULL) {
        return NULL;
    }
    struct hf_hub_principal *p =
        hf_hub_principal_find(&hub->principals, hf_str_c(session->principal));
    if (p == NULL || !hf_principal_takes(&p->life, &session->token_hash, now)) {
        hf_web_session_close(&hub->sessions, session);
        return NULL;
    }
    hf_hub_note_use(hub, p);
    call->principal = p;
    return session;
}

static void ask_to_sign_in(struct hf_hub_call *call, struct hf_str page, const char *message)
{
    char next[NEXT_MAX];
    struct hf_buf body = hf_buf_init(PAGE_MAX);
    const struct hf_html_value values[HF_PAGE_SIGN_IN_SLOTS] = {
        [HF_PAGE_SIGN_IN_MESSAGE] = {.text = hf_str_c(message)},
        [HF_PAGE_SIGN_IN_NEXT] = {.text = own_page(page, next)}};
    hf_html_put(&body, &hf_page_sign_in, values);
    hf_web_answer(call, message[0] == '\0' ? 200 : 401, HF_STR("Sign in"), 0, &body);
    hf_buf_free(&body);
}

/* Sets the cookie, or ends it. */
static void set_cookie(struct hf_hub_call *call, const char *value)
{
    char field[HF_WEB_COOKIE_TEXT + 128];
    (void)snprintf(field, sizeof field, COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Strict%s",
                   value, value[0] == '\0' ? "; Max-Age=0" : "");
    hf_http_add_field(call->exchange, "Set-Cookie", hf_str_c(field));
    hf_wipe(field, sizeof field);
}

static void sign_in(struct hf_hub_call *call, const struct hf_form *form)
{
    struct hf_hub *hub = call->hub;
    struct hf_env *env = hf_loop_env(hub->loop);
    char next[NEXT_MAX];
    char cookie[HF_WEB_COOKIE_TEXT];
    struct hf_hash hash;
    struct hf_str page = hf_form_get(form, "next");
    hf_sha256(hf_str_bytes(hf_form_get(form, "token")), &hash);
    struct hf_hub_principal *p =
        hf_hub_principal_by_token(&hub->principals, &hash, hf_env_wall_us(env));
    if (p == NULL) {
        hub->strangers.unknown_principal++;
        ask_to_sign_in(call, page, "That is no token that opens this door.");
        return;
    }
    if (hf_web_session_open(&hub->sessions, env, hf_str_c(p->life.name), &hash, cookie) != HF_OK) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for a session.");
        return;
    }
    hf_hub_note_use(hub, p);
    set_cookie(call, cookie);
    hf_wipe(cookie, sizeof cookie);
    hf_web_go_to(call, own_page(page, next));
}

static void sign_out(struct hf_hub_call *call, struct hf_web_session *session)
{
    if (session != NULL) {
        hf_web_session_close(&call->hub->sessions, session);
    }
    set_cookie(call, "");
    hf_web_go_to(call, HF_STR(ROOT));
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

static bool serve_file(struct hf_hub_call *call, struct hf_str path)
{
    static const struct {
        const char *path;
        const char *type;
        const struct hf_str *text;
        const char *csp;
    } files[] = {
        {ROOT "/style.css", "text/css; charset=utf-8", &hf_web_style, CSP},
        {ROOT "/refresh.js", "text/javascript; charset=utf-8", &hf_web_refresh, CSP},
        {ROOT "/subscribe.js", "text/javascript; charset=utf-8", &hf_web_subscribe, CSP},
        {ROOT "/worker.js", "text/javascript; charset=utf-8", &hf_web_worker, WORKER_CSP},
        {ROOT "/app.webmanifest", "application/manifest+json", &hf_web_app, CSP},
    };

    for (size_t i = 0; i < HF_LEN(files); i++) {
        if (hf_str_eq(path, hf_str_c(files[i].path))) {
            add_fields(call, files[i].csp, true);
            hf_http_answer(call->exchange, 200, files[i].type, hf_str_bytes(*files[i].text));
            return true;
        }
    }
    return false;
}

static void serve_get(struct hf_hub_call *call, struct hf_str path, struct hf_str query)
{
    char room[FORM_ROOM];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_form form = {.count = 0};
    struct hf_err err = {0};
    const struct hf_http_request *request = hf_http_exchange_request(call->exchange);
    if (serve_file(call, path)) {
        return;
    }
    struct hf_web_session *session = sign_of(call);
    if (session == NULL) {
        ask_to_sign_in(call, hf_bytes_str(request->target), "");
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
        sign_in(call, form);
        return;
    }
    if (hf_str_eq(path, HF_STR(ROOT "/shown"))) {
        hf_web_shown(call, form);
        return;
    }
    struct hf_web_session *session = sign_of(call);
    if (hf_str_eq(path, HF_STR(ROOT "/sign-out"))) {
        sign_out(call, session);
    } else if (session == NULL) {
        ask_to_sign_in(call, path, "You are not signed in any more. Nothing was done.");
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
