/* hub/tenant_api.c: operators' calls about tenants. */
#include <stdio.h>

#include "hub/call.h"

#define TOKEN_TTL_MAX_S (7 * 86400)

/* showing */

static void put_mirror(struct hf_json_out *json, const struct hf_hub_tenant *t)
{
    hf_json_key_u64(json, "epoch", t->mirror.epoch);
    hf_json_key_u64(json, "receipt", t->mirror.frontier.size);
    hf_json_key_u64(json, "segments", t->segments);
    if (t->heartbeat_counter > 0) {
        uint64_t size = t->mirror.frontier.size;
        hf_json_key(json, HF_STR("last_heartbeat"));
        hf_json_time_us(json, t->heartbeat_us);
        hf_json_key_u64(json, "events", t->reported_size > size ? t->reported_size : size);
        hf_json_key_u64(json, "lag", t->reported_size > size ? t->reported_size - size : 0);
    }
}

static void put_versions(struct hf_json_out *json, const struct hf_hub_tenant *t)
{
    static const char *const names[] = {"policy", "wrapper", "openclaw",
                                        "proxy",  "agent",   "self_test"};
    hf_json_key(json, HF_STR("versions"));
    hf_json_object_begin(json);
    for (size_t i = 0; i < HF_LEN(names); i++) {
        if (t->versions[i][0] != '\0') {
            hf_json_key_str(json, names[i], hf_str_c(t->versions[i]));
        }
    }
    hf_json_object_end(json);
}

static void put_tenant(struct hf_json_out *json, const struct hf_hub *hub,
                       const struct hf_hub_tenant *t)
{
    hf_json_object_begin(json);
    hf_json_key_str(json, "tenant", hf_str_c(t->life.name));
    hf_json_key_str(json, "region", hf_str_c(hub->region));
    hf_json_key_str(json, "status", hf_str_c(hf_tenant_status_name(t->life.status)));
    hf_json_key_str(json, "ring", hf_str_c(hf_ring_name(t->life.ring)));
    hf_json_key_u64(json, "version", t->life.version);
    hf_json_key(json, HF_STR("registered"));
    hf_json_bool(json, t->life.registered);
    put_mirror(json, t);
    put_versions(json, t);
    hf_json_object_end(json);
}

static void put_as_of(struct hf_json_out *json, const struct hf_hub *hub)
{
    hf_json_key_u64(json, "as_of", hf_log_size(hub->log.log));
}

