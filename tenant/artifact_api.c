/* tenant/artifact_api.c: offers artifacts to the programs beside the agent. */
#include "base/hex.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "tenant/agent.h"
#include "tenant/artifact_store.h"

#define PREFIX "/v1/artifacts/"

/* what there is */

static enum hf_rc put_artifact(struct hf_agent *agent, struct hf_json_out *json, const char *key,
                               const struct hf_agent_artifact *artifact, struct hf_err *err)
{
    struct hf_bytes note;
    struct hf_bytes bytes;
    struct hf_buf package = hf_buf_init(HF_PACKAGE_MAX);
    enum hf_rc rc = HF_OK;
    if (!artifact->set) {
        return HF_OK;
    }
    rc = hf_agent_package_load(agent, &artifact->digest, &package, &note, &bytes, err);
    if (rc == HF_OK) {
        hf_json_key(json, hf_str_c(key));
        hf_json_object_begin(json);
        hf_json_key(json, HF_STR("digest"));
        hf_json_hex(json, hf_bytes_of(artifact->digest.b, HF_HASH_SIZE));
        hf_json_key_u64(json, "sequence", artifact->sequence);
        hf_json_key_u64(json, "directive", artifact->directive);
        hf_json_key_str(json, "version", hf_str_c(artifact->version));
        hf_json_key_str(json, "manifest", hf_bytes_str(note));
        hf_json_object_end(json);
    }
    hf_buf_free(&package);
    return rc;
}

static bool prepare(struct hf_agent *agent, const struct hf_agent_question *question, bool anyway,
                    struct hf_agent_reply *reply)
{
    const struct hf_agent_slot *slot = &agent->artifacts.slots[question->slot];
    bool is_news = slot->staged.set &&
                   !(question->has_known && hf_hash_eq(&question->known, &slot->staged.digest));
    struct hf_json_out json;
    if (!is_news && !anyway) {
        return false;
    }
    *reply = (struct hf_agent_reply){.text = hf_buf_init(65536)};
    if (agent->artifacts.off) {
        reply->rc = hf_err_set(&reply->err, HF_ECORRUPT,
                               "What the agent kept of artifacts cannot be read; see its log.");
        return true;
    }
    hf_json_init(&json, &reply->text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "slot", hf_str_c(hf_slot_name(question->slot)));
    hf_json_key_str(&json, "region", hf_str_c(agent->region.region));
    hf_json_key_u64(&json, "floor", slot->floor);
    reply->rc = put_artifact(agent, &json, "staged", &slot->staged, &reply->err);
    if (reply->rc == HF_OK) {
        reply->rc = put_artifact(agent, &json, "good", &slot->good, &reply->err);
    }
    hf_json_object_end(&json);
    return true;
}

void hf_agent_artifacts_wake(struct hf_agent *agent)
{
    hf_agent_waiters_wake(agent, prepare);
}

static void answer_bytes(struct hf_agent *agent, struct hf_http_exchange *exchange,
                         const struct hf_agent_slot *slot, const struct hf_hash *digest)
{
    struct hf_err err = {0};
    struct hf_bytes note;
    struct hf_bytes bytes;
    struct hf_buf package = hf_buf_init(HF_PACKAGE_MAX);
    bool known = (slot->staged.set && hf_hash_eq(&slot->staged.digest, digest)) ||
                 (slot->good.set && hf_hash_eq(&slot->good.digest, digest));
    if (!known) {
        hf_http_problem(exchange, 404, "not-found",
                        "This is neither the staged nor the good artifact of the slot.");
        return;
    }
    if (hf_agent_package_load(agent, digest, &package, &note, &bytes, &err) == HF_OK) {
        hf_http_answer(exchange, 200, "application/octet-stream", bytes);
    } else {
        hf_http_problem(exchange, 503, "try-again", err.text);
    }
    hf_buf_free(&package);
}

/* asking */

static bool take_digest(struct hf_str text, struct hf_hash *ret)
{
    size_t len = 0;
    return hf_hex_decode(text, ret->b, HF_HASH_SIZE, &len, NULL) == HF_OK && len == HF_HASH_SIZE;
}

/* "not=DIGEST&wait_s=N"; each may be left out. */
static bool parse(struct hf_str query, struct hf_agent_question *question, uint64_t *ret_wait_s)
{
    while (query.len > 0) {
        struct hf_str key;
        struct hf_str value;
        if (!hf_agent_query_next(&query, &key, &value)) {
            return false;
        }
        if (hf_str_eq(key, HF_STR("not")) && take_digest(value, &question->known)) {
            question->has_known = true;
        } else if (!hf_str_eq(key, HF_STR("wait_s")) ||
                   hf_parse_u64(value, 0, HF_AGENT_WAIT_MAX_S, ret_wait_s) != HF_OK) {
            return false;
        }
    }
    return true;
}

/* Cuts the text off behind the mark; false when there is none. */
static bool cut(struct hf_str *text, char mark, struct hf_str *ret_rest)
{
    const char *at = text->len == 0 ? NULL : memchr(text->ptr, mark, text->len);
    if (at == NULL) {
        return false;
    }
    size_t len = (size_t)(at - text->ptr);
    *ret_rest = (struct hf_str){at + 1, text->len - len - 1};
    text->len = len;
    return true;
}

void hf_agent_artifacts_serve(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    struct hf_str target = hf_bytes_str(hf_http_exchange_request(exchange)->target);
    struct hf_str rest = {target.ptr + sizeof PREFIX - 1, target.len - (sizeof PREFIX - 1)};
    struct hf_str query = HF_STR("");
    struct hf_str name = HF_STR("");
    struct hf_agent_question question = {.from = 0};
    struct hf_hash digest;
    uint64_t wait_s = 0;
    bool has_query = cut(&rest, '?', &query);
    bool has_name = cut(&rest, '/', &name);
    if (hf_slot_parse(rest, &question.slot, /* err= */ NULL) != HF_OK ||
        (has_name && (has_query || !take_digest(name, &digest))) ||
        !parse(query, &question, &wait_s)) {
        hf_http_problem(exchange, 400, "invalid",
                        "Ask for " PREFIX "SLOT?not=DIGEST&wait_s=N, 0 to 30, or " PREFIX
                        "SLOT/DIGEST.");
        return;
    }
    if (hf_agent_state(agent) == HF_AGENT_CLOSING || !agent->started) {
        hf_http_problem(exchange, 503, "try-again", "The agent does not run yet.");
        return;
    }
    if (has_name) {
        answer_bytes(agent, exchange, &agent->artifacts.slots[question.slot], &digest);
    } else {
        hf_agent_answer_or_wait(agent, exchange, prepare, &question, wait_s);
    }
}
