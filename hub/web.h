/* hub/web.h: the pages of the Hub that people use: what waits for an answer, one request, the
 * answer.
 *
 * GET /approvals, GET and POST /approvals/TENANT/APPROVAL, POST /approvals/sign-in and sign-out;
 * GET and POST /approvals/devices, where browsers subscribe to what waits; POST /approvals/shown,
 * from their service worker (hub/notice_ack.h); the style, the scripts, the manifest.
 * Deciding needs no script. A GET decides nothing: answers are forms that are posted from a page of
 * ours (Origin), in a session (a cookie that no other site's page sends), with a nonce that is good
 * once.
 * Threads: the loop's.
 */
#ifndef HF_HUB_WEB_H
#define HF_HUB_WEB_H

#include "hub/call.h"
#include "hub/web/form.h"
#include "hub/web_sessions.h"

/* Is it below /approvals? */
bool hf_web_is(struct hf_str target);
/* Answers the call, whose request is for a page. */
void hf_web_serve(struct hf_hub_call *call);
/* A refusal, as a page; for hub/call.c. */
void hf_web_problem(struct hf_hub_call *call, int status, const char *detail);

/* Private to the pages: */

#define HF_WEB_ROOT     "/approvals"
#define HF_WEB_DEVICES  HF_WEB_ROOT "/devices"
#define HF_WEB_PATH_MAX 160 /* of a link to one of our pages, with its NUL */

/* Answers with a page: body, made of templates, in the layout. refresh_s: 0: never. */
void hf_web_answer(struct hf_hub_call *call, int status, struct hf_str title, unsigned refresh_s,
                   const struct hf_buf *body);
/* 303 to one of our pages. */
void hf_web_go_to(struct hf_hub_call *call, struct hf_str path);
/* The page that the target is, when it is one that a link may lead to; else the queue. */
struct hf_str hf_web_own_page(struct hf_str target, char out[HF_WEB_PATH_MAX]);
/* The style, a script, the manifest; false: the path is none of them. */
bool hf_web_file(struct hf_hub_call *call, struct hf_str path);
/* Whose page it is; NULL: nobody's. A session ends with the token that it was made of. */
struct hf_web_session *hf_web_sign_of(struct hf_hub_call *call);
/* With a way to `page`; message: why, or empty. */
void hf_web_ask_to_sign_in(struct hf_hub_call *call, struct hf_str page, const char *message);
void hf_web_sign_in(struct hf_hub_call *call, const struct hf_form *form);
/* Also without a session. */
void hf_web_sign_out(struct hf_hub_call *call, struct hf_web_session *session);
/* The queue, from the page's cursor (hexadecimal; empty: the first) on. */
void hf_web_queue(struct hf_hub_call *call, struct hf_str cursor);
/* One request, with a form when the caller may answer it. */
void hf_web_request(struct hf_hub_call *call, struct hf_web_session *session,
                    struct hf_hub_approval *approval);

/* How the caller is told of requests: each device and mailbox, and this browser. */
void hf_web_devices(struct hf_hub_call *call, struct hf_web_session *session);
/* A form of that page: adds, tests, removes. */
void hf_web_devices_change(struct hf_hub_call *call, struct hf_web_session *session,
                           const struct hf_form *form);
/* What a service worker says of a message. */
void hf_web_shown(struct hf_hub_call *call, const struct hf_form *form);

#endif
