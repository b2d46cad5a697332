/* tenant/rotate.c: takes the next API key; the one before works on at the Hub for a week.
 *
 * The new key is on disk before it is used. A lost answer is asked for again with the same serial
 * and is the same key.
 */
#include "base/assert.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "tenant/agent.h"

static void write_wish(struct hf_agent *agent)
{
    uint8_t text[HF_KEY_WISH_TEXT_MAX];
    struct hf_signature signature;
    struct hf_json_out json;
    const struct hf_key_wish wish = {.tenant = hf_str_c(agent->region.tenant),
                                     .serial = agent->region.key_serial + 1,
                                     .tls_pin = agent->region.tls_pin};
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_key_wish_text(&wish, &w);
    HF_ASSERT(!w.overflow);
    hf_sign(agent->identity, hf_writer_done(&w), &signature);
    hf_buf_clear(&agent->rotate.body);
    hf_json_init(&json, &agent->rotate.body);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "serial", wish.serial);
    hf_json_key(&json, HF_STR("signature"));
    hf_json_hex(&json, hf_bytes_of(signature.b, sizeof signature.b));
    hf_json_object_end(&json);
}

static enum hf_rc take_answer(struct hf_agent *agent, struct hf_bytes answer, struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    uint64_t serial = 0;
    enum hf_rc rc = hf_json_parse(answer, &doc, err);
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_json *root = hf_json_root(doc);
    const struct hf_json *key = hf_json_get_kind(root, "api_key", HF_JSON_STR);
    if (key == NULL || hf_json_as_str(key).len > 200 ||
        !hf_json_take_u64(root, "serial", UINT64_MAX, &serial) ||
        serial != agent->region.key_serial + 1) {
        rc = hf_err_set(err, HF_EINVAL, "the Hub's answer is no next key");
    } else {
        struct hf_secret next = {0};
        rc = hf_secret_copy(hf_str_bytes(hf_json_as_str(key)), &next);
        if (rc == HF_OK) {
            hf_secret_free(&agent->api_key);
            agent->api_key = next;
            agent->region.key_serial = serial;
            rc = hf_agent_save_region(agent, err);
        } else {
            (void)hf_err_set(err, rc, "no memory for the API key");
        }
    }
    hf_json_free(doc);
    return rc;
}

static void answered(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, rotate);
    struct hf_err err = call->err;
    enum hf_rc rc = call->rc;
    job->busy = false;
    if (rc == HF_OK && call->status == 200) {
        rc = take_answer(agent, hf_buf_bytes(&call->answer), &err);
    } else if (rc == HF_OK) {
        rc = hf_err_set(&err, HF_EIO, "the Hub answered %d", call->status);
    }
    hf_wipe(call->answer.ptr, call->answer.len);
    hf_buf_free(&call->answer);
    if (rc == HF_OK) {
        job->failures = 0;
        hf_log(agent->logger, HF_LOG_INFO, "key.rotated",
               hf_f_u64("serial", agent->region.key_serial));
        (void)hf_timer_arm(&job->timer, agent->conf.key_ns);
    } else {
        hf_log(agent->logger, HF_LOG_WARN, "key.not_rotated", hf_f_err(&err));
        hf_agent_back_off(agent, job);
    }
}

static void due(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent *agent = HF_CONTAINER_OF(job, struct hf_agent, rotate);
    if (agent->sm.state == HF_AGENT_OPENING) {
        (void)hf_timer_arm(timer, UINT64_C(10000000000)); /* that is over soon */
        return;
    }
    if ((agent->sm.state == HF_AGENT_RUNNING || agent->sm.state == HF_AGENT_HALTED) && !job->busy) {
        write_wish(agent);
        hf_agent_ask(agent, job, "/v1/rotate", "application/json", answered);
    }
}

void hf_agent_rotate_start(struct hf_agent *agent)
{
    uint64_t random = 0;
    hf_timer_init(&agent->rotate.timer, agent->loop, due);
    hf_env_random(hf_loop_env(agent->loop), &random, sizeof random);
    /* Agents that were started together do not come together. */
    (void)hf_timer_arm(&agent->rotate.timer,
                       agent->conf.key_ns - random % (agent->conf.key_ns / 4 + 1));
}

void hf_agent_rotate_now(struct hf_agent *agent)
{
    if (!agent->rotate.busy) {
        (void)hf_timer_arm(&agent->rotate.timer, 0);
    }
}
