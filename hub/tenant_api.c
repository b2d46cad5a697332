/* hub/tenant_api.c: operators' calls about tenants. */
#include <stdio.h>

#include "hub/condition.h"

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

static void created(struct hf_hub_call *call)
{
    hf_call_answer_tenant(call, 201);
}

/* Does the order belong here? Else answers with where to go; nothing of it is kept. */
static bool right_region(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    const struct hf_api_tenant_create *in = &call->in.tenant_create;
    struct hf_str named = HF_STR("");
    struct hf_str market = HF_STR("");
    struct hf_err err = {0};
    enum hf_region region = hub->region_number;
    char detail[HF_HUB_URL_MAX + 128];
    if (in->has_region) {
        named = hf_event_tenant_created_region_name(in->region);
    }
    if (in->has_market) {
        market = in->market == HF_API_TENANT_CREATE_MARKET_EU ? HF_STR("eu") : HF_STR("na");
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
    hf_call_problem(call, HF_PROBLEM_ANOTHER_REGION, detail);
    return false;
}

void hf_serve_tenant_create(struct hf_hub_call *call)
{
    const struct hf_api_tenant_create *in = &call->in.tenant_create;
    struct hf_event_tenant_created event = {.tenant = in->tenant,
                                            .customer = in->has_customer ? in->customer
                                                                         : HF_STR("internal"),
                                            .plan = in->has_plan ? in->plan : HF_STR("none"),
                                            .cohort = in->ring};
    enum hf_ring ring = (enum hf_ring)in->ring;
    struct hf_err err = {0};
    if (!right_region(call)) {
        return;
    }
    event.region = (enum hf_event_tenant_created_region)call->hub->region_number;
    struct hf_tenant none;
    hf_tenant_init(&none);
    call->tenant = hf_hub_tenant_find(call->hub->tenants, event.tenant);
    enum hf_rc rc = hf_tenant_may_create(call->tenant == NULL ? &none : &call->tenant->life, &err);
    if (rc == HF_OK) {
        rc = hf_cutover_may_provision(&call->hub->cutover, HF_WAY_NEW_FLOW, ring, &err);
    }
    if (rc == HF_OK) {
        rc = hf_event_tenant_created_check(&event, &err);
    }
    if (rc == HF_OK) { /* only now: what is refused must not cost memory */
        call->tenant = hf_hub_tenant_get(call->hub->tenants, event.tenant);
        rc = call->tenant != NULL ? HF_OK : hf_err_set(&err, HF_ENOMEM, "no memory for a tenant");
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
    hf_call_tag_version(call, call->tenant->life.version);
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

void hf_serve_tenant_token(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_err err = {0};
    struct hf_hash hash;
    if (!hf_call_tenant(call)) {
        return;
    }
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    int64_t expires = now + (int64_t)call->in.tenant_token.ttl_s * 1000000;
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

void hf_serve_tenant_move(struct hf_hub_call *call)
{
    struct hf_event_tenant_moved event = {.reason = call->in.tenant_move.reason,
                                          .after = call->in.tenant_move.ring};
    struct hf_err err = {0};
    if (!hf_call_tenant(call)) {
        return;
    }
    event.tenant = hf_str_c(call->tenant->life.name);
    event.before = (enum hf_event_tenant_moved_before)call->tenant->life.ring;
    const struct hf_tenant *life = &call->tenant->life;
    enum hf_rc rc = hf_tenant_may_move(life, (enum hf_ring)event.after, &err);
    if (rc == HF_OK) {
        rc = hf_cutover_may_move(&call->hub->cutover, life->ring, (enum hf_ring)event.after, &err);
    }
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

void hf_serve_tenant_suspend(struct hf_hub_call *call)
{
    struct hf_event_tenant_suspended event = {.reason = call->in.tenant_suspend.reason};
    struct hf_err err = {0};
    if (!hf_call_tenant(call)) {
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

void hf_serve_tenant_resume(struct hf_hub_call *call)
{
    struct hf_event_tenant_resumed event = {.reason = call->in.tenant_resume.reason};
    struct hf_err err = {0};
    if (!hf_call_tenant(call)) {
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

/* For good. The event holds what the region has of the tenant's log at this moment. */
void hf_serve_tenant_decommission(struct hf_hub_call *call)
{
    struct hf_event_tenant_decommissioned event = {.reason = call->in.tenant_decommission.reason,
                                                   .host_wiped = false};
    struct hf_err err = {0};
    struct hf_hash root;
    if (!hf_call_tenant(call)) {
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
