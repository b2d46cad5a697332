/* commands/tenant.c: folds and decides. */
#include "commands/tenant.h"

#include "schemas/upcast.h"

/* How long a lost answer to a registration may be asked for again. */
#define REPEAT_US INT64_C(86400000000)

void hf_tenant_init(struct hf_tenant *tenant)
{
    *tenant = (struct hf_tenant){.status = HF_TENANT_NONE};
}

bool hf_tenant_name_ok(struct hf_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return name.len > 0 && name.len <= HF_TENANT_NAME_MAX;
}

enum hf_rc hf_tenant_of_stream(struct hf_str stream, const char *kind, struct hf_str *ret_tenant,
                               struct hf_str *ret_rest)
{
    struct hf_str prefix = hf_str_c(kind);
    if (!hf_str_starts(stream, prefix)) {
        return HF_ENOTFOUND;
    }
    struct hf_str rest = {stream.ptr + prefix.len, stream.len - prefix.len};
    const char *slash = rest.len == 0 ? NULL : memchr(rest.ptr, '/', rest.len);
    if (slash == NULL) {
        return HF_ENOTFOUND;
    }
    *ret_tenant = (struct hf_str){rest.ptr, (size_t)(slash - rest.ptr)};
    *ret_rest = (struct hf_str){slash + 1, rest.len - ret_tenant->len - 1};
    return hf_tenant_name_ok(*ret_tenant) ? HF_OK : HF_ENOTFOUND;
}

const char *hf_ring_name(enum hf_ring ring)
{
    static const char *const names[] = {"sandbox", "canary", "general"};
    return names[ring];
}

