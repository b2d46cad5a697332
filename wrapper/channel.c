/* wrapper/channel.c: asks what is staged, fetches it, puts it in force, says so. */
#include "wrapper/channel.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "schemas/events_gen.h"
#include "wrapper/wrapper.h"

#define SECOND     UINT64_C(1000000000)
#define WAIT_S     25
#define RETRY_NS   (5 * SECOND)
#define FETCH_NS   (60 * SECOND)
#define ANSWER_MAX 65536

static struct hf_channel *channel_of(struct hf_http_call *call)
{
    struct hf_channel *channel = HF_CONTAINER_OF(call, struct hf_channel, call);
    channel->asking = false;
    return channel;
}

static void later(struct hf_channel *channel, uint64_t delay_ns)
{
    (void)hf_timer_arm(&channel->timer, delay_ns);
}

static void start(struct hf_channel *channel, uint64_t timeout_ns, size_t answer_max,
                  void (*done)(struct hf_http_call *call))
{
    channel->call = (struct hf_http_call){.method = "GET",
                                          .url = channel->url,
                                          .timeout_ns = timeout_ns,
                                          .answer_max = answer_max,
                                          .done = done};
    channel->asking = true;
    hf_http_call_start(channel->wrapper->client, &channel->call);
}

/* putting in force */

static void say_activated(struct hf_wrapper *w, const struct hf_hash *before, bool has_before,
                          uint64_t sequence)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    const struct hf_event_policy_activated event = {
        .tenant = hf_str_c(w->tenant),
        .digest = hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE),
        .name = hf_policy_name(policy),
        .version = hf_policy_version(policy),
        .sequence = sequence,
        .vectors = hf_policy_vector_count(policy),
        .has_before = has_before,
        .before = hf_bytes_of(before->b, HF_HASH_SIZE)};
    hf_wrapper_note(w, HF_EVENT_POLICY_ACTIVATED_NAME, &event);
    hf_log(w->logger, HF_LOG_INFO, "policy.active", hf_f_str("name", hf_policy_name(policy)),
           hf_f_str("version", hf_policy_version(policy)), hf_f_u64("sequence", sequence));
}

static enum hf_rc activate(struct hf_channel *channel, struct hf_bytes bundle, struct hf_err *err)
{
    struct hf_wrapper *w = channel->wrapper;
    const struct hf_policy *old = hf_policies_active(&w->policies);
    struct hf_hash before = {{0}};
    struct hf_hash hash;
    char hex[HF_CHANNEL_DIGEST + 1];
    hf_sha256(bundle, &hash);
    hf_hex_encode(hf_bytes_of(hash.b, sizeof hash.b), hex);
    if (memcmp(hex, channel->wanted, sizeof hex) != 0) {
        return hf_err_set(err, HF_EMISMATCH, "its bytes are not those of its digest");
    }
    if (old != NULL) {
        before = *hf_policy_digest(old);
    }
    enum hf_rc rc = hf_policies_activate(&w->policies, bundle, err);
    if (rc == HF_OK || rc == HF_EEXIST) {
        say_activated(w, &before, rc == HF_OK && old != NULL, channel->sequence);
        return HF_OK;
    }
    return rc;
}

static void fetched(struct hf_http_call *call)
{
    struct hf_channel *channel = channel_of(call);
    struct hf_err err = {0};
    if (call->rc != HF_OK || call->status != 200) {
        hf_buf_free(&call->answer);
        later(channel, RETRY_NS);
        return;
    }
    enum hf_rc rc = activate(channel, hf_buf_bytes(&call->answer), &err);
    hf_buf_free(&call->answer);
    if (rc == HF_ENOMEM || rc == HF_ENOSPC || rc == HF_EIO) {
        hf_log(channel->wrapper->logger, HF_LOG_ERROR, "policy.not_now", hf_f_err(&err));
        later(channel, RETRY_NS);
        return;
    }
    if (rc != HF_OK) {
        hf_log(channel->wrapper->logger, HF_LOG_ERROR, "policy.refused", hf_f_err(&err));
    }
    memcpy(channel->known, channel->wanted, sizeof channel->known);
    later(channel, 0);
}

/* asking */

static const struct hf_json *member(const struct hf_json *object, const char *key,
                                    enum hf_json_kind kind)
{
    const struct hf_json *value =
        object != NULL && hf_json_kind(object) == HF_JSON_OBJECT ? hf_json_get(object, key) : NULL;
    return value != NULL && hf_json_kind(value) == kind ? value : NULL;
}

/* True: there is a staged one that was not looked at yet. */
static bool take_offer(struct hf_channel *channel, struct hf_bytes answer)
{
    struct hf_json_doc *doc = NULL;
    bool news = false;
    if (hf_json_parse(answer, &doc, /* err= */ NULL) != HF_OK) {
        return false;
    }
    const struct hf_json *staged = member(hf_json_root(doc), "staged", HF_JSON_OBJECT);
    const struct hf_json *digest = member(staged, "digest", HF_JSON_STR);
    const struct hf_json *sequence = staged == NULL ? NULL : hf_json_get(staged, "sequence");
    uint8_t bytes[HF_HASH_SIZE];
    size_t len = 0;
    if (digest != NULL && sequence != NULL &&
        hf_json_to_u64(sequence, &channel->sequence) == HF_OK &&
        hf_hex_decode(hf_json_as_str(digest), bytes, sizeof bytes, &len, NULL) == HF_OK &&
        len == sizeof bytes) {
        hf_hex_encode(hf_bytes_of(bytes, sizeof bytes), channel->wanted);
        news = memcmp(channel->wanted, channel->known, sizeof channel->known) != 0;
    }
    hf_json_free(doc);
    return news;
}

static void offered(struct hf_http_call *call)
{
    struct hf_channel *channel = channel_of(call);
    bool good = call->rc == HF_OK && call->status == 200;
    bool news = good && take_offer(channel, hf_buf_bytes(&call->answer));
    hf_buf_free(&call->answer);
    if (news) {
        (void)snprintf(channel->url, sizeof channel->url, "http://agent/v1/artifacts/policy/%s",
                       channel->wanted);
        start(channel, FETCH_NS, HF_POLICY_BUNDLE_MAX, fetched);
    } else {
        later(channel, good ? SECOND : RETRY_NS);
    }
}

static void ask(struct hf_timer *timer)
{
    struct hf_channel *channel = HF_CONTAINER_OF(timer, struct hf_channel, timer);
    bool known = channel->known[0] != '\0';
    if (channel->wrapper->tenant[0] == '\0') {
        later(channel, SECOND);
        return;
    }
    (void)snprintf(channel->url, sizeof channel->url,
                   "http://agent/v1/artifacts/policy?%s%s%swait_s=%d", known ? "not=" : "",
                   channel->known, known ? "&" : "", WAIT_S);
    start(channel, (WAIT_S + 10) * SECOND, ANSWER_MAX, offered);
}

void hf_channel_open(struct hf_wrapper *wrapper)
{
    struct hf_channel *channel = &wrapper->channel;
    *channel = (struct hf_channel){.wrapper = wrapper};
    hf_timer_init(&channel->timer, wrapper->loop, ask);
    later(channel, SECOND);
}

void hf_channel_close(struct hf_wrapper *wrapper)
{
    struct hf_channel *channel = &wrapper->channel;
    if (channel->wrapper == NULL) {
        return;
    }
    hf_timer_cancel(&channel->timer);
    if (channel->asking) {
        hf_http_call_cancel(&channel->call);
        channel->asking = false;
    }
}
