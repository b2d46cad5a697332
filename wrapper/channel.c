/* wrapper/channel.c: asks what is staged, fetches it, offers it. */
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

static struct hf_policy_channel *channel_of(struct hf_http_call *call)
{
    struct hf_policy_channel *channel = HF_CONTAINER_OF(call, struct hf_policy_channel, call);
    channel->asking = false;
    return channel;
}

static void later(struct hf_policy_channel *channel, uint64_t delay_ns)
{
    (void)hf_timer_arm(&channel->timer, delay_ns);
}

static void start(struct hf_policy_channel *channel, uint64_t timeout_ns, size_t answer_max,
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

/* Expiry does not count for what the agent has as the one that runs: it was good when it came. */
static enum hf_rc offer(struct hf_policy_channel *channel, struct hf_bytes bundle,
                        struct hf_err *err)
{
    struct hf_wrapper *w = channel->wrapper;
    struct hf_hash digest;
    size_t len = 0;
    const struct hf_policy_offer it = {
        .bundle = bundle,
        .of_region = true,
        .manifest = hf_buf_bytes(&channel->manifest),
        .region = hf_str_c(channel->region),
        .floor = channel->floor,
        .now_us = channel->runs ? 0 : hf_env_wall_us(hf_loop_env(w->loop))};
    enum hf_rc rc = hf_hex_decode(hf_str_c(channel->wanted), digest.b, HF_HASH_SIZE, &len, NULL);
    HF_ASSERT(rc == HF_OK && len == HF_HASH_SIZE); /* it was spelled here */
    return hf_activation_staged(w, &it, &digest, err);
}

static void fetched(struct hf_http_call *call)
{
    struct hf_policy_channel *channel = channel_of(call);
    struct hf_err err = {0};
    if (call->rc != HF_OK || call->status != 200) {
        hf_buf_free(&call->answer);
        later(channel, RETRY_NS);
        return;
    }
    enum hf_rc rc = offer(channel, hf_buf_bytes(&call->answer), &err);
    hf_buf_free(&call->answer);
    if (rc != HF_OK && rc != HF_EPERM) {
        hf_log(channel->wrapper->logger, HF_LOG_ERROR, "policy.not_now", hf_f_err(&err));
        later(channel, RETRY_NS);
        return;
    }
    memcpy(channel->known, channel->wanted, sizeof channel->known);
    later(channel, 0);
}

/* asking */

static bool take_digest(const struct hf_json *artifact, char out[HF_CHANNEL_DIGEST + 1])
{
    const struct hf_json *digest = hf_json_get_kind(artifact, "digest", HF_JSON_STR);
    uint8_t bytes[HF_HASH_SIZE];
    size_t len = 0;
    bool good = digest != NULL &&
                hf_hex_decode(hf_json_as_str(digest), bytes, sizeof bytes, &len, NULL) == HF_OK &&
                len == sizeof bytes;
    if (good) {
        hf_hex_encode(hf_bytes_of(bytes, sizeof bytes), out);
    }
    return good;
}

/* True: there is a staged one that was not looked at yet. An answer that lacks something of it is
 * none; without a manifest it is refused later, with the reason. */
static bool take_offer(struct hf_policy_channel *channel, struct hf_bytes answer)
{
    struct hf_json_doc *doc = NULL;
    char good[HF_CHANNEL_DIGEST + 1];
    bool news = false;
    if (hf_json_parse(answer, &doc, /* err= */ NULL) != HF_OK) {
        return false;
    }
    const struct hf_json *root = hf_json_root(doc);
    const struct hf_json *staged = hf_json_get_kind(root, "staged", HF_JSON_OBJECT);
    const struct hf_json *manifest = hf_json_get_kind(staged, "manifest", HF_JSON_STR);
    const struct hf_json *region = hf_json_get_kind(root, "region", HF_JSON_STR);
    const struct hf_json *floor = hf_json_get_kind(root, "floor", HF_JSON_INT);
    if (manifest != NULL && region != NULL && hf_json_as_str(region).len > 0 &&
        hf_json_as_str(region).len <= HF_MANIFEST_NAME_MAX && floor != NULL &&
        hf_json_to_u64(floor, &channel->floor) == HF_OK && take_digest(staged, channel->wanted)) {
        hf_buf_clear(&channel->manifest);
        hf_buf_str(&channel->manifest, hf_json_as_str(manifest));
        (void)snprintf(channel->region, sizeof channel->region, "%.*s",
                       HF_STR_ARG(hf_json_as_str(region)));
        channel->runs = take_digest(hf_json_get_kind(root, "good", HF_JSON_OBJECT), good) &&
                        memcmp(good, channel->wanted, sizeof good) == 0;
        news = channel->manifest.failed == HF_OK &&
               memcmp(channel->wanted, channel->known, sizeof channel->known) != 0;
    }
    hf_json_free(doc);
    return news;
}

static void offered(struct hf_http_call *call)
{
    struct hf_policy_channel *channel = channel_of(call);
    bool good = call->rc == HF_OK && call->status == 200;
    bool news = good && take_offer(channel, hf_buf_bytes(&call->answer));
    hf_buf_free(&call->answer);
    if (news) {
        (void)snprintf(channel->url, sizeof channel->url, "http://agent/v1/artifacts/policy/%s",
                       channel->wanted);
        start(channel, FETCH_NS, HF_ARTIFACT_MAX, fetched);
    } else {
        later(channel, good ? SECOND : RETRY_NS);
    }
}

static void ask(struct hf_timer *timer)
{
    struct hf_policy_channel *channel = HF_CONTAINER_OF(timer, struct hf_policy_channel, timer);
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

void hf_policy_channel_open(struct hf_wrapper *wrapper)
{
    struct hf_policy_channel *channel = &wrapper->channel;
    *channel = (struct hf_policy_channel){.wrapper = wrapper,
                                          .manifest = hf_buf_init(2 * HF_MANIFEST_MAX)};
    hf_timer_init(&channel->timer, wrapper->loop, ask);
    later(channel, SECOND);
}

void hf_policy_channel_close(struct hf_wrapper *wrapper)
{
    struct hf_policy_channel *channel = &wrapper->channel;
    if (channel->wrapper == NULL) {
        return;
    }
    hf_timer_cancel(&channel->timer);
    if (channel->asking) {
        hf_http_call_cancel(&channel->call);
        channel->asking = false;
    }
    hf_buf_free(&channel->manifest);
    channel->wrapper = NULL;
}
