/* tests/unit/commands/test_tenant.c: a tenant's life event by event, what is allowed when, and the
 * tokens that let agents in. */
#include "base/env.h"
#include "commands/enrolment.h"
#include "tests/harness/test.h"
#include "tests/unit/commands/fold.h"

/* Folds a payload that w holds as the next event of the stream. */
static enum hf_rc fold(struct hf_tenant *tenant, const char *type, const struct hf_writer *w)
{
    struct hf_err err = {0};
    struct hf_envelope envelope = {.type = hf_str_c(type),
                                   .payload = hf_writer_done(w),
                                   .version = tenant->version + 1,
                                   .occurred_us = NOW};
    return hf_tenant_fold(tenant, &envelope, &err);
}

static void create(struct hf_tenant *tenant)
{
    uint8_t bytes[512];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_event_tenant_created event = {.tenant = HF_STR("acme"),
                                            .region = HF_EVENT_TENANT_CREATED_REGION_DEV,
                                            .customer = HF_STR("c1"),
                                            .plan = HF_STR("basic"),
                                            .cohort = HF_EVENT_TENANT_CREATED_COHORT_CANARY};
    hf_event_tenant_created_encode(&event, &w);
    HF_CHECK_RC(fold(tenant, "tenant.created", &w), HF_OK);
}

static void mint(struct hf_tenant *tenant, const struct hf_hash *hash, int64_t expires)
{
    uint8_t bytes[512];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_event_tenant_token_minted event = {.tenant = HF_STR("acme"),
                                                 .token_hash = hf_bytes_of(hash->b, 32),
                                                 .expires = expires,
                                                 .log_key = hf_bytes_of(hash->b, 32),
                                                 .tls_issuer = hf_bytes_of(hash->b, 32)};
    hf_event_tenant_token_minted_encode(&event, &w);
    HF_CHECK_RC(fold(tenant, "tenant.token_minted", &w), HF_OK);
}

static void registered(struct hf_tenant *tenant, const struct hf_hash *token,
                       const struct hf_public_key *agent)
{
    uint8_t bytes[1024];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_event_tenant_registered event = {
        .tenant = HF_STR("acme"),
        .token_hash = hf_bytes_of(token->b, 32),
        .agent_key = hf_bytes_of(agent->b, 32),
        .log_key = hf_bytes_of(agent->b, 32),
        .log_origin = HF_STR("dev/tenant/acme"),
        .api_key_hash = hf_bytes_of(token->b, 32),
        .versions = {.openclaw = HF_STR("1"), .wrapper = HF_STR("1"), .policy = HF_STR("1")}};
    hf_event_tenant_registered_encode(&event, &w);
    HF_CHECK_RC(fold(tenant, "tenant.registered", &w), HF_OK);
}

/* One token, one agent: repeated by the same agent, refused to others, not after its time. */
HF_TEST(registration)
{
    struct hf_tenant tenant;
    struct hf_err err = {0};
    struct hf_hash token = {{1}};
    struct hf_hash other = {{2}};
    struct hf_public_key agent = {{3}};
    struct hf_public_key clone = {{4}};
    hf_tenant_init(&tenant);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &agent, NOW, &err), HF_EPERM);
    create(&tenant);
    HF_CHECK_U64(tenant.ring, HF_RING_CANARY);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &agent, NOW, &err), HF_EPERM);
    mint(&tenant, &token, NOW + 1000);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &other, &agent, NOW, &err), HF_EPERM);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &agent, NOW + 1000, &err), HF_EPERM);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &agent, NOW + 999, &err), HF_OK);
    registered(&tenant, &token, &agent);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &agent, NOW + 5000, &err), HF_EEXIST);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &clone, NOW + 5000, &err), HF_EFORK);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &agent, NOW + INT64_C(90000000000), &err),
                HF_EPERM);
    HF_CHECK_STR(hf_str_c(tenant.log_stem), HF_STR("dev/tenant/acme"));
}

