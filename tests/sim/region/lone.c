/* tests/sim/region/lone.c: registers an agent by writing what registration leaves, and runs it. */
#include "tests/sim/region/lone.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/http/stream_client.h"
#include "base/net/pair.h"

#define SECOND UINT64_C(1000000000)

/* What a Hub would have answered: keys of a region that nobody has. */
static struct hf_disk *disk_of(struct lone *lone)
{
    return lone->on_disk ? hf_disk_os() : &lone->disk.disk;
}

static void register_agent(struct lone *lone)
{
    struct hf_agent *made = hf_heap_zalloc(1, sizeof *made);
    struct hf_secret seed = {0};
    HF_ASSERT(made != NULL);
    made->loop = lone->loop;
    made->disk = disk_of(lone);
    made->host_key = lone->host_key;
    (void)snprintf(made->dir, sizeof made->dir, "%s", lone->dir);
    (void)snprintf(made->region.region, sizeof made->region.region, "dev");
    (void)snprintf(made->region.tenant, sizeof made->region.tenant, "acme");
    (void)snprintf(made->region.hub_url, sizeof made->region.hub_url, "http://hub");
    HF_ASSERT(hf_signing_key_new(&lone->sim.env, &lone->region_key, &seed, &lone->err) == HF_OK);
    const struct hf_public_key *key = hf_signing_key_public(lone->region_key);
    HF_ASSERT(hf_vkey_make(HF_STR("dev"), HF_KEY_ED25519, key, &made->region.log_vkey,
                           &lone->err) == HF_OK);
    HF_ASSERT(hf_vkey_make(HF_STR("dev/cosigner"), HF_KEY_COSIGNATURE, key, &made->region.cosigner,
                           &lone->err) == HF_OK);
    HF_ASSERT(hf_secret_copy(HF_BYTES("hfk_acme_00"), &made->api_key) == HF_OK);
    HF_ASSERT(hf_disk_make_dirs(made->disk, made->dir, 0700, &lone->err) == HF_OK);
    const struct hf_owned_key_conf identity = {made->dir,      "agent.key",     "dev/agent/acme",
                                               HF_KEY_ED25519, &lone->host_key, &lone->sim.env,
                                               made->disk};
    HF_ASSERT(hf_owned_key(&identity, &made->identity, &made->identity_vkey, &lone->err) == HF_OK);
    hf_signing_key_free(made->identity);
    HF_ASSERT(hf_agent_save_region(made, &lone->err) == HF_OK);
    hf_secret_free(&made->api_key);
    hf_secret_free(&seed);
    hf_heap_free(made);
}

void lone_init(struct lone *lone, uint64_t seed, const char *dir)
{
    memset(lone, 0, sizeof *lone);
    HF_ASSERT(hf_crypto_init(&lone->err) == HF_OK);
    hf_env_sim_init(&lone->sim, seed);
    HF_ASSERT(hf_loop_sim_new(&lone->sim, SECOND / 1000, &lone->loop, &lone->err) == HF_OK);
    lone->logger = (struct hf_logger){.env = &lone->sim.env, .fd = -1, .level = HF_LOG_ERROR + 1};
    sim_disk_init(&lone->disk, seed);
    lone->on_disk = dir != NULL;
    (void)snprintf(lone->dir, sizeof lone->dir, "%s", dir == NULL ? "/agent" : dir);
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &lone->host_key) == HF_OK);
    hf_env_random(&lone->sim.env, hf_secret_fill(&lone->host_key), HF_SEAL_KEY_SIZE);
    register_agent(lone);
}

static enum hf_rc nobody(void *arg, struct hf_str authority, struct hf_stream **ret_stream,
                         struct hf_err *err)
{
    (void)arg;
    (void)authority;
    (void)ret_stream;
    return hf_err_set(err, HF_EIO, "nobody is there");
}

