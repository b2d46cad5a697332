/* hub/agent_api.c: agents' calls: registration, heartbeats, segments. */
#include <stdio.h>

#include "base/hex.h"
#include "hub/call.h"

#define KEY_PREFIX   "hfk_"
#define KEY_TEXT_MAX 160

/* API keys */

/* The same registration gives the same key, so that a lost answer can be repeated, and nothing of
 * it is stored: it comes from a signature, which nobody without the Hub's key can make. */
static void make_api_key(const struct hf_hub *hub, struct hf_str tenant,
                         const struct hf_hash *token, const struct hf_public_key *agent_key,
                         char out[KEY_TEXT_MAX])
{
    uint8_t message[128];
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_signature signature;
    struct hf_hash secret;
    struct hf_writer w = hf_writer_init(message, sizeof message);
    hf_writer_str(&w, HF_STR("holdfast/api-key/v1\n"));
    hf_writer_put(&w, token->b, HF_HASH_SIZE);
    hf_writer_put(&w, agent_key->b, HF_PUBLIC_KEY_SIZE);
    hf_sign(hub->api_keys, hf_writer_done(&w), &signature);
    hf_sha256(hf_bytes_of(signature.b, sizeof signature.b), &secret);
    hf_hex_encode(hf_bytes_of(secret.b, HF_HASH_SIZE), hex);
    (void)snprintf(out, KEY_TEXT_MAX, KEY_PREFIX "%.*s_%s", HF_STR_ARG(tenant), hex);
    hf_wipe(&signature, sizeof signature);
    hf_wipe(&secret, sizeof secret);
    hf_wipe(hex, sizeof hex);
}

/* The tenant whose API key the call carries; answers 401 or 403 when there is none. */
static bool need_agent(struct hf_hub_call *call)
{
    const struct hf_http_field *field =
        hf_http_field(hf_http_exchange_request(call->exchange), "authorization");
    const char scheme[] = "Bearer " KEY_PREFIX;
    struct hf_hash hash;
    if (field != NULL && field->value.len > sizeof scheme &&
        memcmp(field->value.ptr, scheme, sizeof scheme - 1) == 0) {
        const char *ptr = (const char *)field->value.ptr + sizeof scheme - 1;
        size_t len = field->value.len - (sizeof scheme - 1);
        const char *end = memchr(ptr, '_', len);
        struct hf_str name = {ptr, end == NULL ? 0 : (size_t)(end - ptr)};
        size_t key_at = sizeof "Bearer " - 1;
        hf_sha256(hf_bytes_of(field->value.ptr + key_at, field->value.len - key_at), &hash);
        call->tenant = hf_hub_tenant_find(call->hub->tenants, name);
    }
    const struct hf_tenant *life = call->tenant == NULL ? NULL : &call->tenant->life;
    if (life == NULL || !life->registered ||
        !hf_equal_secret(hf_bytes_of(life->api_key_hash.b, HF_HASH_SIZE),
                         hf_bytes_of(hash.b, HF_HASH_SIZE))) {
        call->tenant = NULL;
        hf_call_problem(
            call, 401, "unknown-agent",
            "The API key is not known here; register the agent again with a new token.");
        return false;
    }
    if (life->status != HF_TENANT_ACTIVE) {
        hf_call_problem(call, 403, "tenant-not-active",
                        "The tenant is suspended or decommissioned; keep the events until it is "
                        "resumed.");
        return false;
    }
    return true;
}

/* registration */

static void answer_registration(struct hf_hub_call *call, int status)
{
    const struct hf_hub *hub = call->hub;
    const struct hf_tenant *life = &call->tenant->life;
    struct hf_json_out json;
    char key[KEY_TEXT_MAX];
    char vkey[HF_VKEY_TEXT_MAX];
    make_api_key(hub, hf_str_c(life->name), &life->token_used, &life->agent_key, key);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", hf_str_c(life->name));
    hf_json_key_str(&json, "region", hf_str_c(hub->region));
    hf_json_key_str(&json, "api_key", hf_str_c(key));
    (void)hf_vkey_format(&hub->log_vkey, vkey);
    hf_json_key_str(&json, "log", hf_str_c(vkey));
    (void)hf_vkey_format(&hub->cosigner_vkey, vkey);
    hf_json_key_str(&json, "cosigner", hf_str_c(vkey));
    hf_json_object_end(&json);
    hf_wipe(key, sizeof key);
    hf_call_answer(call, status, &call->scratch);
}