/* Created once, moved, suspended and resumed, gone for ever. */
HF_TEST(life)
{
    struct hf_tenant tenant;
    struct hf_err err = {0};
    uint8_t bytes[512];
    hf_tenant_init(&tenant);
    HF_CHECK_RC(hf_tenant_may_create(&tenant, &err), HF_OK);
    HF_CHECK_RC(hf_tenant_may_suspend(&tenant, &err), HF_ENOTFOUND);
    create(&tenant);
    HF_CHECK_RC(hf_tenant_may_create(&tenant, &err), HF_EEXIST);
    HF_CHECK_RC(hf_tenant_may_move(&tenant, HF_RING_CANARY, &err), HF_EEXIST);
    HF_CHECK_RC(hf_tenant_may_move(&tenant, HF_RING_GENERAL, &err), HF_OK);
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_event_tenant_moved moved = {.tenant = HF_STR("acme"),
                                          .before = HF_EVENT_TENANT_MOVED_BEFORE_CANARY,
                                          .after = HF_EVENT_TENANT_MOVED_AFTER_GENERAL,
                                          .reason = HF_STR("good")};
    hf_event_tenant_moved_encode(&moved, &w);
    HF_CHECK_RC(fold(&tenant, "tenant.moved", &w), HF_OK);
    HF_CHECK_U64(tenant.ring, HF_RING_GENERAL);
    HF_CHECK_RC(fold(&tenant, "tenant.suspended", &w), HF_OK);
    HF_CHECK_RC(hf_tenant_may_suspend(&tenant, &err), HF_EEXIST);
    HF_CHECK_RC(hf_tenant_may_resume(&tenant, &err), HF_OK);
    HF_CHECK_RC(fold(&tenant, "tenant.resumed", &w), HF_OK);
    HF_CHECK_RC(hf_tenant_may_resume(&tenant, &err), HF_EEXIST);
    HF_CHECK_RC(fold(&tenant, "something.newer", &w), HF_OK);
    HF_CHECK_RC(fold(&tenant, "tenant.decommissioned", &w), HF_OK);
    HF_CHECK_RC(hf_tenant_may_mint(&tenant, NOW + 1, NOW, &err), HF_EPERM);
    HF_CHECK_RC(hf_tenant_may_create(&tenant, &err), HF_EEXIST);
    HF_CHECK_U64(tenant.version, 6);
}

/* A token's text comes back; every changed character is refused. */
HF_TEST(token_text)
{
    struct hf_token token = {.region = "dev", .tenant = "acme", .tls_pin = {{5}}};
    struct hf_token back;
    struct hf_secret text = {0};
    struct hf_err err = {0};
    char copy[HF_TOKEN_TEXT_MAX];
    HF_CHECK_OK(hf_crypto_init(&err), err);
    HF_CHECK_OK(hf_token_draw(hf_env_os(), &token, &err), err);
    HF_CHECK_OK(hf_token_format(&token, &text, &err), err);
    size_t len = hf_secret_reveal(&text).len - 1;
    memcpy(copy, hf_secret_reveal(&text).ptr, len + 1);
    HF_CHECK_OK(hf_token_parse((struct hf_str){copy, len}, &back, &err), err);
    HF_CHECK_STR(hf_str_c(back.tenant), HF_STR("acme"));
    HF_CHECK_MEM(back.tls_pin.b, token.tls_pin.b, 32);
    HF_CHECK(hf_equal_secret(hf_secret_reveal(&back.seed), hf_secret_reveal(&token.seed)));
    hf_token_free(&back);
    for (size_t i = 0; i < len && !hf_test_failed(); i++) {
        char was = copy[i];
        copy[i] = was == 'A' ? 'B' : 'A';
        if (hf_token_parse((struct hf_str){copy, len}, &back, &err) == HF_OK) {
            hf_test_fail(__FILE__, __LINE__, "changed at %zu it is taken", i);
        }
        hf_token_free(&back);
        copy[i] = was;
    }
    hf_token_free(&token);
    hf_secret_free(&text);
}

static void fold_struct(struct hf_tenant *tenant, const char *type, const void *event)
{
    struct made made;
    struct hf_err err = {0};
    HF_CHECK_OK(
        hf_tenant_fold(tenant, make_event(&made, type, event, tenant->version + 1, NOW), &err),
        err);
}

