/* hub/principal_api.c: admins' calls about who may use the Hub. */
#include "hub/principal_api.h"

#include <stdio.h>

#include "base/hex.h"
#include "hub/condition.h"
#include "hub/cursor.h"

#define PAGE         100
#define TOKEN_PREFIX "hfp_"
#define SECOND_US    INT64_C(1000000)

enum hf_rc hf_principal_token_draw(struct hf_env *env, struct hf_secret *ret_token,
                                   struct hf_hash *ret_hash, struct hf_err *err)
{
    uint8_t seed[32];
    char text[sizeof TOKEN_PREFIX + 2 * sizeof seed];
    hf_env_random(env, seed, sizeof seed);
    memcpy(text, TOKEN_PREFIX, sizeof TOKEN_PREFIX);
    hf_hex_encode(hf_bytes_of(seed, sizeof seed), text + sizeof TOKEN_PREFIX - 1);
    hf_sha256(hf_bytes_of(text, strlen(text)), ret_hash);
    enum hf_rc rc = hf_secret_copy(hf_bytes_of(text, strlen(text)), ret_token);
    hf_wipe(seed, sizeof seed);
    hf_wipe(text, sizeof text);
    return rc == HF_OK ? rc : hf_err_set(err, rc, "no memory for a token");
}

enum hf_rc hf_principal_encode(const struct hf_principal_wish *wish,
                               const struct hf_hash *token_hash, struct hf_writer *w,
                               struct hf_err *err)
{
    const struct hf_event_principal_created event = {
        .principal = wish->name,
        .kind = (enum hf_event_principal_created_kind)wish->kind,
        .role = (enum hf_event_principal_created_role)wish->role,
        .has_tenant = wish->tenant.len > 0,
        .tenant = wish->tenant,
        .has_person = wish->person.len > 0,
        .person = wish->person,
        .token_hash = hf_bytes_of(token_hash->b, HF_HASH_SIZE),
        .expires = wish->expires_us};
    enum hf_rc rc = hf_event_principal_created_check(&event, err);
    if (rc == HF_OK) {
        hf_event_principal_created_encode(&event, w);
    }
    return rc;
}

/* showing */

static void put_principal(struct hf_json_out *json, const struct hf_hub_principal *known,
                          int64_t now_us)
{
    const struct hf_principal *p = &known->life;
    bool expired = p->expires_us != 0 && p->expires_us <= now_us;
    hf_json_object_begin(json);
    hf_json_key_str(json, "principal", hf_str_c(p->name));
    hf_json_key_str(json, "kind", hf_str_c(hf_principal_kind_name(p->kind)));
    hf_json_key_str(json, "role", hf_str_c(hf_role_name(p->role)));
    if (p->tenant[0] != '\0') {
        hf_json_key_str(json, "tenant", hf_str_c(p->tenant));
    }
    if (p->person[0] != '\0') {
        hf_json_key_str(json, "person", hf_str_c(p->person));
    }
    hf_json_key_str(json, "status",
                    p->revoked ? HF_STR("revoked")
                               : (expired ? HF_STR("expired") : HF_STR("active")));
    hf_json_key_u64(json, "version", p->version);
    hf_json_key(json, HF_STR("created"));
    hf_json_time_us(json, p->created_us);
    if (p->expires_us != 0) {
        hf_json_key(json, HF_STR("expires"));
        hf_json_time_us(json, p->expires_us);
    }
    if (p->previous_until_us > now_us) {
        hf_json_key(json, HF_STR("previous_token_until"));
        hf_json_time_us(json, p->previous_until_us);
    }
    int64_t used_us = known->seen_us > p->used_us ? known->seen_us : p->used_us;
    if (used_us != 0) {
        hf_json_key(json, HF_STR("last_used"));
        hf_json_time_us(json, used_us);
    }
    if (known->seen_from[0] != '\0') {
        hf_json_key_str(json, "last_address", hf_str_c(known->seen_from));
    }
    hf_json_object_end(json);
}

