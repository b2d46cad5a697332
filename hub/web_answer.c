/* hub/web_answer.c: pages and files as browsers get them: the layout, and fields that keep browsers
 * strict. */
#include <stdio.h>

#include "hub/web.h"
#include "hub/web/pages_gen.h"

#define PAGE_MAX (8u << 20)
#define CSP                                                                                        \
    "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; "                \
    "base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
#define WORKER_CSP "default-src 'none'; connect-src 'self'" /* it says what became of messages */

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

struct hf_str hf_web_own_page(struct hf_str target, char out[HF_WEB_PATH_MAX])
{
    bool good = hf_web_is(target) && target.len < HF_WEB_PATH_MAX;
    for (size_t i = 0; good && i < target.len; i++) {
        char c = target.ptr[i];
        good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '/' ||
               c == '?' || c == '=';
    }
    struct hf_str page = good ? target : HF_STR(HF_WEB_ROOT);
    memcpy(out, page.ptr, page.len);
    out[page.len] = '\0';
    return (struct hf_str){out, page.len};
}

void hf_web_problem(struct hf_hub_call *call, int status, const char *detail)
{
    char next[HF_WEB_PATH_MAX];
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
        [HF_PAGE_PROBLEM_NEXT] = {.text = hf_web_own_page(hf_bytes_str(request->target), next)}};
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

/* files */

bool hf_web_file(struct hf_hub_call *call, struct hf_str path)
{
    static const struct {
        const char *path;
        const char *type;
        const struct hf_str *text;
        const char *csp;
    } files[] = {
        {HF_WEB_ROOT "/style.css", "text/css; charset=utf-8", &hf_web_style, CSP},
        {HF_WEB_ROOT "/refresh.js", "text/javascript; charset=utf-8", &hf_web_refresh, CSP},
        {HF_WEB_ROOT "/subscribe.js", "text/javascript; charset=utf-8", &hf_web_subscribe, CSP},
        {HF_WEB_ROOT "/worker.js", "text/javascript; charset=utf-8", &hf_web_worker, WORKER_CSP},
        {HF_WEB_ROOT "/app.webmanifest", "application/manifest+json", &hf_web_app, CSP},
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
