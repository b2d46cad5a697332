/* wrapper/result.c: what a tool answered, before the model reads it; and what is only observed. */
#include <stdio.h>

#include "base/assert.h"
#include "base/parse.h"
#include "schemas/events_gen.h"
#include "wrapper/link.h"

/* A refused call brings no result here. So one that is not known, or came back before, was never
 * decided, or was by an earlier life of this program: nobody knows what is in it. */
#define LABELS_UNKNOWN ((uint8_t)(1u << HF_POLICY_FACTS_TAINT_UNTRUSTED))

/* Once: what the session has seen from now on, and that the call came back. */
static enum hf_rc take_back(struct hf_wrapper *w, struct hf_str session_name, struct hf_str call,
                            bool result, struct hf_err *err)
{
    struct hf_session *session = hf_sessions_get(w->sessions, session_name);
    struct hf_hash hash;
    if (session == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the session");
    }
    hf_sha256(hf_str_bytes(call), &hash);
    struct hf_session_open *open = hf_session_find_call(session, &hash);
    if (open == NULL && !result) {
        return HF_OK; /* its result was here already, or it was refused */
    }
    if (open == NULL) {
        w->counts.unknown++;
        hf_log(w->logger, HF_LOG_WARN, "result.unknown", hf_f_str("call", call),
               hf_f_str("session", session_name));
        return hf_sessions_taint(w->sessions, session, LABELS_UNKNOWN, err);
    }
    open->used = false;
    return hf_sessions_taint(w->sessions, session, open->labels, err);
}

/* All that the model would read, together: a secret may be in two strings, or be spelled so that
 * only who looks at its letters sees it. */
static enum hf_rc check_whole(struct hf_wrapper *w, const struct hf_buf *whole, struct hf_err *err)
{
    if (whole->failed != HF_OK) {
        return hf_err_set(err, whole->failed, "no memory for the result");
    }
    if (hf_disguised(w->redact.disguises, hf_bytes_str(hf_buf_bytes(whole)))) {
        w->counts.disguised++;
        return hf_err_set(err, HF_EPERM, "a registered secret is in it in another spelling");
    }
    return HF_OK;
}

static enum hf_rc redact_all(struct hf_wrapper *w, const struct hf_json *strings,
                             struct hf_plugin_redacted *out, bool *ret_changed, struct hf_err *err)
{
    struct hf_buf clean = hf_buf_init(4 * HF_FRAME_MAX);
    struct hf_buf whole = hf_buf_init(8 * HF_FRAME_MAX);
    bool disguises = w->redact.disguises != NULL;
    enum hf_rc rc = HF_OK;
    *ret_changed = false;
    for (size_t i = 0; i < hf_json_count(strings) && rc == HF_OK; i++) {
        bool changed = false;
        hf_buf_clear(&clean);
        rc = hf_redact_text(&w->redact, hf_json_as_str(hf_json_at(strings, i)), &clean, &changed,
                            err);
        if (rc == HF_OK && changed) {
            *ret_changed = true;
            hf_plugin_redacted_change(out, i, hf_bytes_str(hf_buf_bytes(&clean)));
        }
        if (rc == HF_OK && disguises) {
            hf_buf_str(&whole, hf_bytes_str(hf_buf_bytes(&clean)));
            hf_buf_str(&whole, HF_STR("\n"));
        }
    }
    rc = rc == HF_OK ? check_whole(w, &whole, err) : rc;
    hf_buf_free(&whole);
    hf_buf_free(&clean);
    return rc;
}

/* No answer that could be mistaken for a good one: the plugin takes a refusal for "no output". */
static void fail(struct hf_link *link, uint64_t id, const struct hf_err *err)
{
    const struct hf_plugin_message message = {
        .kind = HF_PLUGIN_VERDICT, .id = id, .answer = {.reason = hf_str_c(err->text)}};
    hf_log(link->wrapper->logger, HF_LOG_ERROR, "result.withheld", hf_f_err(err));
    hf_link_send(link, &message);
}

