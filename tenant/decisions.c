/* tenant/decisions.c: reads answers out of the tenant's log. */
#include "tenant/decisions.h"

#include "base/assert.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "log/core/reader.h"
#include "schemas/events_gen.h"
#include "tenant/agent.h"

#define PAGE 100

/* showing */

static enum hf_rc put_decision(struct hf_json_out *json, uint64_t index, struct hf_bytes entry,
                               struct hf_err *err)
{
    struct hf_envelope envelope;
    struct hf_event_approval_delivered event;
    enum hf_rc rc = hf_envelope_read_leaf(entry, &envelope, err);
    if (rc == HF_OK) {
        rc = hf_event_approval_delivered_decode(envelope.payload, &event, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_json_object_begin(json);
    hf_json_key_u64(json, "index", index);
    hf_json_key_str(json, "approval", event.approval);
    hf_json_key(json, HF_STR("request"));
    hf_json_hex(json, event.request);
    hf_json_key_str(json, "decision", hf_event_approval_delivered_decision_name(event.decision));
    hf_json_key(json, HF_STR("not_after"));
    hf_json_time_us(json, event.not_after);
    hf_json_object_end(json);
    return HF_OK;
}

/* The agent alone writes this type, so an entry that is another's is skipped, not believed. */
static bool is_ours(struct hf_bytes entry)
{
    struct hf_envelope envelope;
    return hf_envelope_read_leaf(entry, &envelope, /* err= */ NULL) == HF_OK &&
           hf_str_eq(envelope.producer, HF_STR("directive"));
}

static enum hf_rc put_decisions(struct hf_agent *agent, uint64_t from, struct hf_json_out *json,
                                unsigned *ret_count, struct hf_err *err)
{
    const struct hf_reader_options options = {
        .from = from, .kind = HF_HEAD_TYPE, .name = HF_STR(HF_EVENT_APPROVAL_DELIVERED_NAME)};
    struct hf_reader *reader = NULL;
    uint64_t next = from;
    *ret_count = 0;
    hf_json_object_begin(json);
    hf_json_key_u64(json, "epoch", agent->epoch.epoch);
    hf_json_key(json, HF_STR("decisions"));
    hf_json_array_begin(json);
    enum hf_rc rc = hf_reader_open(agent->log.log, &options, &reader, err);
    while (rc == HF_OK && *ret_count < PAGE) {
        struct hf_bytes entry;
        uint64_t index = 0;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK && is_ours(entry)) {
            rc = put_decision(json, index, entry, err);
            next = index + 1;
            (*ret_count)++;
        }
    }
    hf_reader_close(reader);
    hf_json_array_end(json);
    hf_json_key_u64(json, "next", next);
    hf_json_object_end(json);
    return rc == HF_EEND ? HF_OK : rc;
}

static bool prepare(struct hf_agent *agent, const struct hf_agent_question *question, bool anyway,
                    struct hf_agent_reply *reply)
{
    struct hf_json_out json;
    unsigned count = 0;
    *reply = (struct hf_agent_reply){.text = hf_buf_init(65536)};
    hf_json_init(&json, &reply->text);
    reply->rc = put_decisions(agent, question->from, &json, &count, &reply->err);
    if (reply->rc == HF_OK && reply->text.failed == HF_OK && count == 0 && !anyway) {
        hf_buf_free(&reply->text);
        return false;
    }
    return true;
}

void hf_agent_decisions_wake(struct hf_agent *agent)
{
    hf_agent_waiters_wake(agent, prepare);
}

/* asking */

/* "from=N&wait_s=N"; each may be left out. */
static bool parse(struct hf_str query, uint64_t *ret_from, uint64_t *ret_wait_s)
{
    while (query.len > 0) {
        struct hf_str key;
        struct hf_str value;
        if (!hf_agent_query_next(&query, &key, &value)) {
            return false;
        }
        bool is_from = hf_str_eq(key, HF_STR("from"));
        if ((!is_from && !hf_str_eq(key, HF_STR("wait_s"))) ||
            hf_parse_u64(value, 0, is_from ? INT64_MAX : HF_AGENT_WAIT_MAX_S,
                         is_from ? ret_from : ret_wait_s) != HF_OK) {
            return false;
        }
    }
    return true;
}

void hf_agent_decisions_serve(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    struct hf_str target = hf_bytes_str(hf_http_exchange_request(exchange)->target);
    const char *mark = memchr(target.ptr, '?', target.len);
    struct hf_agent_question question = {.from = 0};
    uint64_t wait_s = 0;
    if (!parse((struct hf_str){mark + 1, target.len - (size_t)(mark + 1 - target.ptr)},
               &question.from, &wait_s)) {
        hf_http_problem(exchange, 400, "invalid",
                        "Ask with from=INDEX, an index of the log, and wait_s=N, 0 to 30.");
        return;
    }
    if (agent->log.log == NULL || hf_agent_state(agent) == HF_AGENT_CLOSING) {
        hf_http_problem(exchange, 503, "try-again", "The log is not open.");
        return;
    }
    hf_agent_answer_or_wait(agent, exchange, prepare, &question, wait_s);
}