static void registered(struct hf_hub_call *call)
{
    hf_log(call->hub->logger, HF_LOG_INFO, "tenant.registered",
           hf_f_c("tenant", call->tenant->life.name));
    answer_registration(call, 201);
}

/* Reads and verifies the request: it is signed by the token's key and by the agent's. */
static bool take_registration(struct hf_hub_call *call, struct hf_registration *r,
                              struct hf_event_tenant_registered *event)
{
    uint8_t text[HF_REGISTRATION_TEXT_MAX];
    struct hf_signature by_token;
    struct hf_signature by_agent;
    uint64_t time_us = 0;
    if (!hf_call_json(call) ||
        !hf_call_text(call, "tenant", true, HF_TENANT_NAME_MAX, &r->tenant) ||
        !hf_call_hex(call, "token_key", r->token_key.b, sizeof r->token_key.b) ||
        !hf_call_hex(call, "agent_key", r->agent_key.b, sizeof r->agent_key.b) ||
        !hf_call_hex(call, "log_key", r->log_key.b, sizeof r->log_key.b) ||
        !hf_call_text(call, "log_stem", true, HF_TENANT_STEM_MAX, &r->log_stem) ||
        !hf_call_hex(call, "token_signature", by_token.b, sizeof by_token.b) ||
        !hf_call_hex(call, "agent_signature", by_agent.b, sizeof by_agent.b) ||
        !hf_call_number(call, "time_us", INT64_MAX, &time_us) ||
        !hf_call_text(call, "openclaw", true, 48, &event->versions.openclaw) ||
        !hf_call_text(call, "wrapper", true, 48, &event->versions.wrapper) ||
        !hf_call_text(call, "policy", true, 48, &event->versions.policy)) {
        return false;
    }
    r->time_us = (int64_t)time_us;
    r->tls_pin = call->hub->tls_pin;
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_registration_text(r, &w);
    if (w.overflow || !hf_verify(&r->token_key, hf_writer_done(&w), &by_token) ||
        !hf_verify(&r->agent_key, hf_writer_done(&w), &by_agent)) {
        hf_call_problem(call, 403, "bad-signature",
                        "The request is not signed by its token and its agent for this Hub.");
        return false;
    }
    return true;
}

/* The stem of a tenant's log is REGION/tenant/NAME, nothing else. */
static bool right_stem(const struct hf_hub_call *call, const struct hf_registration *r)
{
    char stem[HF_TENANT_STEM_MAX + 1];
    (void)snprintf(stem, sizeof stem, "%s/tenant/%.*s", call->hub->region, HF_STR_ARG(r->tenant));
    return hf_str_eq(hf_str_c(stem), r->log_stem);
}