void hf_api_tenants_list(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_json_out json;
    if (!hf_call_need(call, HF_ROLE_VIEWER)) {
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    put_as_of(&json, hub);
    hf_json_key(&json, HF_STR("now"));
    hf_json_time_us(&json, hf_env_wall_us(hf_loop_env(hub->loop)));
    hf_json_key(&json, HF_STR("tenants"));
    hf_json_array_begin(&json);
    for (struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        if (t->life.status != HF_TENANT_NONE &&
            hf_principal_reaches(&call->principal->life, hf_str_c(t->life.name))) {
            put_tenant(&json, hub, t);
        }
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_call_answer_tenant(struct hf_hub_call *call, int status)
{
    struct hf_json_out json;
    hf_json_init(&json, &call->scratch);
    put_tenant(&json, call->hub, call->tenant);
    hf_call_answer(call, status, &call->scratch);
}

void hf_api_tenant_show(struct hf_hub_call *call)
{
    if (hf_call_need(call, HF_ROLE_VIEWER) && hf_call_tenant(call, 2)) {
        hf_call_answer_tenant(call, 200);
    }
}

/* commands */

static void done(struct hf_hub_call *call)
{
    hf_call_answer_tenant(call, 200);
}

void hf_call_post_to_tenant(struct hf_hub_call *call, const char *type, uint32_t version,
                            struct hf_bytes payload, void (*posted)(struct hf_hub_call *call))
{
    char stream[64];
    (void)snprintf(stream, sizeof stream, "tenant/%s", call->tenant->life.name);
    const struct hf_hub_event event = {.type = type,
                                       .schema_version = version,
                                       .stream = hf_str_c(stream),
                                       .payload = payload,
                                       .expects = true,
                                       .version = call->tenant->life.version};
    hf_call_post(call, &event, posted);
}

static bool take_ring(struct hf_hub_call *call, const char *key, enum hf_ring *ret)
{
    struct hf_str text = {NULL, 0};
    struct hf_err err = {0};
    if (!hf_call_text(call, key, true, 16, &text)) {
        return false;
    }
    if (hf_ring_parse(text, ret, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return false;
    }
    return true;
}

static void created(struct hf_hub_call *call)
{
    hf_call_answer_tenant(call, 201);
}

/* Does the order belong here? Else answers with where to go; nothing of it is kept. */
static bool right_region(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    struct hf_str named = {NULL, 0};
    struct hf_str market = {NULL, 0};
    struct hf_err err = {0};
    enum hf_region region = hub->region_number;
    char detail[HF_HUB_URL_MAX + 128];
    if (!hf_call_text(call, "region", false, 16, &named) ||
        !hf_call_text(call, "market", false, 2, &market)) {
        return false;
    }
    if (hf_region_of_order(named, market, hub->region_number, &region, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return false;
    }
    if (region == hub->region_number) {
        return true;
    }
    const char *url = NULL;
    for (unsigned i = 0; i < hub->peer_count; i++) {
        url = hub->peers[i].region == region ? hub->peers[i].url : url;
    }
    if (url != NULL) {
        hf_http_add_field(call->exchange, "Location", hf_str_c(url));
    }
    (void)snprintf(detail, sizeof detail,
                   "The tenant belongs to %s: send this to the Hub there%s%s. Nothing of it was "
                   "stored here.",
                   hf_region_name(region), url == NULL ? "" : ", ", url == NULL ? "" : url);
    hf_call_problem(call, 421, "another-region", detail);
    return false;
}

void hf_api_tenant_create(struct hf_hub_call *call)
{
    struct hf_event_tenant_created event = {.customer = HF_STR("internal"), .plan = HF_STR("none")};
    struct hf_err err = {0};
    enum hf_ring ring = HF_RING_SANDBOX;
    if (!hf_call_need(call, HF_ROLE_OPERATOR) || !hf_call_json(call) ||
        !hf_call_text(call, "tenant", true, HF_TENANT_NAME_MAX, &event.tenant) ||
        !hf_call_text(call, "customer", false, HF_TENANT_NAME_MAX, &event.customer) ||
        !hf_call_text(call, "plan", false, HF_TENANT_NAME_MAX, &event.plan) ||
        !take_ring(call, "ring", &ring)) {
        return;
    }
    if (!right_region(call)) {
        return;
    }
    if (!hf_tenant_name_ok(event.tenant)) {
        hf_call_problem(call, 400, "invalid", "tenant: a name is 1 to 48 of a-z, 0-9 and -");
        return;
    }
    event.region = (enum hf_event_tenant_created_region)call->hub->region_number;
    event.cohort = (enum hf_event_tenant_created_cohort)ring;
    call->tenant = hf_hub_tenant_get(call->hub->tenants, event.tenant);
    enum hf_rc rc = call->tenant == NULL ? hf_err_set(&err, HF_ENOMEM, "no memory for a tenant")
                                         : hf_tenant_may_create(&call->tenant->life, &err);
    if (rc == HF_OK) {
        rc = hf_cutover_may_provision(&call->hub->cutover, HF_WAY_NEW_FLOW, ring, &err);
    }
    if (rc == HF_OK) {
        rc = hf_event_tenant_created_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_created_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_CREATED_NAME, HF_EVENT_TENANT_CREATED_VERSION,
                           hf_writer_done(&w), created);
}

static void token_minted(struct hf_hub_call *call)
{
    struct hf_json_out json;
    struct hf_bytes text = hf_secret_reveal(&call->token);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", hf_str_c(call->tenant->life.name));
    hf_json_key_str(&json, "token", (struct hf_str){(const char *)text.ptr, text.len - 1});
    hf_json_object_end(&json);
    hf_call_answer(call, 201, &call->scratch);
}

/* Draws the token, gives its text to the call and the hash of its key. */
static enum hf_rc draw_token(struct hf_hub_call *call, struct hf_hash *ret_hash, struct hf_err *err)
{
    struct hf_hub *hub = call->hub;
    struct hf_token token = {.tls_pin = hub->tls_pin, .log_fingerprint = hub->log_fingerprint};
    struct hf_signing_key *key = NULL;
    (void)snprintf(token.region, sizeof token.region, "%s", hub->region);
    (void)snprintf(token.tenant, sizeof token.tenant, "%s", call->tenant->life.name);
    enum hf_rc rc = hf_token_draw(hf_loop_env(hub->loop), &token, err);
    if (rc == HF_OK) {
        rc = hf_token_key(&token, &key, err);
    }
    if (rc == HF_OK) {
        hf_token_hash(hf_signing_key_public(key), ret_hash);
        rc = hf_token_format(&token, &call->token, err);
    }
    hf_signing_key_free(key);
    hf_token_free(&token);
    return rc;
}

void hf_api_tenant_token(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_err err = {0};
    struct hf_hash hash;
    uint64_t ttl = 0;
    if (!hf_call_need(call, HF_ROLE_OPERATOR) || !hf_call_tenant(call, 2) || !hf_call_json(call) ||
        !hf_call_number(call, "ttl_s", TOKEN_TTL_MAX_S, &ttl)) {
        return;
    }
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    int64_t expires = now + (int64_t)ttl * 1000000;
    enum hf_rc rc = hf_tenant_may_mint(&call->tenant->life, expires, now, &err);
    if (rc == HF_OK) {
        rc = draw_token(call, &hash, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    const struct hf_event_tenant_token_minted event = {
        .tenant = hf_str_c(call->tenant->life.name),
        .token_hash = hf_bytes_of(hash.b, HF_HASH_SIZE),
        .expires = expires,
        .log_key = hf_bytes_of(hub->log_fingerprint.b, HF_HASH_SIZE),
        .tls_issuer = hf_bytes_of(hub->tls_pin.b, HF_HASH_SIZE)};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_token_minted_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_TOKEN_MINTED_NAME,
                           HF_EVENT_TENANT_TOKEN_MINTED_VERSION, hf_writer_done(&w), token_minted);
}

void hf_api_tenant_move(struct hf_hub_call *call)
{
    struct hf_event_tenant_moved event = {.reason = {NULL, 0}};
    struct hf_err err = {0};
    enum hf_ring to = HF_RING_SANDBOX;
    if (!hf_call_begin_verb(call, &event.reason) || !take_ring(call, "ring", &to)) {
        return;
    }
    event.tenant = hf_str_c(call->tenant->life.name);
    event.before = (enum hf_event_tenant_moved_before)call->tenant->life.ring;
    event.after = (enum hf_event_tenant_moved_after)to;
    enum hf_rc rc = hf_tenant_may_move(&call->tenant->life, to, &err);
    if (rc == HF_OK) {
        rc = hf_event_tenant_moved_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_moved_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_MOVED_NAME, HF_EVENT_TENANT_MOVED_VERSION,
                           hf_writer_done(&w), done);
}

void hf_api_tenant_suspend(struct hf_hub_call *call)
{
    struct hf_event_tenant_suspended event = {.reason = {NULL, 0}};
    struct hf_err err = {0};
    if (!hf_call_begin_verb(call, &event.reason)) {
        return;
    }
    event.tenant = hf_str_c(call->tenant->life.name);
    enum hf_rc rc = hf_tenant_may_suspend(&call->tenant->life, &err);
    if (rc == HF_OK) {
        rc = hf_event_tenant_suspended_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_suspended_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_SUSPENDED_NAME, HF_EVENT_TENANT_SUSPENDED_VERSION,
                           hf_writer_done(&w), done);
}

void hf_api_tenant_resume(struct hf_hub_call *call)
{
    struct hf_event_tenant_resumed event = {.reason = {NULL, 0}};
    struct hf_err err = {0};
    if (!hf_call_begin_verb(call, &event.reason)) {
        return;
    }
    event.tenant = hf_str_c(call->tenant->life.name);
    enum hf_rc rc = hf_tenant_may_resume(&call->tenant->life, &err);
    if (rc == HF_OK) {
        rc = hf_event_tenant_resumed_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_resumed_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_RESUMED_NAME, HF_EVENT_TENANT_RESUMED_VERSION,
                           hf_writer_done(&w), done);
}

#define ERASE_AFTER_US (INT64_C(30) * 86400 * 1000000)

static bool take_end_reason(struct hf_hub_call *call,
                            enum hf_event_tenant_decommissioned_reason *ret)
{
    struct hf_str text = {NULL, 0};
    if (!hf_call_text(call, "reason", true, 16, &text)) {
        return false;
    }
    for (int i = 0; i < HF_EVENT_TENANT_DECOMMISSIONED_REASON_COUNT; i++) {
        enum hf_event_tenant_decommissioned_reason reason =
            (enum hf_event_tenant_decommissioned_reason)i;
        if (hf_str_eq(text, hf_event_tenant_decommissioned_reason_name(reason))) {
            *ret = reason;
            return true;
        }
    }
    hf_call_problem(call, 400, "invalid",
                    "reason: must be customer, unpaid, abuse, never-used or operator");
    return false;
}

/* For good. The event holds what the region has of the tenant's log at this moment. */
void hf_api_tenant_decommission(struct hf_hub_call *call)
{
    struct hf_event_tenant_decommissioned event = {.host_wiped = false};
    struct hf_err err = {0};
    struct hf_hash root;
    if (!hf_call_need(call, HF_ROLE_OPERATOR) || !hf_call_tenant(call, 2) || !hf_call_json(call) ||
        !take_end_reason(call, &event.reason)) {
        return;
    }
    const struct hf_mirror *mirror = &call->tenant->mirror;
    hf_frontier_root(&mirror->frontier, &root);
    event.tenant = hf_str_c(call->tenant->life.name);
    event.erase_at = hf_env_wall_us(hf_loop_env(call->hub->loop)) + ERASE_AFTER_US;
    event.has_final = true;
    event.final.size = mirror->frontier.size;
    event.final.root = hf_bytes_of(root.b, HF_HASH_SIZE);
    enum hf_rc rc = hf_tenant_may_decommission(&call->tenant->life, &err);
    if (rc == HF_OK) {
        rc = hf_event_tenant_decommissioned_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_tenant_decommissioned_encode(&event, &w);
    hf_call_post_to_tenant(call, HF_EVENT_TENANT_DECOMMISSIONED_NAME,
                           HF_EVENT_TENANT_DECOMMISSIONED_VERSION, hf_writer_done(&w), done);
}
