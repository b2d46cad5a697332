/* tests/fuzz/hub/world.c: makes the Hub and its tenants, and what good agents would send. */
#include "tests/fuzz/hub/world.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/net/pair.h"
#include "hub/append.h"
#include "hub/memory.h"

#define SECOND UINT64_C(1000000000)

/* a Hub */

static void hub_closed(void *arg)
{
    struct fuzz_world *w = arg;
    hf_heap_free(w->hub);
    w->hub = NULL;
}

static void close_hub(struct fuzz_world *w)
{
    if (w->hub == NULL) {
        return;
    }
    hf_hub_close(w->hub, hub_closed, w);
    while (w->hub != NULL) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
}

static void open_hub(struct fuzz_world *w)
{
    const struct hf_hub_conf conf = {.dir = "/hub",
                                     .region = "dev",
                                     .disk = &w->disk.disk,
                                     .host_key = &w->host_key,
                                     .logger = &w->logger};
    w->hub = hf_heap_zalloc(1, sizeof *w->hub);
    HF_ASSERT(w->hub != NULL);
    HF_ASSERT(hf_hub_open(w->loop, &conf, w->hub, &w->err) == HF_OK);
}

static void run_for(struct fuzz_world *w, uint64_t ns)
{
    uint64_t until = hf_env_mono_ns(&w->sim.env) + ns;
    while (hf_env_mono_ns(&w->sim.env) < until) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
}

static void posted(struct hf_post *post)
{
    struct fuzz_world *w = HF_CONTAINER_OF(post, struct fuzz_world, post);
    HF_ASSERT(post->append.rc == HF_OK);
    hf_hub_fold_own(w->hub, &post->append);
    w->posted = true;
}

static void append(struct fuzz_world *w, const char *type, uint32_t version, const char *tenant,
                   struct hf_bytes payload)
{
    char stream[64];
    (void)snprintf(stream, sizeof stream, "tenant/%s", tenant);
    const struct hf_hub_event event = {
        .type = type, .schema_version = version, .stream = hf_str_c(stream), .payload = payload};
    w->posted = false;
    w->post.done = posted;
    HF_ASSERT(hf_hub_append(w->hub, &event, HF_STR("program:fuzz"), &w->post, &w->err) == HF_OK);
    while (!w->posted) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
}

static struct hf_signing_key *new_key(struct fuzz_world *w)
{
    struct hf_secret seed = {0};
    struct hf_signing_key *key = NULL;
    HF_ASSERT(hf_signing_key_new(&w->sim.env, &key, &seed, &w->err) == HF_OK);
    hf_secret_free(&seed);
    return key;
}

static void invite(struct fuzz_world *w, struct fuzz_invited *who, const char *name)
{
    uint8_t payload[1024];
    struct hf_writer out = hf_writer_init(payload, sizeof payload);
    const struct hf_event_tenant_created created = {
        .tenant = hf_str_c(name), .customer = HF_STR("internal"), .plan = HF_STR("none")};
    hf_event_tenant_created_encode(&created, &out);
    append(w, HF_EVENT_TENANT_CREATED_NAME, HF_EVENT_TENANT_CREATED_VERSION, name,
           hf_writer_done(&out));
    who->name = name;
    who->token.tls_pin = w->hub->tls_pin;
    who->token.log_fingerprint = w->hub->log_fingerprint;
    (void)snprintf(who->token.region, sizeof who->token.region, "dev");
    (void)snprintf(who->token.tenant, sizeof who->token.tenant, "%s", name);
    HF_ASSERT(hf_token_draw(&w->sim.env, &who->token, &w->err) == HF_OK);
    HF_ASSERT(hf_token_key(&who->token, &who->token_key, &w->err) == HF_OK);
    hf_token_hash(hf_signing_key_public(who->token_key), &who->token_hash);
    who->agent_key = new_key(w);
    who->log_key = new_key(w);
    const struct hf_event_tenant_token_minted minted = {
        .tenant = hf_str_c(name),
        .token_hash = hf_bytes_of(who->token_hash.b, HF_HASH_SIZE),
        .expires = hf_env_wall_us(&w->sim.env) + INT64_C(300) * 86400 * 1000000,
        .log_key = hf_bytes_of(w->hub->log_fingerprint.b, HF_HASH_SIZE),
        .tls_issuer = hf_bytes_of(w->hub->tls_pin.b, HF_HASH_SIZE)};
    out = hf_writer_init(payload, sizeof payload);
    hf_event_tenant_token_minted_encode(&minted, &out);
    append(w, HF_EVENT_TENANT_TOKEN_MINTED_NAME, HF_EVENT_TENANT_TOKEN_MINTED_VERSION, name,
           hf_writer_done(&out));
}