/* The next key comes once for each serial and the one before works on for a while; an agent that
 * was let out comes back with a new token, a banned one never; tokens of before are void. */
HF_TEST(keys)
{
    struct hf_tenant tenant;
    struct hf_err err = {0};
    const struct hf_hash token = {{1}};
    const struct hf_hash next_token = {{2}};
    const struct hf_hash next_key = {{9}};
    const struct hf_public_key agent = {{3}};
    const struct hf_public_key other = {{4}};
    hf_tenant_init(&tenant);
    create(&tenant);
    mint(&tenant, &token, NOW + 1000);
    HF_CHECK_RC(hf_tenant_may_evict(&tenant, &err), HF_EEXIST);
    registered(&tenant, &token, &agent);
    HF_CHECK(hf_tenant_takes_key(&tenant, &token, NOW)); /* the fold's helper has them the same */
    HF_CHECK_RC(hf_tenant_may_rotate(&tenant, 0, &err), HF_EINVAL);
    HF_CHECK_RC(hf_tenant_may_rotate(&tenant, 2, &err), HF_EINVAL);
    HF_CHECK_RC(hf_tenant_may_rotate(&tenant, 1, &err), HF_OK);
    const struct hf_event_tenant_key_rotated rotated = {
        .tenant = HF_STR("acme"),
        .purpose = HF_EVENT_TENANT_KEY_ROTATED_PURPOSE_API_KEY,
        .before = hf_bytes_of(token.b, 32),
        .after = hf_bytes_of(next_key.b, 32),
        .has_previous_until = true,
        .previous_until = NOW + 10};
    fold_struct(&tenant, HF_EVENT_TENANT_KEY_ROTATED_NAME, &rotated);
    HF_CHECK_RC(hf_tenant_may_rotate(&tenant, 1, &err), HF_EEXIST);
    HF_CHECK(hf_tenant_takes_key(&tenant, &next_key, NOW + 10));
    HF_CHECK(hf_tenant_takes_key(&tenant, &token, NOW + 9) &&
             !hf_tenant_takes_key(&tenant, &token, NOW + 10));
    const struct hf_event_tenant_evicted evicted = {.tenant = HF_STR("acme"),
                                                    .reason = HF_STR("r")};
    const struct hf_hash spare = {{5}};
    mint(&tenant, &spare, NOW + 1000);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &spare, &other, NOW, &err), HF_OK);
    fold_struct(&tenant, HF_EVENT_TENANT_EVICTED_NAME, &evicted);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &spare, &other, NOW, &err), HF_EPERM);
    HF_CHECK(!hf_tenant_takes_key(&tenant, &next_key, NOW));
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &token, &agent, NOW, &err), HF_EPERM);
    mint(&tenant, &next_token, NOW + 1000);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &next_token, &agent, NOW, &err), HF_OK);
    registered(&tenant, &next_token, &agent);
    HF_CHECK(tenant.api_key_serial == 0);
    const struct hf_event_tenant_agent_banned banned = {
        .tenant = HF_STR("acme"), .agent_key = hf_bytes_of(agent.b, 32), .reason = HF_STR("r")};
    const struct hf_hash last = {{6}};
    mint(&tenant, &last, NOW + 1000);
    fold_struct(&tenant, HF_EVENT_TENANT_AGENT_BANNED_NAME, &banned);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &last, &other, NOW, &err), HF_EPERM);
    mint(&tenant, &next_key, NOW + 1000);
    HF_CHECK(hf_tenant_bans(&tenant, &agent) && !hf_tenant_bans(&tenant, &other));
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &next_key, &agent, NOW, &err), HF_EPERM);
    HF_CHECK_RC(hf_tenant_may_register(&tenant, &next_key, &other, NOW, &err), HF_OK);
}

HF_TEST_MAIN(HF_TEST_CASE(registration), HF_TEST_CASE(life), HF_TEST_CASE(token_text),
             HF_TEST_CASE(keys))