void hf_api_register(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_registration r = {.time_us = 0};
    struct hf_event_tenant_registered event = {.has_address = false};
    struct hf_err err = {0};
    struct hf_hash token;
    struct hf_hash key_hash;
    char key[KEY_TEXT_MAX];
    char stream[64];
    if (!take_registration(call, &r, &event)) {
        return;
    }
    hf_token_hash(&r.token_key, &token);
    call->tenant = hf_hub_tenant_find(hub->tenants, r.tenant);
    struct hf_tenant none;
    hf_tenant_init(&none);
    const struct hf_tenant *life = call->tenant == NULL ? &none : &call->tenant->life;
    enum hf_rc rc = hf_tenant_may_register(life, &token, &r.agent_key,
                                           hf_env_wall_us(hf_loop_env(hub->loop)), &err);
    if (rc == HF_EEXIST) {
        answer_registration(call, 200);
        return;
    }
    if (rc == HF_EFORK) {
        hf_log(hub->logger, HF_LOG_WARN, "token.reused", hf_f_str("tenant", r.tenant),
               hf_f_c("peer", hf_http_exchange_peer(call->exchange)->text));
    }
    if (rc == HF_OK && !right_stem(call, &r)) {
        rc = hf_err_set(&err, HF_EINVAL, "log_stem: must be %s/tenant/TENANT", hub->region);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    make_api_key(hub, r.tenant, &token, &r.agent_key, key);
    hf_sha256(hf_bytes_of(key, strlen(key)), &key_hash);
    hf_wipe(key, sizeof key);
    event.tenant = r.tenant;
    event.token_hash = hf_bytes_of(token.b, HF_HASH_SIZE);
    event.agent_key = hf_bytes_of(r.agent_key.b, HF_PUBLIC_KEY_SIZE);
    event.log_key = hf_bytes_of(r.log_key.b, HF_PUBLIC_KEY_SIZE);
    event.log_origin = r.log_stem;
    event.api_key_hash = hf_bytes_of(key_hash.b, HF_HASH_SIZE);
    if (hf_event_tenant_registered_check(&event, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_registered_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "tenant/%.*s", HF_STR_ARG(r.tenant));
    const struct hf_hub_event post = {.type = HF_EVENT_TENANT_REGISTERED_NAME,
                                      .schema_version = HF_EVENT_TENANT_REGISTERED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .expects = true,
                                      .version = life->version};
    hf_call_post(call, &post, registered);
}

/* heartbeats */

static bool take_heartbeat(struct hf_hub_call *call, struct hf_heartbeat *h,
                           struct hf_signature *signature)
{
    struct {
        const char *key;
        struct hf_str *text;
    } texts[] = {{"policy", &h->policy}, {"wrapper", &h->wrapper}, {"openclaw", &h->openclaw},
                 {"proxy", &h->proxy},   {"agent", &h->agent},     {"self_test", &h->self_test}};

    uint64_t time_us = 0;
    uint64_t epoch = 0;
    if (!hf_call_json(call) || !hf_call_number(call, "counter", INT64_MAX, &h->counter) ||
        !hf_call_number(call, "time_us", INT64_MAX, &time_us) ||
        !hf_call_number(call, "epoch", UINT32_MAX, &epoch) ||
        !hf_call_number(call, "size", INT64_MAX, &h->size) ||
        !hf_call_number(call, "receipt", INT64_MAX, &h->receipt) ||
        !hf_call_number(call, "queue", INT64_MAX, &h->queue) ||
        !hf_call_hex(call, "signature", signature->b, sizeof signature->b)) {
        return false;
    }
    for (size_t i = 0; i < HF_LEN(texts); i++) {
        if (!hf_call_text(call, texts[i].key, true, HF_VERSION_TEXT_MAX, texts[i].text)) {
            return false;
        }
    }
    h->time_us = (int64_t)time_us;
    h->epoch = (uint32_t)epoch;
    h->tenant = hf_str_c(call->tenant->life.name);
    return true;
}

static void keep_heartbeat(struct hf_hub_tenant *t, const struct hf_heartbeat *h,
                           const struct hf_signature *signature, int64_t now_us)
{
    const struct hf_str texts[] = {h->policy, h->wrapper, h->openclaw,
                                   h->proxy,  h->agent,   h->self_test};
    t->heartbeat_counter = h->counter;
    t->heartbeat_signature = *signature;
    t->heartbeat_us = now_us;
    t->heartbeat_sent_us = h->time_us;
    t->reported_size = h->size;
    for (size_t i = 0; i < HF_LEN(texts); i++) {
        memcpy(t->versions[i], texts[i].ptr, texts[i].len);
        t->versions[i][texts[i].len] = '\0';
    }
}

void hf_api_heartbeat(struct hf_hub_call *call)
{
    struct hf_heartbeat h = {.counter = 0};
    struct hf_signature signature;
    uint8_t text[HF_HEARTBEAT_TEXT_MAX];
    struct hf_json_out json;
    if (!need_agent(call) || !take_heartbeat(call, &h, &signature)) {
        return;
    }
    struct hf_hub_tenant *t = call->tenant;
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_heartbeat_text(&h, &w);
    if (w.overflow || !hf_verify(&t->life.agent_key, hf_writer_done(&w), &signature)) {
        hf_call_problem(call, 403, "bad-signature", "The heartbeat is not signed by the agent.");
        return;
    }
    if (h.counter <= t->heartbeat_counter) {
        hf_log(call->hub->logger, HF_LOG_WARN, "agent.cloned", hf_f_c("tenant", t->life.name),
               hf_f_u64("counter", h.counter), hf_f_u64("known", t->heartbeat_counter));
        hf_call_problem(call, 409, "counter",
                        "A heartbeat with this or a higher counter came already: two agents use "
                        "one identity.");
        return;
    }
    call->hub->heartbeats++;
    keep_heartbeat(t, &h, &signature, hf_env_wall_us(hf_loop_env(call->hub->loop)));
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "epoch", t->mirror.epoch);
    hf_json_key_u64(&json, "receipt", t->mirror.frontier.size);
    hf_json_key(&json, HF_STR("now_us"));
    hf_json_i64(&json, t->heartbeat_us);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

/* segments */

/* The receipt: the tenant's own checkpoint with the region's cosignature under it. */
static void answer_receipt(struct hf_hub_call *call, int status)
{
    uint8_t line[512];
    const struct hf_hub *hub = call->hub;
    struct hf_str note = hf_bytes_str(call->answer_note);
    const char *end = note.len == 0 ? NULL : memmem(note.ptr, note.len, "\n\n", 2);
    HF_ASSERT(end != NULL); /* it was opened as a note */
    struct hf_str text = {note.ptr, (size_t)(end - note.ptr) + 1};
    struct hf_writer w = hf_writer_init(line, sizeof line);
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    hf_note_cosign(text, &hub->cosigner_vkey, hub->cosigner, (uint64_t)(now / 1000000), &w);
    hf_buf_put(&call->scratch, note.ptr, note.len);
    hf_buf_put(&call->scratch, line, w.len);
    if (call->exchange != NULL) {
        hf_http_answer(call->exchange, status, "text/plain; charset=utf-8",
                       hf_buf_bytes(&call->scratch));
    }
}

static void received(struct hf_hub_call *call)
{
    struct hf_hub_tenant *t = call->tenant;
    t->receiving = false;
    t->mirror = call->next;
    t->segments++;
    t->last_segment = call->post.append.first;
    call->hub->segments++;
    answer_receipt(call, 200);
}

static void answer_resume(struct hf_hub_call *call)
{
    struct hf_json_out json;
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "type", HF_STR("urn:holdfast:problem:resume"));
    hf_json_key_str(&json, "detail",
                    HF_STR("The segment does not begin where the mirror ends; send from there."));
    hf_json_key_u64(&json, "epoch", call->tenant->mirror.epoch);
    hf_json_key_u64(&json, "size", call->tenant->mirror.frontier.size);
    hf_json_object_end(&json);
    hf_call_answer(call, 409, &call->scratch);
}

static void post_segment(struct hf_hub_call *call, const struct hf_segment *segment,
                         const struct hf_hash *root)
{
    char stream[64];
    char producer[64];
    const char *name = call->tenant->life.name;
    const struct hf_event_segment_received event = {.tenant = hf_str_c(name),
                                                    .epoch = segment->epoch,
                                                    .first = segment->first,
                                                    .end = segment->end,
                                                    .root = hf_bytes_of(root->b, HF_HASH_SIZE)};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_segment_received_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "segment/%s", name);
    (void)snprintf(producer, sizeof producer, "mirror/%s", name);
    const struct hf_hub_event post = {.type = HF_EVENT_SEGMENT_RECEIVED_NAME,
                                      .schema_version = HF_EVENT_SEGMENT_RECEIVED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .blob = hf_buf_bytes(&call->held),
                                      .producer = hf_str_c(producer),
                                      .sequence = ((uint64_t)segment->epoch << HF_HUB_EPOCH_BITS) +
                                                  segment->end};
    call->tenant->receiving = true;
    hf_call_post(call, &post, received);
}