/* The first of the page; *ret_first NULL: it is empty. */
static enum hf_rc find_first(const struct hf_hub *hub,
                             const struct hf_api_principals_list_query *query,
                             struct hf_hub_principal **ret_first, struct hf_err *err)
{
    struct hf_str name;
    if (!query->has_cursor) {
        *ret_first = hf_hub_principals_first(&hub->principals);
        return HF_OK;
    }
    enum hf_rc rc = hf_cursor_open(hub, HF_STR("principals"), query->cursor, &name, err);
    const struct hf_hub_principal *last =
        rc == HF_OK ? hf_hub_principal_find(&hub->principals, name) : NULL;
    if (rc == HF_OK && last == NULL) {
        rc = hf_err_set(err, HF_EINVAL, "cursor: names nothing that is here");
    }
    *ret_first = last == NULL ? NULL : hf_hub_principals_next(&hub->principals, last);
    return rc;
}

void hf_serve_principals_list(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    const struct hf_api_principals_list_query *query = &call->asked.principals_list;
    uint64_t limit = query->has_limit ? query->limit : PAGE;
    uint64_t shown = 0;
    struct hf_hub_principal *p = NULL;
    const struct hf_hub_principal *last = NULL;
    char target[64];
    struct hf_json_out json;
    struct hf_err err = {0};
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    if (find_first(hub, query, &p, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hub->as_of);
    hf_json_key(&json, HF_STR("principals"));
    hf_json_array_begin(&json);
    for (; p != NULL; p = hf_hub_principals_next(&hub->principals, p)) {
        if (p->life.version == 0) {
            continue;
        }
        if (shown++ == limit) {
            break;
        }
        last = p;
        put_principal(&json, p, now);
    }
    hf_json_array_end(&json);
    if (shown > limit) {
        (void)snprintf(target, sizeof target, "/v1/principals?limit=%llu",
                       (unsigned long long)limit);
        hf_cursor_put_next(call, &json, target, HF_STR("principals"), hf_str_c(last->life.name));
    }
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

/* commands */

static struct hf_hub_principal *named(struct hf_hub_call *call)
{
    struct hf_hub_principal *p =
        hf_hub_principal_find(&call->hub->principals, hf_call_param(call, 0));
    if (p == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no principal of this name.");
        return NULL;
    }
    return hf_call_matches(call, p->life.version) ? p : NULL;
}

static void post_to_principal(struct hf_hub_call *call, struct hf_str name, uint64_t version,
                              struct hf_hub_event *event, void (*posted)(struct hf_hub_call *call))
{
    char stream[64];
    (void)snprintf(stream, sizeof stream, "principal/%.*s", HF_STR_ARG(name));
    event->stream = hf_str_c(stream);
    event->expects = true;
    event->version = version;
    hf_call_post(call, event, posted);
}

/* 201 with the token, which is shown this once. */
static void answer_token(struct hf_hub_call *call)
{
    struct hf_json_out json;
    struct hf_bytes text = hf_secret_reveal(&call->token);
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "token", (struct hf_str){(const char *)text.ptr, text.len});
    hf_json_object_end(&json);
    if (call->op->tagged && call->exchange != NULL) { /* the path names who got a new one */
        const struct hf_hub_principal *p =
            hf_hub_principal_find(&call->hub->principals, hf_call_param(call, 0));
        hf_call_tag_version(call, p->life.version);
    }
    hf_call_answer(call, 201, &call->scratch);
}

/* Seconds from now; 0: never. */
static int64_t expiry(const struct hf_hub_call *call, uint64_t ttl_s)
{
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    return ttl_s == 0 ? 0 : now + (int64_t)ttl_s * SECOND_US;
}

static enum hf_rc take_wish(struct hf_hub_call *call, struct hf_principal_wish *wish,
                            struct hf_err *err)
{
    const struct hf_api_principal_create *in = &call->in.principal_create;
    *wish = (struct hf_principal_wish){
        .name = in->principal,
        .kind = in->has_kind ? (enum hf_principal_kind)in->kind : HF_PRINCIPAL_OPERATOR,
        .role = (enum hf_role)in->role,
        .tenant = in->has_tenant ? in->tenant : (struct hf_str){NULL, 0},
        .person = in->has_person ? in->person : (struct hf_str){NULL, 0},
        .expires_us = expiry(call, in->has_ttl_s ? in->ttl_s : 0)};
    if (wish->tenant.len > 0) {
        const struct hf_hub_tenant *t = hf_hub_tenant_find(call->hub->tenants, wish->tenant);
        if (t == NULL || t->life.status == HF_TENANT_NONE) {
            return hf_err_set(err, HF_EINVAL, "tenant: there is no such tenant in this region");
        }
    }
    return HF_OK;
}

void hf_serve_principal_create(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    struct hf_principal_wish wish;
    static const struct hf_principal none;
    struct hf_err err = {0};
    struct hf_hash hash;
    enum hf_rc rc = take_wish(call, &wish, &err);
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    const struct hf_hub_principal *known = hf_hub_principal_find(&hub->principals, wish.name);
    struct hf_env *env = hf_loop_env(hub->loop);
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    rc = hf_principal_may_create(known == NULL ? &none : &known->life, &wish, hf_env_wall_us(env),
                                 &err);
    if (rc == HF_OK) {
        rc = hf_principal_token_draw(env, &call->token, &hash, &err);
    }
    if (rc == HF_OK) {
        rc = hf_principal_encode(&wish, &hash, &w, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_hub_event event = {.type = HF_EVENT_PRINCIPAL_CREATED_NAME,
                                 .schema_version = HF_EVENT_PRINCIPAL_CREATED_VERSION,
                                 .payload = hf_writer_done(&w)};
    post_to_principal(call, wish.name, 0, &event, answer_token);
}

void hf_serve_principal_rotate(struct hf_hub_call *call)
{
    const struct hf_api_principal_rotate *in = &call->in.principal_rotate;
    struct hf_event_principal_token_rotated rotated = {
        .expires = expiry(call, in->has_ttl_s ? in->ttl_s : 0)};
    struct hf_err err = {0};
    struct hf_hash hash;
    struct hf_hub_principal *p = named(call);
    if (p == NULL) {
        return;
    }
    struct hf_env *env = hf_loop_env(call->hub->loop);
    int64_t now = hf_env_wall_us(env);
    enum hf_rc rc = hf_principal_may_rotate(&p->life, rotated.expires, now, &err);
    if (rc == HF_OK) {
        rc = hf_principal_token_draw(env, &call->token, &hash, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    int64_t until = now + (int64_t)in->overlap_s * SECOND_US;
    bool ends_before = p->life.expires_us != 0 && p->life.expires_us < until;
    rotated.principal = hf_str_c(p->life.name);
    rotated.token_hash = hf_bytes_of(hash.b, HF_HASH_SIZE);
    rotated.previous_until =
        ends_before ? p->life.expires_us : until; /* never longer than it had */
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_principal_token_rotated_encode(&rotated, &w);
    struct hf_hub_event event = {.type = HF_EVENT_PRINCIPAL_TOKEN_ROTATED_NAME,
                                 .schema_version = HF_EVENT_PRINCIPAL_TOKEN_ROTATED_VERSION,
                                 .payload = hf_writer_done(&w)};
    post_to_principal(call, rotated.principal, p->life.version, &event, answer_token);
}

void hf_call_answer_principal(struct hf_hub_call *call)
{
    struct hf_json_out json;
    const struct hf_hub_principal *p =
        hf_hub_principal_find(&call->hub->principals, hf_str_c(call->subject));
    hf_json_init(&json, &call->scratch);
    put_principal(&json, p, hf_env_wall_us(hf_loop_env(call->hub->loop)));
    hf_call_tag_version(call, p->life.version);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_serve_principal_revoke(struct hf_hub_call *call)
{
    struct hf_event_principal_revoked revoked = {.reason = call->in.principal_revoke.reason};
    struct hf_err err = {0};
    struct hf_hub_principal *p = named(call);
    if (p == NULL) {
        return;
    }
    int64_t now = hf_env_wall_us(hf_loop_env(call->hub->loop));
    enum hf_rc rc = hf_principal_may_revoke(
        &p->life, hf_hub_principals_admins(&call->hub->principals, now), &err);
    revoked.principal = hf_str_c(p->life.name);
    if (rc == HF_OK) {
        rc = hf_event_principal_revoked_check(&revoked, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    memcpy(call->subject, p->life.name, sizeof p->life.name);
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_principal_revoked_encode(&revoked, &w);
    struct hf_hub_event event = {.type = HF_EVENT_PRINCIPAL_REVOKED_NAME,
                                 .schema_version = HF_EVENT_PRINCIPAL_REVOKED_VERSION,
                                 .payload = hf_writer_done(&w)};
    post_to_principal(call, revoked.principal, p->life.version, &event, hf_call_answer_principal);
}