enum hf_rc lone_open(struct lone *lone)
{
    struct hf_agent_conf conf = {.dir = lone->dir,
                                 .heartbeat_ns = 30 * SECOND,
                                 .key_ns = 86400 * SECOND,
                                 .scan_report_ns = 3600 * SECOND,
                                 .batch_ns = 2 * SECOND,
                                 .disk = disk_of(lone),
                                 .host_key = &lone->host_key,
                                 .logger = &lone->logger,
                                 .restore_by_itself = true,
                                 .closed_in = true};
    struct hf_http_server_conf server = hf_http_server_defaults;
    server.limits.head_max = 8192;
    server.limits.body_max = 1u << 20;
    lone->agent = hf_heap_zalloc(1, sizeof *lone->agent);
    if (lone->agent == NULL) {
        return HF_ENOMEM;
    }
    enum hf_rc rc = hf_http_stream_client_new(lone->loop, nobody, NULL, &conf.client, &lone->err);
    if (rc != HF_OK) {
        hf_heap_free(lone->agent);
        lone->agent = NULL;
        return rc;
    }
    rc = hf_agent_open(lone->loop, &conf, lone->agent, &lone->err);
    if (rc == HF_OK) {
        rc = hf_http_server_new(lone->loop, &server, &hf_agent_local_handler, lone->agent,
                                &lone->server);
    }
    if (rc != HF_OK) {
        lone_close(lone);
    }
    return rc;
}

static void set(void *arg)
{
    *(bool *)arg = true;
}

void lone_close(struct lone *lone)
{
    bool drained = lone->server == NULL;
    bool closed = false;
    if (lone->agent == NULL) {
        return;
    }
    if (lone->server != NULL) {
        hf_http_server_drain(lone->server, set, &drained);
    }
    while (!drained) {
        HF_ASSERT(hf_loop_step(lone->loop));
    }
    hf_http_server_free(lone->server);
    lone->server = NULL;
    hf_agent_close(lone->agent, set, &closed);
    while (!closed) {
        HF_ASSERT(hf_loop_step(lone->loop));
    }
    hf_heap_free(lone->agent);
    lone->agent = NULL;
}

void lone_fini(struct lone *lone)
{
    lone_close(lone);
    hf_loop_run(lone->loop);
    hf_loop_free(lone->loop);
    hf_secret_free(&lone->host_key);
    hf_signing_key_free(lone->region_key);
    sim_disk_fini(&lone->disk);
}

static void passed(struct hf_timer *timer)
{
    (void)timer; /* it only makes time go on */
}

void lone_run(struct lone *lone, uint64_t ns)
{
    struct hf_timer timer;
    uint64_t end = hf_env_mono_ns(&lone->sim.env) + ns;
    hf_timer_init(&timer, lone->loop, passed);
    (void)hf_timer_arm(&timer, ns);
    while (hf_env_mono_ns(&lone->sim.env) < end && hf_loop_step(lone->loop)) {
    }
    hf_timer_cancel(&timer);
}

/* talking */

struct talk {
    struct hf_buf *got;
    bool ended;
    bool closed;
};

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct talk *talk = stream->user;
    hf_buf_put(talk->got, data.ptr, data.len);
}

static void on_end(struct hf_stream *stream, enum hf_rc why)
{
    struct talk *talk = stream->user;
    (void)why;
    talk->ended = true;
}

static void on_closed(struct hf_stream *stream)
{
    struct talk *talk = stream->user;
    talk->closed = true;
}

bool lone_talk(struct lone *lone, struct hf_bytes request, uint64_t ns, struct hf_buf *ret)
{
    struct hf_stream *near = NULL;
    struct hf_stream *far = NULL;
    struct talk talk = {.got = ret};
    *ret = hf_buf_init(16u << 20);
    if (hf_pair_new(lone->loop, 0, &near, &far) != HF_OK) {
        return false;
    }
    far->peer.is_unix = true;
    far->peer.uid = (uint32_t)geteuid();
    near->user = &talk;
    near->on_data = on_data;
    near->on_end = on_end;
    near->on_closed = on_closed;
    hf_stream_read(near, true);
    hf_http_server_take(lone->server, far);
    bool sent = hf_stream_write(near, request) == HF_OK;
    uint64_t end = hf_env_mono_ns(&lone->sim.env) + ns;
    while (sent && !talk.ended && hf_env_mono_ns(&lone->sim.env) < end &&
           hf_loop_step(lone->loop)) {
    }
    hf_stream_close(near);
    while (!talk.closed) {
        HF_ASSERT(hf_loop_step(lone->loop));
    }
    return sent;
}

bool lone_post(struct lone *lone, const char *event)
{
    char request[2048];
    struct hf_buf got;
    int len = snprintf(request, sizeof request,
                       "POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       strlen(event), event);
    bool good = lone_talk(lone, hf_bytes_of(request, (size_t)len), 30 * SECOND, &got) &&
                hf_str_starts(hf_bytes_str(hf_buf_bytes(&got)), HF_STR("HTTP/1.1 200 "));
    hf_buf_free(&got);
    return good;
}