void hf_result_take(struct hf_link *link, const struct hf_plugin_message *message)
{
    struct hf_wrapper *w = link->wrapper;
    const struct hf_plugin_result *result = &message->result;
    struct hf_plugin_redacted out;
    struct hf_buf buf = hf_buf_init(2 * HF_FRAME_MAX);
    struct hf_err err = {0};
    bool changed = false;
    w->counts.results++;
    hf_plugin_redacted_open(&out, &buf, message->id);
    enum hf_rc rc = hf_link_holds(link) ? HF_OK : hf_err_set(&err, HF_EPERM, "no lease, no result");
    rc = rc == HF_OK ? take_back(w, result->session, result->call, true, &err) : rc;
    rc = rc == HF_OK ? redact_all(w, result->strings, &out, &changed, &err) : rc;
    if (rc == HF_OK) {
        rc = hf_plugin_redacted_close(&out);
    }
    if (rc == HF_OK) {
        w->counts.redacted += changed ? 1 : 0;
        hf_link_send_bytes(link, hf_buf_bytes(&buf));
    } else {
        fail(link, message->id, &err);
    }
    hf_buf_free(&buf);
}

void hf_result_life(struct hf_link *link, const struct hf_plugin_life *life)
{
    struct hf_wrapper *w = link->wrapper;
    struct hf_err err = {0};
    if (hf_str_eq(life->what, HF_STR("ran"))) {
        if (take_back(w, life->session, life->call, false, &err) != HF_OK) {
            hf_log(w->logger, HF_LOG_ERROR, "taint.unwritten", hf_f_err(&err));
        }
    } else if (hf_str_eq(life->what, HF_STR("run_end"))) {
        hf_run_over(w, life->session, life->call);
    } else if (hf_str_eq(life->what, HF_STR("changed")) ||
               hf_str_eq(life->what, HF_STR("not_asked"))) {
        w->counts.changed++;
        hf_log(w->logger, HF_LOG_ERROR, "call.fenced", hf_f_str("why", life->what),
               hf_f_str("tool", life->tool), hf_f_str("call", life->call));
    } else {
        hf_log(w->logger, HF_LOG_INFO, "openclaw.life", hf_f_str("what", life->what),
               hf_f_str("session", life->session), hf_f_str("text", life->text));
    }
}

/* usage */

/* Only characters that the schema's names have; others become '-'. */
static struct hf_str name(struct hf_str text, const char *allowed, char *out, size_t cap)
{
    size_t len = text.len < cap ? text.len : cap;
    for (size_t i = 0; i < len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool upper = c >= 'A' && c <= 'Z' && allowed[0] == 'A';
        out[i] = (char)(letter || upper || (c != '\0' && strchr(allowed + 1, c) != NULL) ? c : '-');
    }
    return len == 0 ? HF_STR("unknown") : (struct hf_str){out, len};
}

void hf_result_usage(struct hf_link *link, const struct hf_plugin_usage *usage)
{
    struct hf_wrapper *w = link->wrapper;
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    char provider[48];
    char model[96];
    char request[96];
    char openclaw[64];
    char reservation[HF_RUN_NAME_SIZE];
    bool settles = usage->last && usage->run.len > 0;
    hf_run_name(usage->session, usage->run, reservation);
    const struct hf_event_metering_recorded event = {
        .tenant = hf_str_c(w->tenant),
        .provider = name(usage->provider, "a-", provider, sizeof provider),
        .model = name(usage->model, "A._:/@-", model, sizeof model),
        .request = name(usage->request, "A._:-", request, sizeof request),
        .source = HF_EVENT_METERING_RECORDED_SOURCE_WRAPPER,
        .input_tokens = usage->input,
        .output_tokens = usage->output,
        .cached_tokens = usage->cache_read,
        .has_cache_write_tokens = true,
        .cache_write_tokens = usage->cache_write,
        .has_reasoning_tokens = true,
        .reasoning_tokens = usage->reasoning,
        .has_session = usage->session.len > 0 && usage->session.len <= 128,
        .session = usage->session,
        .has_openclaw = w->openclaw[0] != '\0',
        .openclaw = name(hf_str_c(w->openclaw), "A.+_-", openclaw, sizeof openclaw),
        .has_wrapper = true,
        .wrapper = HF_STR(HF_VERSION),
        .has_policy = policy != NULL,
        .policy = policy == NULL ? HF_STR("") : hf_policy_name(policy),
        .has_reservation = settles,
        .reservation = hf_str_c(reservation)};
    hf_wrapper_note(w, HF_EVENT_METERING_RECORDED_NAME, &event);
    hf_wrapper_budget_soon(&w->budget);
}
