/* hub/web_sign_in.c: who looks at a page: the cookie, signing in and out. */
#include <stdio.h>

#include "hub/notes.h"
#include "hub/web.h"
#include "hub/web/pages_gen.h"

#define COOKIE   "__Host-holdfast"
#define BODY_MAX (1u << 16)

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

struct hf_web_session *hf_web_sign_of(struct hf_hub_call *call)
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
    hf_hub_note_use(hub, p, hf_http_exchange_peer(call->exchange));
    call->principal = p;
    return session;
}

void hf_web_ask_to_sign_in(struct hf_hub_call *call, struct hf_str page, const char *message)
{
    char next[HF_WEB_PATH_MAX];
    struct hf_buf body = hf_buf_init(BODY_MAX);
    const struct hf_html_value values[HF_PAGE_SIGN_IN_SLOTS] = {
        [HF_PAGE_SIGN_IN_MESSAGE] = {.text = hf_str_c(message)},
        [HF_PAGE_SIGN_IN_NEXT] = {.text = hf_web_own_page(page, next)}};
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

void hf_web_sign_in(struct hf_hub_call *call, const struct hf_form *form)
{
    struct hf_hub *hub = call->hub;
    struct hf_env *env = hf_loop_env(hub->loop);
    char next[HF_WEB_PATH_MAX];
    char cookie[HF_WEB_COOKIE_TEXT];
    struct hf_hash hash;
    struct hf_str page = hf_form_get(form, "next");
    hf_sha256(hf_str_bytes(hf_form_get(form, "token")), &hash);
    struct hf_hub_principal *p =
        hf_hub_principal_by_token(&hub->principals, &hash, hf_env_wall_us(env));
    if (p == NULL) {
        hub->strangers.unknown_principal++;
        hf_web_ask_to_sign_in(call, page, "That is no token that opens this door.");
        return;
    }
    if (hf_web_session_open(&hub->sessions, env, hf_str_c(p->life.name), &hash, cookie) != HF_OK) {
        hf_call_problem(call, HF_PROBLEM_OUT_OF_MEMORY, "The Hub has no memory for a session.");
        return;
    }
    hf_hub_note_use(hub, p, hf_http_exchange_peer(call->exchange));
    set_cookie(call, cookie);
    hf_wipe(cookie, sizeof cookie);
    hf_web_go_to(call, hf_web_own_page(page, next));
}

void hf_web_sign_out(struct hf_hub_call *call, struct hf_web_session *session)
{
    if (session != NULL) {
        hf_web_session_close(&call->hub->sessions, session);
    }
    set_cookie(call, "");
    hf_web_go_to(call, HF_STR(HF_WEB_ROOT));
}