enum hf_rc hf_ring_parse(struct hf_str text, enum hf_ring *ret_ring, struct hf_err *err)
{
    for (int ring = HF_RING_SANDBOX; ring <= HF_RING_GENERAL; ring++) {
        if (hf_str_eq(text, hf_str_c(hf_ring_name((enum hf_ring)ring)))) {
            *ret_ring = (enum hf_ring)ring;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL, "a ring is one of sandbox, canary, general");
}

const char *hf_tenant_status_name(enum hf_tenant_status status)
{
    static const char *const names[] = {"none", "active", "suspended", "decommissioned"};
    return names[status];
}

/* folding */

static enum hf_rc fold_created(struct hf_tenant *tenant, struct hf_bytes payload,
                               struct hf_err *err)
{
    struct hf_event_tenant_created event;
    enum hf_rc rc = hf_event_tenant_created_decode(payload, &event, err);
    if (rc == HF_OK && event.tenant.len <= HF_TENANT_NAME_MAX) {
        memcpy(tenant->name, event.tenant.ptr, event.tenant.len);
        tenant->name[event.tenant.len] = '\0';
        tenant->status = HF_TENANT_ACTIVE;
        tenant->ring = (enum hf_ring)event.cohort;
    }
    return rc;
}

static enum hf_rc fold_minted(struct hf_tenant *tenant, struct hf_bytes payload, struct hf_err *err)
{
    struct hf_event_tenant_token_minted event;
    enum hf_rc rc = hf_event_tenant_token_minted_decode(payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (tenant->token_count == HF_TENANT_TOKENS_MAX) {
        memmove(tenant->tokens, tenant->tokens + 1,
                (HF_TENANT_TOKENS_MAX - 1) * sizeof tenant->tokens[0]);
        tenant->token_count--;
    }
    struct hf_tenant_token *token = &tenant->tokens[tenant->token_count++];
    *token = (struct hf_tenant_token){.expires_us = event.expires};
    memcpy(token->hash.b, event.token_hash.ptr, HF_HASH_SIZE);
    return HF_OK;
}

static enum hf_rc fold_registered(struct hf_tenant *tenant, const struct hf_envelope *envelope,
                                  struct hf_err *err)
{
    struct hf_event_tenant_registered event;
    enum hf_rc rc = hf_event_tenant_registered_decode(envelope->payload, &event, err);
    if (rc != HF_OK || event.log_origin.len > HF_TENANT_STEM_MAX) {
        return rc;
    }
    tenant->registered = true;
    tenant->registered_us = envelope->occurred_us;
    tenant->api_key_serial = 0;
    tenant->previous_until_us = 0;
    memcpy(tenant->token_used.b, event.token_hash.ptr, HF_HASH_SIZE);
    memcpy(tenant->agent_key.b, event.agent_key.ptr, HF_PUBLIC_KEY_SIZE);
    memcpy(tenant->log_key.b, event.log_key.ptr, HF_PUBLIC_KEY_SIZE);
    memcpy(tenant->api_key_hash.b, event.api_key_hash.ptr, HF_HASH_SIZE);
    memcpy(tenant->log_stem, event.log_origin.ptr, event.log_origin.len);
    tenant->log_stem[event.log_origin.len] = '\0';
    for (unsigned i = 0; i < tenant->token_count; i++) {
        if (hf_hash_eq(&tenant->tokens[i].hash, &tenant->token_used)) {
            tenant->tokens[i].bound = true;
        }
    }
    return HF_OK;
}

static enum hf_rc fold_rotated(struct hf_tenant *tenant, const struct hf_envelope *envelope,
                               struct hf_err *err)
{
    uint8_t bytes[512];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    struct hf_event_tenant_key_rotated event;
    enum hf_rc rc =
        hf_upcast_newest(envelope, HF_EVENT_TENANT_KEY_ROTATED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_tenant_key_rotated_decode(payload, &event, err);
    }
    if (rc != HF_OK || event.purpose != HF_EVENT_TENANT_KEY_ROTATED_PURPOSE_API_KEY) {
        return rc;
    }
    tenant->previous_key_hash = tenant->api_key_hash;
    tenant->previous_until_us = event.has_previous_until ? event.previous_until : 0;
    tenant->api_key_serial++;
    memcpy(tenant->api_key_hash.b, event.after.ptr, HF_HASH_SIZE);
    return HF_OK;
}

/* The agent is out. What was minted before is for nobody any more: who got hold of the server may
 * have got hold of a token that was meant for it. */
static void let_out(struct hf_tenant *tenant)
{
    tenant->registered = false;
    for (unsigned i = 0; i < tenant->token_count; i++) {
        if (!tenant->tokens[i].bound) {
            tenant->tokens[i].expires_us = 0;
        }
    }
}

static enum hf_rc fold_banned(struct hf_tenant *tenant, struct hf_bytes payload, struct hf_err *err)
{
    struct hf_event_tenant_agent_banned event;
    enum hf_rc rc = hf_event_tenant_agent_banned_decode(payload, &event, err);
    if (rc == HF_OK && tenant->banned_count < HF_TENANT_BANNED_MAX) {
        memcpy(tenant->banned[tenant->banned_count++].b, event.agent_key.ptr, HF_PUBLIC_KEY_SIZE);
        let_out(tenant);
    }
    return rc;
}

static enum hf_rc fold_moved(struct hf_tenant *tenant, struct hf_bytes payload, struct hf_err *err)
{
    struct hf_event_tenant_moved event;
    enum hf_rc rc = hf_event_tenant_moved_decode(payload, &event, err);
    if (rc == HF_OK) {
        tenant->ring = (enum hf_ring)event.after;
    }
    return rc;
}

enum hf_rc hf_tenant_fold(struct hf_tenant *tenant, const struct hf_envelope *envelope,
                          struct hf_err *err)
{
    struct hf_str type = envelope->type;
    tenant->version = envelope->version;
    if (hf_str_eq(type, HF_STR("tenant.created"))) {
        return fold_created(tenant, envelope->payload, err);
    }
    if (hf_str_eq(type, HF_STR("tenant.token_minted"))) {
        return fold_minted(tenant, envelope->payload, err);
    }
    if (hf_str_eq(type, HF_STR("tenant.registered"))) {
        return fold_registered(tenant, envelope, err);
    }
    if (hf_str_eq(type, HF_STR("tenant.moved"))) {
        return fold_moved(tenant, envelope->payload, err);
    }
    if (hf_str_eq(type, HF_STR("tenant.key_rotated"))) {
        return fold_rotated(tenant, envelope, err);
    }
    if (hf_str_eq(type, HF_STR("tenant.agent_banned"))) {
        return fold_banned(tenant, envelope->payload, err);
    }
    if (hf_str_eq(type, HF_STR("tenant.evicted"))) {
        let_out(tenant);
    } else if (hf_str_eq(type, HF_STR("tenant.suspended"))) {
        tenant->status = HF_TENANT_SUSPENDED;
    } else if (hf_str_eq(type, HF_STR("tenant.resumed"))) {
        tenant->status = HF_TENANT_ACTIVE;
    } else if (hf_str_eq(type, HF_STR("tenant.decommissioned"))) {
        tenant->status = HF_TENANT_GONE;
    }
    return HF_OK;
}

/* deciding */

static enum hf_rc must_exist(const struct hf_tenant *tenant, struct hf_err *err)
{
    if (tenant->status == HF_TENANT_NONE) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no such tenant");
    }
    return tenant->status == HF_TENANT_GONE
               ? hf_err_set(err, HF_EPERM, "the tenant is decommissioned; create a new one")
               : HF_OK;
}

enum hf_rc hf_tenant_may_create(const struct hf_tenant *tenant, struct hf_err *err)
{
    return tenant->status == HF_TENANT_NONE
               ? HF_OK
               : hf_err_set(err, HF_EEXIST,
                            "a tenant of this name exists already; names are "
                            "never used again");
}

enum hf_rc hf_tenant_may_mint(const struct hf_tenant *tenant, int64_t expires_us, int64_t now_us,
                              struct hf_err *err)
{
    enum hf_rc rc = must_exist(tenant, err);
    if (rc == HF_OK && expires_us <= now_us) {
        rc = hf_err_set(err, HF_EINVAL, "the token would have expired already");
    }
    return rc;
}

enum hf_rc hf_tenant_may_move(const struct hf_tenant *tenant, enum hf_ring to, struct hf_err *err)
{
    enum hf_rc rc = must_exist(tenant, err);
    if (rc == HF_OK && tenant->ring == to) {
        rc = hf_err_set(err, HF_EEXIST, "the tenant is in this ring already");
    }
    return rc;
}

enum hf_rc hf_tenant_may_suspend(const struct hf_tenant *tenant, struct hf_err *err)
{
    enum hf_rc rc = must_exist(tenant, err);
    if (rc == HF_OK && tenant->status == HF_TENANT_SUSPENDED) {
        rc = hf_err_set(err, HF_EEXIST, "the tenant is suspended already");
    }
    return rc;
}

enum hf_rc hf_tenant_may_resume(const struct hf_tenant *tenant, struct hf_err *err)
{
    enum hf_rc rc = must_exist(tenant, err);
    if (rc == HF_OK && tenant->status != HF_TENANT_SUSPENDED) {
        rc = hf_err_set(err, HF_EEXIST, "the tenant is not suspended");
    }
    return rc;
}

enum hf_rc hf_tenant_may_decommission(const struct hf_tenant *tenant, struct hf_err *err)
{
    return must_exist(tenant, err);
}

bool hf_tenant_takes_key(const struct hf_tenant *tenant, const struct hf_hash *key_hash,
                         int64_t now_us)
{
    struct hf_bytes key = hf_bytes_of(key_hash->b, HF_HASH_SIZE);
    bool current = hf_equal_secret(hf_bytes_of(tenant->api_key_hash.b, HF_HASH_SIZE), key);
    bool previous = hf_equal_secret(hf_bytes_of(tenant->previous_key_hash.b, HF_HASH_SIZE), key) &&
                    now_us < tenant->previous_until_us;
    return tenant->registered && (current || previous);
}

enum hf_rc hf_tenant_may_rotate(const struct hf_tenant *tenant, uint64_t serial, struct hf_err *err)
{
    if (serial == tenant->api_key_serial && serial > 0) {
        return hf_err_set(err, HF_EEXIST, "the key has this serial already");
    }
    return serial == tenant->api_key_serial + 1
               ? HF_OK
               : hf_err_set(err, HF_EINVAL, "the next serial is %llu",
                            (unsigned long long)tenant->api_key_serial + 1);
}

enum hf_rc hf_tenant_may_evict(const struct hf_tenant *tenant, struct hf_err *err)
{
    enum hf_rc rc = must_exist(tenant, err);
    return rc != HF_OK || tenant->registered
               ? rc
               : hf_err_set(err, HF_EEXIST, "the tenant has no agent that could be let out");
}

enum hf_rc hf_tenant_may_ban(const struct hf_tenant *tenant, struct hf_err *err)
{
    enum hf_rc rc = hf_tenant_may_evict(tenant, err);
    if (rc == HF_OK && tenant->banned_count == HF_TENANT_BANNED_MAX) {
        rc = hf_err_set(err, HF_ENOSPC,
                        "%d agents of this tenant are banned: decommission it, something is wrong "
                        "with its server",
                        HF_TENANT_BANNED_MAX);
    }
    return rc;
}

bool hf_tenant_bans(const struct hf_tenant *tenant, const struct hf_public_key *agent_key)
{
    for (unsigned i = 0; i < tenant->banned_count; i++) {
        if (memcmp(&tenant->banned[i], agent_key, sizeof *agent_key) == 0) {
            return true;
        }
    }
    return false;
}

enum hf_rc hf_tenant_may_register(const struct hf_tenant *tenant, const struct hf_hash *token,
                                  const struct hf_public_key *agent_key, int64_t now_us,
                                  struct hf_err *err)
{
    static const char unknown[] = "the registration token is unknown or has expired; ask for a new "
                                  "one";
    if (tenant->status != HF_TENANT_ACTIVE) {
        return hf_err_set(err, HF_EPERM, "%s", unknown); /* a stranger learns nothing */
    }
    if (hf_tenant_bans(tenant, agent_key)) {
        return hf_err_set(err, HF_EPERM, "this agent's key is banned; set the agent up anew");
    }
    for (unsigned i = 0; i < tenant->token_count; i++) {
        const struct hf_tenant_token *known = &tenant->tokens[i];
        if (!hf_hash_eq(&known->hash, token)) {
            continue;
        }
        if (!known->bound) {
            return now_us < known->expires_us ? HF_OK : hf_err_set(err, HF_EPERM, "%s", unknown);
        }
        if (!tenant->registered) {
            return hf_err_set(err, HF_EPERM, "%s", unknown); /* let out since */
        }
        bool same = hf_hash_eq(&tenant->token_used, token) &&
                    memcmp(agent_key, &tenant->agent_key, sizeof *agent_key) == 0;
        if (!same) {
            return hf_err_set(err, HF_EFORK, "the registration token was used by another agent");
        }
        return now_us < tenant->registered_us + REPEAT_US
                   ? hf_err_set(err, HF_EEXIST, "this agent is registered already")
                   : hf_err_set(err, HF_EPERM, "%s", unknown);
    }
    return hf_err_set(err, HF_EPERM, "%s", unknown);
}
