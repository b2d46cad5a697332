/* wrapper/explain.c: judges a call as any other, and says what came of it. */
#include "wrapper/explain.h"

#include "base/json_out.h"
#include "wrapper/judge.h"
#include "wrapper/policy/facts.h"
#include "wrapper/protocol.h"

#define ANSWER_MAX (256u << 10)

static void put_facts(struct hf_json_out *json, const struct hf_judgement *judged)
{
    struct hf_policy_facts facts;
    if (hf_facts_decode(judged->vector, &facts, /* err= */ NULL) == HF_OK) {
        hf_json_key(json, HF_STR("facts"));
        hf_policy_facts_to_json(&facts, json);
    }
}

static void put(struct hf_json_out *json, const struct hf_wrapper *w,
                const struct hf_judgement *judged, bool facts)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    hf_json_object_begin(json);
    hf_json_key_str(json, "verdict", hf_verdict_name(judged->verdict));
    hf_json_key_str(json, "rule", hf_str_c(judged->rule));
    hf_json_key_str(json, "reason", hf_str_c(judged->reason));
    hf_json_key_str(json, "asi", hf_policy_rule_asi_name(judged->asi));
    hf_json_key_str(json, "risk", hf_policy_rule_risk_name(judged->risk));
    hf_json_key(json, HF_STR("policy"));
    hf_json_object_begin(json);
    hf_json_key_str(json, "name", hf_policy_name(policy));
    hf_json_key_str(json, "version", hf_policy_version(policy));
    hf_json_key_hex(json, "digest", hf_bytes_of(judged->policy_digest.b, HF_HASH_SIZE));
    hf_json_object_end(json);
    if (judged->has_shadow) {
        hf_json_key(json, HF_STR("shadow"));
        hf_json_object_begin(json);
        hf_json_key_str(json, "verdict", hf_verdict_name(judged->shadow_verdict));
        hf_json_key_str(json, "rule", hf_str_c(judged->shadow_rule));
        hf_json_key_hex(json, "digest", hf_bytes_of(judged->shadow_digest.b, HF_HASH_SIZE));
        hf_json_object_end(json);
    }
    hf_json_key_str(json, "enforcement", hf_str_c(hf_watch_enforcement(w)));
    if (facts) {
        put_facts(json, judged);
    }
    hf_json_object_end(json);
}

static void answer(const struct hf_wrapper *w, struct hf_http_exchange *exchange,
                   const struct hf_judgement *judged, bool facts)
{
    struct hf_buf text = hf_buf_init(ANSWER_MAX);
    struct hf_json_out json;
    hf_json_init(&json, &text);
    put(&json, w, judged, facts);
    if (text.failed == HF_OK) {
        hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(&text));
    } else {
        hf_http_problem(exchange, 503, "try-again", "no memory for the answer");
    }
    hf_buf_free(&text);
}

static void refuse(struct hf_http_exchange *exchange, const struct hf_err *err)
{
    if (err->rc == HF_ENOMEM) {
        hf_http_problem(exchange, 503, "try-again", err->text);
    } else if (err->rc == HF_ENOTFOUND) { /* no policy, no tenant */
        hf_http_problem(exchange, 409, "invalid", err->text);
    } else {
        hf_http_problem(exchange, 422, "invalid", err->text);
    }
}

void hf_explain_answer(struct hf_wrapper *w, struct hf_http_exchange *exchange, bool facts)
{
    struct hf_plugin_message message;
    struct hf_judgement judged;
    struct hf_session session;
    struct hf_err err = {0};
    enum hf_rc rc = hf_plugin_message_parse(hf_http_exchange_body(exchange), &message, &err);
    if (rc != HF_OK) {
        refuse(exchange, &err);
        return;
    }
    if (message.kind != HF_PLUGIN_CALL) {
        (void)hf_err_set(&err, HF_EINVAL, "only the message \"call\" can be explained");
        refuse(exchange, &err);
    } else {
        hf_sessions_peek(w->sessions, message.call.session, &session);
        rc = hf_judge(w, &message.call, &session, &judged, &err);
        if (rc == HF_OK) {
            answer(w, exchange, &judged, facts);
        } else {
            refuse(exchange, &err);
        }
        hf_judgement_free(&judged);
    }
    hf_plugin_message_free(&message);
}