/* a connection */

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct fuzz_world *w = stream->user;
    hf_buf_put(&w->answer, data.ptr, data.len);
}

static void on_end(struct hf_stream *stream, enum hf_rc why)
{
    (void)why;
    ((struct fuzz_world *)stream->user)->over = true;
}

static void on_closed(struct hf_stream *stream)
{
    ((struct fuzz_world *)stream->user)->closed = true;
}

/* Sends, waits a moment for answers, and hangs up. */
void fuzz_exchange(struct fuzz_world *w, struct hf_bytes bytes)
{
    struct hf_stream *near = NULL;
    struct hf_stream *far = NULL;
    HF_ASSERT(hf_pair_new(w->loop, 1000, &near, &far) == HF_OK);
    near->user = w;
    near->on_data = on_data;
    near->on_end = on_end;
    near->on_closed = on_closed;
    w->over = false;
    w->closed = false;
    hf_buf_clear(&w->answer);
    hf_stream_read(near, true);
    hf_hub_serve(w->hub, far);
    HF_ASSERT(hf_stream_write(near, bytes) == HF_OK);
    run_for(w, SECOND / 4);
    hf_stream_close(near);
    while (!w->closed) {
        HF_ASSERT(hf_loop_step(w->loop));
    }
    run_for(w, SECOND / 4);
    HF_ASSERT(w->answer.len == 0 ||
              (w->answer.len > 9 && memcmp(w->answer.ptr, "HTTP/1.1 ", 9) == 0));
}

static void put_request(struct hf_buf *request, const char *path, const char *type,
                        const char *api_key, struct hf_bytes body)
{
    hf_buf_printf(request, "POST %s HTTP/1.1\r\nHost: hub\r\nContent-Type: %s\r\n", path, type);
    if (api_key != NULL) {
        hf_buf_printf(request, "Authorization: Bearer %s\r\n", api_key);
    }
    hf_buf_printf(request, "Content-Length: %zu\r\n\r\n", body.len);
    hf_buf_put(request, body.ptr, body.len);
}

/* requests that are good */

static void key_member(struct hf_json_out *json, const char *name, const struct hf_signing_key *key)
{
    hf_json_key(json, hf_str_c(name));
    hf_json_hex(json, hf_bytes_of(hf_signing_key_public(key), HF_PUBLIC_KEY_SIZE));
}

static void signature_member(struct hf_json_out *json, const char *name,
                             const struct hf_signing_key *key, struct hf_bytes text)
{
    struct hf_signature signature;
    hf_sign(key, text, &signature);
    hf_json_key(json, hf_str_c(name));
    hf_json_hex(json, hf_bytes_of(signature.b, sizeof signature.b));
}