void hf_api_segment(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_segment segment = {.epoch = 0};
    struct hf_hash root;
    struct hf_err err = {0};
    if (!need_agent(call)) {
        return;
    }
    struct hf_hub_tenant *t = call->tenant;
    if (t->receiving) {
        hf_call_problem(call, 503, "busy", "A segment of this tenant is on its way to disk.");
        return;
    }
    struct hf_bytes body = hf_http_exchange_body(call->exchange);
    hf_buf_put(&call->held, body.ptr, body.len);
    enum hf_rc rc = call->held.failed != HF_OK
                        ? hf_err_set(&err, call->held.failed, "the segment is too big")
                        : hf_segment_parse(hf_buf_bytes(&call->held), &segment, &err);
    if (rc == HF_OK) {
        rc = hf_mirror_check(&t->mirror, &segment, hf_str_c(t->life.log_stem), &t->life.log_key,
                             &call->next, &root, &err);
    }
    call->answer_note = segment.note;
    if (rc == HF_OK) {
        post_segment(call, &segment, &root);
        return;
    }
    if (rc == HF_EEXIST && segment.end == t->mirror.frontier.size) {
        answer_receipt(call, 200); /* its answer was lost */
        return;
    }
    if (rc == HF_EEXIST || rc == HF_ECONFLICT) {
        answer_resume(call);
        return;
    }
    hub->segments_refused++;
    hf_log(hub->logger, HF_LOG_WARN, "segment.refused", hf_f_c("tenant", t->life.name),
           hf_f_err(&err), hf_f_str("checkpoint", hf_bytes_str(segment.note)));
    hf_call_refuse(call, &err);
}
