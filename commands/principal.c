/* commands/principal.c: folds and decides about principals. */
#include "commands/principal.h"

#include "base/assert.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

static const char *const roles[] = {"viewer", "auditor", "operator", "approver", "admin"};
static const char *const kinds[] = {"operator", "customer", "program"};

const char *hf_role_name(enum hf_role role)
{
    return roles[role];
}

const char *hf_principal_kind_name(enum hf_principal_kind kind)
{
    return kinds[kind];
}

enum hf_rc hf_role_parse(struct hf_str text, enum hf_role *ret_role, struct hf_err *err)
{
    for (size_t i = 0; i < HF_LEN(roles); i++) {
        if (hf_str_eq(text, hf_str_c(roles[i]))) {
            *ret_role = (enum hf_role)i;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL,
                      "a role is one of viewer, auditor, operator, approver, admin");
}

enum hf_rc hf_principal_kind_parse(struct hf_str text, enum hf_principal_kind *ret_kind,
                                   struct hf_err *err)
{
    for (size_t i = 0; i < HF_LEN(kinds); i++) {
        if (hf_str_eq(text, hf_str_c(kinds[i]))) {
            *ret_kind = (enum hf_principal_kind)i;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL, "a principal is one of operator, customer, program");
}

/* folding */

static void copy_name(char *out, size_t size, struct hf_str name)
{
    HF_ASSERT(name.len < size); /* the schema's bound */
    memcpy(out, name.ptr, name.len);
    out[name.len] = '\0';
}

static enum hf_rc fold_created(struct hf_principal *principal, const struct hf_envelope *envelope,
                               struct hf_err *err)
{
    uint8_t bytes[1024];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    struct hf_event_principal_created event;
    enum hf_rc rc =
        hf_upcast_newest(envelope, HF_EVENT_PRINCIPAL_CREATED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_principal_created_decode(payload, &event, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    *principal = (struct hf_principal){.version = envelope->version,
                                       .kind = (enum hf_principal_kind)event.kind,
                                       .role = (enum hf_role)event.role,
                                       .expires_us = event.expires,
                                       .created_us = envelope->occurred_us};
    copy_name(principal->name, sizeof principal->name, event.principal);
    if (event.has_tenant) {
        copy_name(principal->tenant, sizeof principal->tenant, event.tenant);
    }
    if (event.has_person) {
        copy_name(principal->person, sizeof principal->person, event.person);
    }
    memcpy(principal->token_hash.b, event.token_hash.ptr, HF_HASH_SIZE);
    return HF_OK;
}

static enum hf_rc fold_rotated(struct hf_principal *principal, struct hf_bytes payload,
                               struct hf_err *err)
{
    struct hf_event_principal_token_rotated event;
    enum hf_rc rc = hf_event_principal_token_rotated_decode(payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    principal->previous_hash = principal->token_hash;
    principal->previous_until_us = event.previous_until;
    principal->expires_us = event.expires;
    memcpy(principal->token_hash.b, event.token_hash.ptr, HF_HASH_SIZE);
    return HF_OK;
}

enum hf_rc hf_principal_fold(struct hf_principal *principal, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    struct hf_str type = envelope->type;
    if (hf_str_eq(type, HF_STR(HF_EVENT_PRINCIPAL_USED_NAME))) {
        principal->used_us = envelope->occurred_us; /* its own stream: no version moves */
        return HF_OK;
    }
    if (hf_str_eq(type, HF_STR(HF_EVENT_PRINCIPAL_CREATED_NAME))) {
        return fold_created(principal, envelope, err);
    }
    principal->version = envelope->version;
    if (hf_str_eq(type, HF_STR(HF_EVENT_PRINCIPAL_TOKEN_ROTATED_NAME))) {
        return fold_rotated(principal, envelope->payload, err);
    }
    if (hf_str_eq(type, HF_STR(HF_EVENT_PRINCIPAL_REVOKED_NAME))) {
        principal->revoked = true;
    }
    return HF_OK;
}

/* asking */

bool hf_principal_takes(const struct hf_principal *principal, const struct hf_hash *token_hash,
                        int64_t now_us)
{
    struct hf_bytes token = hf_bytes_of(token_hash->b, HF_HASH_SIZE);
    bool current = hf_equal_secret(hf_bytes_of(principal->token_hash.b, HF_HASH_SIZE), token) &&
                   (principal->expires_us == 0 || now_us < principal->expires_us);
    bool previous = hf_equal_secret(hf_bytes_of(principal->previous_hash.b, HF_HASH_SIZE), token) &&
                    now_us < principal->previous_until_us;
    return principal->version > 0 && !principal->revoked && (current || previous);
}

bool hf_principal_reaches(const struct hf_principal *principal, struct hf_str tenant)
{
    return principal->tenant[0] == '\0' || hf_str_eq(hf_str_c(principal->tenant), tenant);
}

/* deciding */

static enum hf_rc must_exist(const struct hf_principal *principal, struct hf_err *err)
{
    return principal->version > 0
               ? HF_OK
               : hf_err_set(err, HF_ENOTFOUND, "there is no principal of this name");
}

enum hf_rc hf_principal_may_create(const struct hf_principal *principal,
                                   const struct hf_principal_wish *wish, int64_t now_us,
                                   struct hf_err *err)
{
    if (!hf_tenant_name_ok(wish->name)) {
        return hf_err_set(err, HF_EINVAL, "a principal's name is 1 to 48 of a-z, 0-9 and -");
    }
    if (principal->version > 0) {
        return hf_err_set(err, HF_EEXIST,
                          "a principal of this name exists or existed; names are never used again");
    }
    if (wish->kind == HF_PRINCIPAL_CUSTOMER && wish->tenant.len == 0) {
        return hf_err_set(err, HF_EINVAL, "a customer's user needs the tenant it belongs to");
    }
    if (wish->kind == HF_PRINCIPAL_CUSTOMER && wish->role != HF_ROLE_VIEWER &&
        wish->role != HF_ROLE_APPROVER) {
        return hf_err_set(err, HF_EINVAL, "a customer's user is a viewer or an approver");
    }
    if (wish->role == HF_ROLE_ADMIN && wish->tenant.len > 0) {
        return hf_err_set(err, HF_EINVAL, "an admin cannot be bound to a tenant");
    }
    if (wish->expires_us != 0 && wish->expires_us <= now_us) {
        return hf_err_set(err, HF_EINVAL, "the token would have expired already");
    }
    return HF_OK;
}

enum hf_rc hf_principal_may_rotate(const struct hf_principal *principal, int64_t expires_us,
                                   int64_t now_us, struct hf_err *err)
{
    enum hf_rc rc = must_exist(principal, err);
    if (rc == HF_OK && principal->revoked) {
        rc = hf_err_set(err, HF_EPERM, "the principal is revoked; create a new one");
    }
    if (rc == HF_OK && expires_us != 0 && expires_us <= now_us) {
        rc = hf_err_set(err, HF_EINVAL, "the token would have expired already");
    }
    return rc;
}

enum hf_rc hf_principal_may_revoke(const struct hf_principal *principal, unsigned admins,
                                   struct hf_err *err)
{
    enum hf_rc rc = must_exist(principal, err);
    if (rc == HF_OK && principal->revoked) {
        rc = hf_err_set(err, HF_EEXIST, "the principal is revoked already");
    }
    if (rc == HF_OK && principal->role == HF_ROLE_ADMIN && admins <= 1) {
        rc = hf_err_set(err, HF_EPERM,
                        "this is the last admin: make another one first, or nobody can");
    }
    return rc;
}