void fuzz_put_registration(struct fuzz_world *w, const struct fuzz_invited *who,
                           struct hf_buf *request)
{
    char stem[64];
    uint8_t text[HF_REGISTRATION_TEXT_MAX];
    struct hf_buf body = hf_buf_init(8192);
    struct hf_json_out json;
    (void)snprintf(stem, sizeof stem, "dev/tenant/%s", who->name);
    const struct hf_registration r = {.tenant = hf_str_c(who->name),
                                      .token_key = *hf_signing_key_public(who->token_key),
                                      .agent_key = *hf_signing_key_public(who->agent_key),
                                      .log_key = *hf_signing_key_public(who->log_key),
                                      .log_stem = hf_str_c(stem),
                                      .tls_pin = who->token.tls_pin,
                                      .openclaw = HF_STR("1"),
                                      .wrapper = HF_STR("1"),
                                      .policy = HF_STR("1"),
                                      .time_us = hf_env_wall_us(&w->sim.env)};
    struct hf_writer out = hf_writer_init(text, sizeof text);
    hf_registration_text(&r, &out);
    hf_json_init(&json, &body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", r.tenant);
    key_member(&json, "token_key", who->token_key);
    key_member(&json, "agent_key", who->agent_key);
    key_member(&json, "log_key", who->log_key);
    hf_json_key_str(&json, "log_stem", r.log_stem);
    hf_json_key_u64(&json, "time_us", (uint64_t)r.time_us);
    hf_json_key_str(&json, "openclaw", HF_STR("1"));
    hf_json_key_str(&json, "wrapper", HF_STR("1"));
    hf_json_key_str(&json, "policy", HF_STR("1"));
    signature_member(&json, "token_signature", who->token_key, hf_writer_done(&out));
    signature_member(&json, "agent_signature", who->agent_key, hf_writer_done(&out));
    hf_json_object_end(&json);
    put_request(request, "/v1/register", "application/json", NULL, hf_buf_bytes(&body));
    hf_buf_free(&body);
}

/* One to four entries: what is left of the input, in parts. */
void fuzz_put_segment(struct fuzz_world *w, struct hf_bytes rest, struct hf_buf *request)
{
    struct hf_frontier frontier;
    struct hf_vkey vkey;
    uint8_t note[HF_CHECKPOINT_NOTE_MAX];
    struct hf_buf bundle = hf_buf_init(FUZZ_REQUEST_MAX);
    struct hf_buf body = hf_buf_init(FUZZ_REQUEST_MAX);
    size_t part = rest.len / 4 < 4096 ? rest.len / 4 + 1 : 4096;
    hf_frontier_init(&frontier);
    for (unsigned i = 0; i < 4 && (i == 0 || rest.len > 0); i++) {
        size_t len = rest.len < part ? rest.len : part;
        uint8_t head[2];
        struct hf_hash leaf;
        hf_be16_put(head, (uint16_t)len);
        hf_buf_put(&bundle, head, sizeof head);
        hf_buf_put(&bundle, rest.ptr, len);
        hf_tree_leaf_hash(hf_bytes_of(rest.ptr, len), &leaf);
        hf_frontier_append(&frontier, &leaf);
        rest = hf_bytes_of(rest.ptr + len, rest.len - len);
    }
    hf_frontier_root(&frontier, &w->root);
    w->end = frontier.size;
    HF_ASSERT(hf_mirror_vkey(HF_STR("dev/tenant/beta"), 1, hf_signing_key_public(w->beta.log_key),
                             &vkey, &w->err) == HF_OK);
    const struct hf_checkpoint checkpoint = {
        .origin = {vkey.name, vkey.name_len}, .size = w->end, .root = w->root};
    struct hf_writer out = hf_writer_init(note, sizeof note);
    hf_checkpoint_sign(&checkpoint, &vkey, w->beta.log_key, &out);
    const struct hf_segment segment = {
        .epoch = 1, .end = w->end, .note = hf_writer_done(&out), .bundle = hf_buf_bytes(&bundle)};
    hf_segment_write(&segment, &body);
    put_request(request, "/v1/segments", "application/octet-stream", w->api_key,
                hf_buf_bytes(&body));
    hf_buf_free(&bundle);
    hf_buf_free(&body);
}

/* the world as every input finds it */

static void take_api_key(struct fuzz_world *w)
{
    static const char member[] = "\"api_key\":\"";
    const char *at = memmem(w->answer.ptr, w->answer.len, member, sizeof member - 1);
    HF_ASSERT(at != NULL);
    at += sizeof member - 1;
    const char *end = memchr(at, '"', w->answer.len - (size_t)(at - (const char *)w->answer.ptr));
    HF_ASSERT(end != NULL);
    (void)snprintf(w->api_key, sizeof w->api_key, "%.*s", (int)(end - at), at);
}

struct fuzz_world *fuzz_make(void)
{
    struct fuzz_world *w = hf_heap_zalloc(1, sizeof *w);
    struct hf_buf request = hf_buf_init(FUZZ_REQUEST_MAX);
    HF_ASSERT(w != NULL && hf_crypto_init(&w->err) == HF_OK);
    hf_env_sim_init(&w->sim, 1);
    w->logger = (struct hf_logger){.env = &w->sim.env, .fd = -1};
    HF_ASSERT(hf_loop_sim_new(&w->sim, 50000, &w->loop, &w->err) == HF_OK);
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &w->host_key) == HF_OK);
    hf_env_random(&w->sim.env, hf_secret_fill(&w->host_key), HF_SEAL_KEY_SIZE);
    w->answer = hf_buf_init(1u << 24);
    w->before = hf_buf_init(HF_MEMORY_MAX);
    sim_disk_init(&w->disk, 1);
    open_hub(w);
    invite(w, &w->acme, "acme");
    invite(w, &w->beta, "beta");
    fuzz_put_registration(w, &w->beta, &request);
    fuzz_exchange(w, hf_buf_bytes(&request));
    take_api_key(w);
    hf_buf_free(&request);
    close_hub(w);
    w->base = w->disk;
    return w;
}

/* With a Hub that knows what the base has. */
void fuzz_begin(struct fuzz_world *w)
{
    if (w->hub == NULL) {
        sim_disk_init(&w->disk, 2);
        sim_disk_copy(&w->disk, &w->base);
        open_hub(w);
        hf_buf_clear(&w->before);
        hf_memory_write(w->hub, &w->before);
        w->size = hf_log_size(w->hub->log.log);
        w->sequence = w->hub->sequence;
    }
}

void fuzz_drop(struct fuzz_world *w)
{
    close_hub(w);
    sim_disk_fini(&w->disk);
}
