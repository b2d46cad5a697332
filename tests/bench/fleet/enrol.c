/* tests/bench/fleet/enrol.c: tenants are created, invited and registered as agents are. */
#include "base/assert.h"
#include "base/heap.h"
#include "base/json_out.h"
#include "commands/enrolment.h"
#include "log/mirror/mirror.h"
#include "tests/bench/fleet/fleet.h"

static void put_hex(struct hf_json_out *json, const char *key, const void *ptr, size_t len)
{
    hf_json_key(json, hf_str_c(key));
    hf_json_hex(json, hf_bytes_of(ptr, len));
}

static void write_registration(const struct tenant *t, const struct hf_token *token,
                               struct hf_buf *body)
{
    uint8_t text[HF_REGISTRATION_TEXT_MAX];
    struct hf_signing_key *token_key = NULL;
    struct hf_signature signature;
    struct hf_json_out json;
    struct hf_err err = {0};
    must(hf_token_key(token, &token_key, &err), &err, "token");
    const struct hf_public_key *own = hf_signing_key_public(t->key);
    const struct hf_registration r = {.tenant = hf_str_c(t->name),
                                      .token_key = *hf_signing_key_public(token_key),
                                      .agent_key = *own,
                                      .log_key = *own,
                                      .log_stem = hf_str_c(t->stem),
                                      .tls_pin = t->fleet->pin,
                                      .time_us = hf_env_wall_us(hf_env_os()),
                                      .openclaw = HF_STR(HF_VERSION_NONE),
                                      .wrapper = HF_STR(HF_VERSION_NONE),
                                      .policy = HF_STR(HF_VERSION_NONE)};
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_registration_text(&r, &w);
    hf_json_init(&json, body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", r.tenant);
    put_hex(&json, "token_key", r.token_key.b, 32);
    put_hex(&json, "agent_key", own->b, 32);
    put_hex(&json, "log_key", own->b, 32);
    hf_json_key_str(&json, "log_stem", r.log_stem);
    hf_json_key_u64(&json, "time_us", (uint64_t)r.time_us);
    hf_sign(token_key, hf_writer_done(&w), &signature);
    put_hex(&json, "token_signature", signature.b, 64);
    hf_sign(t->key, hf_writer_done(&w), &signature);
    put_hex(&json, "agent_signature", signature.b, 64);
    hf_json_key_str(&json, "openclaw", r.openclaw);
    hf_json_key_str(&json, "wrapper", r.wrapper);
    hf_json_key_str(&json, "policy", r.policy);
    hf_json_object_end(&json);
    hf_signing_key_free(token_key);
}

static void ask(struct tenant *t, enum asking what, const char *path, const char *token,
                struct hf_bytes body)
{
    t->asking = what;
    load_wire_ask(&t->wire, "POST", path, token, "application/json", body);
}

static void start_next(struct fleet *fleet)
{
    if (fleet->next == fleet->conf.tenants) {
        return;
    }
    char body[128];
    struct hf_secret seed = {0};
    struct hf_err err = {0};
    struct tenant *t = &fleet->tenants[fleet->next];
    *t = (struct tenant){.fleet = fleet,
                         .bundle = hf_buf_init(FLEET_BYTES_MAX),
                         .wire = {.answered = tenant_answered, .lost = tenant_lost}};
    (void)snprintf(t->name, sizeof t->name, "load-%llu", (unsigned long long)fleet->next++);
    (void)snprintf(t->stem, sizeof t->stem, "dev/tenant/%s", t->name);
    load_wire_init(&t->wire, &fleet->target);
    hf_frontier_init(&t->frontier);
    must(hf_signing_key_new(hf_env_os(), &t->key, &seed, &err), &err, "key");
    hf_secret_free(&seed);
    must(hf_mirror_vkey(hf_str_c(t->stem), 1, hf_signing_key_public(t->key), &t->vkey, &err), &err,
         "key");
    (void)snprintf(body, sizeof body, "{\"tenant\":\"%s\",\"ring\":\"sandbox\"}", t->name);
    ask(t, ASKING_CREATE, "/v1/tenants", fleet->admin, hf_str_bytes(hf_str_c(body)));
}

static void register_tenant(struct tenant *t, const struct hf_json *answer)
{
    struct hf_token token;
    struct hf_err err = {0};
    struct hf_buf request = hf_buf_init(8192);
    must(hf_token_parse(hf_json_as_str(hf_json_get(answer, "token")), &token, &err), &err, "token");
    write_registration(t, &token, &request);
    hf_token_free(&token);
    ask(t, ASKING_REGISTER, "/v1/register", NULL, hf_buf_bytes(&request));
    hf_buf_free(&request);
}

static void take_identity(struct tenant *t, const struct hf_json *answer)
{
    struct fleet *fleet = t->fleet;
    struct hf_err err = {0};
    struct hf_str key = hf_json_as_str(hf_json_get(answer, "api_key"));
    HF_ASSERT(key.len < sizeof t->api_key);
    memcpy(t->api_key, key.ptr, key.len);
    t->counter = (uint64_t)hf_env_wall_us(hf_env_os());
    if (!fleet->has_cosigner) {
        must(hf_vkey_parse(hf_json_as_str(hf_json_get(answer, "cosigner")), &fleet->cosigner, &err),
             &err, "cosigner");
        (void)snprintf(fleet->log_vkey, sizeof fleet->log_vkey, "%.*s",
                       HF_STR_ARG(hf_json_as_str(hf_json_get(answer, "log"))));
        fleet->has_cosigner = true;
    }
    fleet->enrolled++;
    if (fleet->enrolled % 1000 == 0) {
        (void)fprintf(stderr, "%llu of %llu tenants registered\n",
                      (unsigned long long)fleet->enrolled, (unsigned long long)fleet->conf.tenants);
    }
}

void fleet_enrol_answered(struct tenant *t, int status, struct hf_bytes body)
{
    char path[96];
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    enum asking what = t->asking;
    if (status >= 300) {
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", t->name, status, (int)body.len,
                      (const char *)body.ptr);
        _exit(3);
    }
    must(hf_json_parse(body, &doc, &err), &err, "answer");
    t->asking = ASKING_NOTHING;
    if (what == ASKING_CREATE) {
        (void)snprintf(path, sizeof path, "/v1/tenants/%s/tokens", t->name);
        ask(t, ASKING_TOKEN, path, t->fleet->admin, HF_BYTES("{\"ttl_s\":600}"));
    } else if (what == ASKING_TOKEN) {
        register_tenant(t, hf_json_root(doc));
    } else {
        take_identity(t, hf_json_root(doc));
        start_next(t->fleet);
    }
    hf_json_free(doc);
    if (t->fleet->enrolled == t->fleet->conf.tenants) {
        hf_loop_stop(t->fleet->loop);
    }
}

void fleet_enrol(struct fleet *fleet)
{
    fleet->tenants = hf_heap_zalloc(fleet->conf.tenants, sizeof *fleet->tenants);
    must(fleet->tenants == NULL ? HF_ENOMEM : HF_OK, NULL, "tenants");
    for (unsigned i = 0; i < FLEET_ENROLLING; i++) {
        start_next(fleet);
    }
    hf_loop_run(fleet->loop);
}
