/* hub/memory_parts.c: the parts of the Hub's memory, and their records.
 *
 * What only lives while the Hub runs (heartbeats, figures, what is on its way to the log) is in
 * none of them. The asserted sizes are there so that a new member of a struct is not forgotten:
 * give it a field, raise HF_MEMORY_VERSION, then change the size.
 */
#include <stdio.h>

#include "base/assert.h"
#include "hub/hub.h"
#include "hub/memory.h"

#define FIELDS(list) list, HF_LEN(list)

/* the Hub itself */

struct kept_hub {
    uint64_t sequence;
};

static const struct hf_record_field hub_fields[] = {
    HF_RECORD_MEMBER(struct kept_hub, sequence, HF_RECORD_U64),
};
static const struct hf_record hub_record = {sizeof(struct kept_hub), FIELDS(hub_fields)};

static enum hf_rc fold_hub(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                           struct hf_err *err)
{
    char own[32];
    (void)index;
    (void)err;
    (void)snprintf(own, sizeof own, "hub/%s", hub->region);
    if (hf_str_eq(envelope->producer, hf_str_c(own)) && envelope->sequence > hub->sequence) {
        hub->sequence = envelope->sequence;
    }
    return HF_OK;
}

static void put_hub(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_memory_emit(out, &(struct kept_hub){hub->sequence});
}

static enum hf_rc take_hub(struct hf_hub *hub, const void *record)
{
    hub->sequence = ((const struct kept_hub *)record)->sequence;
    return HF_OK;
}

/* principals */

_Static_assert(sizeof(struct hf_principal) == 360, "see the top of this file");

#define PRINCIPAL(member, kind) HF_RECORD_MEMBER(struct hf_principal, member, kind)
static const struct hf_record_field principal_fields[] = {
    PRINCIPAL(created_us, HF_RECORD_I64),
    PRINCIPAL(expires_us, HF_RECORD_I64),
    HF_RECORD_ENUM(struct hf_principal, kind, "kind", HF_PRINCIPAL_PROGRAM),
    PRINCIPAL(name, HF_RECORD_TEXT),
    PRINCIPAL(person, HF_RECORD_TEXT),
    HF_RECORD_NAMED(struct hf_principal, previous_hash.b, HF_RECORD_BYTES, "previous_hash"),
    PRINCIPAL(previous_until_us, HF_RECORD_I64),
    PRINCIPAL(revoked, HF_RECORD_BOOL),
    HF_RECORD_ENUM(struct hf_principal, role, "role", HF_ROLE_ADMIN),
    PRINCIPAL(tenant, HF_RECORD_TEXT),
    HF_RECORD_NAMED(struct hf_principal, token_hash.b, HF_RECORD_BYTES, "token_hash"),
    PRINCIPAL(used_us, HF_RECORD_I64),
    PRINCIPAL(version, HF_RECORD_U64),
};
static const struct hf_record principal_record = {sizeof(struct hf_principal),
                                                  FIELDS(principal_fields)};

static enum hf_rc fold_principals(struct hf_hub *hub, uint64_t index,
                                  const struct hf_envelope *envelope, struct hf_err *err)
{
    (void)index;
    return hf_hub_principals_fold(&hub->principals, envelope, err);
}

static void put_principals(const struct hf_hub *hub, struct hf_memory_out *out)
{
    for (const struct hf_hub_principal *p = hf_hub_principals_first(&hub->principals); p != NULL;
         p = hf_hub_principals_next(&hub->principals, p)) {
        hf_memory_emit(out, &p->life);
    }
}

static enum hf_rc take_principal(struct hf_hub *hub, const void *record)
{
    return hf_hub_principals_restore(&hub->principals, record);
}

/* flags */

_Static_assert(sizeof(struct hf_flag) == 4168 && sizeof(struct hf_flag_setting) == 64,
               "see the top of this file");

static const struct hf_record_field setting_fields[] = {
    HF_RECORD_MEMBER(struct hf_flag_setting, on, HF_RECORD_BOOL),
    HF_RECORD_ENUM(struct hf_flag_setting, scope, "scope", HF_FLAG_TENANT),
    HF_RECORD_MEMBER(struct hf_flag_setting, since_us, HF_RECORD_I64),
    HF_RECORD_MEMBER(struct hf_flag_setting, subject, HF_RECORD_TEXT),
};
static const struct hf_record setting_record = {sizeof(struct hf_flag_setting),
                                                FIELDS(setting_fields)};
static const struct hf_record_field flag_fields[] = {
    HF_RECORD_MEMBER(struct hf_flag, name, HF_RECORD_TEXT),
    HF_RECORD_COUNTED(struct hf_flag, settings, HF_RECORD_LIST, "settings", count,
                      HF_FLAG_SETTINGS_MAX, &setting_record),
    HF_RECORD_MEMBER(struct hf_flag, version, HF_RECORD_U64),
};
static const struct hf_record flag_record = {sizeof(struct hf_flag), FIELDS(flag_fields)};

static enum hf_rc fold_flags(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    (void)index;
    return hf_hub_flags_fold(&hub->flags, envelope, err);
}

static void put_flags(const struct hf_hub *hub, struct hf_memory_out *out)
{
    for (const struct hf_hub_flag *f = hf_hub_flags_first(&hub->flags); f != NULL;
         f = hf_hub_flags_next(&hub->flags, f)) {
        hf_memory_emit(out, &f->life);
    }
}

static enum hf_rc take_flag(struct hf_hub *hub, const void *record)
{
    return hf_hub_flags_restore(&hub->flags, record);
}

/* idempotency keys */

_Static_assert(sizeof(struct hf_hub_key) == 32, "see the top of this file");

static const struct hf_record_field key_fields[] = {
    HF_RECORD_MEMBER(struct hf_hub_keyed, index, HF_RECORD_U64),
    HF_RECORD_NAMED(struct hf_hub_keyed, id.key, HF_RECORD_BYTES, "key"),
    HF_RECORD_MEMBER(struct hf_hub_keyed, recorded_us, HF_RECORD_I64),
    HF_RECORD_NAMED(struct hf_hub_keyed, id.request, HF_RECORD_BYTES, "request"),
};
static const struct hf_record key_record = {sizeof(struct hf_hub_keyed), FIELDS(key_fields)};

static enum hf_rc fold_keys(struct hf_hub *hub, uint64_t index, const struct hf_envelope *envelope,
                            struct hf_err *err)
{
    return hf_hub_keys_fold(&hub->keys, index, envelope, err);
}

static void put_keys(const struct hf_hub *hub, struct hf_memory_out *out)
{
    HF_QUEUE_FOREACH (node, &hub->keys.order) {
        hf_memory_emit(out, HF_CONTAINER_OF(node, struct hf_hub_keyed, order));
    }
}

static enum hf_rc take_key(struct hf_hub *hub, const void *record)
{
    return hf_hub_keys_restore(&hub->keys, record);
}

/* the cutover */

_Static_assert(sizeof(struct hf_cutover) == 32, "see the top of this file");

static const struct hf_record_field cutover_fields[] = {
    HF_RECORD_MEMBER(struct hf_cutover, since_us, HF_RECORD_I64),
    HF_RECORD_ENUM(struct hf_cutover, step, "step", HF_CUTOVER_FLIP_DEFAULT),
    HF_RECORD_MEMBER(struct hf_cutover, version, HF_RECORD_U64),
    HF_RECORD_MEMBER(struct hf_cutover, window_until_us, HF_RECORD_I64),
};
static const struct hf_record cutover_record = {sizeof(struct hf_cutover), FIELDS(cutover_fields)};

static enum hf_rc fold_cutover(struct hf_hub *hub, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_err *err)
{
    (void)index;
    return hf_str_starts(envelope->stream, HF_STR("cutover/"))
               ? hf_cutover_fold(&hub->cutover, envelope, err)
               : HF_OK;
}

static void put_cutover(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_memory_emit(out, &hub->cutover);
}

static enum hf_rc take_cutover(struct hf_hub *hub, const void *record)
{
    hub->cutover = *(const struct hf_cutover *)record;
    return HF_OK;
}

/* directives */

struct kept_directive {
    char address[HF_TENANT_NAME_MAX + 1];
    struct hf_hub_directive directive;
};

static const struct hf_record_field directive_fields[] = {
    HF_RECORD_MEMBER(struct kept_directive, address, HF_RECORD_TEXT),
    HF_RECORD_NAMED(struct kept_directive, directive.index, HF_RECORD_U64, "index"),
    HF_RECORD_NAMED(struct kept_directive, directive.recorded_us, HF_RECORD_I64, "recorded_us"),
    HF_RECORD_NAMED(struct kept_directive, directive.sequence, HF_RECORD_U64, "sequence"),
};
static const struct hf_record directive_record = {sizeof(struct kept_directive),
                                                  FIELDS(directive_fields)};

static enum hf_rc fold_directives(struct hf_hub *hub, uint64_t index,
                                  const struct hf_envelope *envelope, struct hf_err *err)
{
    return hf_hub_directives_fold(&hub->directives, index, envelope, err);
}

static void put_directive(void *arg, struct hf_str address,
                          const struct hf_hub_directive *directive)
{
    struct kept_directive kept = {.directive = *directive};
    memcpy(kept.address, address.ptr, address.len);
    hf_memory_emit(arg, &kept);
}

static void put_directives(const struct hf_hub *hub, struct hf_memory_out *out)
{
    hf_hub_directives_visit(&hub->directives, put_directive, out);
}

static enum hf_rc take_directive(struct hf_hub *hub, const void *record)
{
    const struct kept_directive *kept = record;
    return hf_hub_directives_restore(&hub->directives, hf_str_c(kept->address), &kept->directive);
}

/* tenants and the frontiers of their logs */

_Static_assert(sizeof(struct hf_tenant) == 1304 && sizeof(struct hf_tenant_token) == 48,
               "see the top of this file");
_Static_assert(sizeof(struct hf_mirror) == 2064, "see the top of this file");

struct kept_tenant {
    struct hf_tenant life;
    uint64_t segments;
    uint64_t last_segment;
    bool epoch_closed;
    uint32_t epoch;
    struct hf_public_key key;
    uint64_t size;
    uint8_t levels[63 * HF_HASH_SIZE]; /* those in use, from the lowest */
    unsigned levels_len;
};

static const struct hf_record_field token_fields[] = {
    HF_RECORD_MEMBER(struct hf_tenant_token, bound, HF_RECORD_BOOL),
    HF_RECORD_MEMBER(struct hf_tenant_token, expires_us, HF_RECORD_I64),
    HF_RECORD_NAMED(struct hf_tenant_token, hash.b, HF_RECORD_BYTES, "hash"),
};
static const struct hf_record token_record = {sizeof(struct hf_tenant_token), FIELDS(token_fields)};
static const struct hf_record_field banned_fields[] = {
    HF_RECORD_NAMED(struct hf_public_key, b, HF_RECORD_BYTES, "key"),
};
static const struct hf_record banned_record = {sizeof(struct hf_public_key), FIELDS(banned_fields)};

#define TENANT(member, kind) HF_RECORD_NAMED(struct kept_tenant, life.member, kind, #member)
#define TENANT_KEY(member)                                                                         \
    HF_RECORD_NAMED(struct kept_tenant, life.member.b, HF_RECORD_BYTES, #member)
static const struct hf_record_field tenant_fields[] = {
    TENANT_KEY(agent_key),
    TENANT_KEY(api_key_hash),
    TENANT(api_key_serial, HF_RECORD_U64),
    HF_RECORD_COUNTED(struct kept_tenant, life.banned, HF_RECORD_LIST, "banned", life.banned_count,
                      HF_TENANT_BANNED_MAX, &banned_record),
    HF_RECORD_ENUM(struct kept_tenant, epoch, "epoch", UINT32_MAX),
    HF_RECORD_MEMBER(struct kept_tenant, epoch_closed, HF_RECORD_BOOL),
    HF_RECORD_NAMED(struct kept_tenant, key.b, HF_RECORD_BYTES, "key"),
    HF_RECORD_MEMBER(struct kept_tenant, last_segment, HF_RECORD_U64),
    HF_RECORD_COUNTED(struct kept_tenant, levels, HF_RECORD_BLOB, "levels", levels_len, 0, NULL),
    TENANT_KEY(log_key),
    TENANT(log_stem, HF_RECORD_TEXT),
    TENANT(name, HF_RECORD_TEXT),
    TENANT_KEY(previous_key_hash),
    TENANT(previous_until_us, HF_RECORD_I64),
    TENANT(registered, HF_RECORD_BOOL),
    TENANT(registered_us, HF_RECORD_I64),
    HF_RECORD_ENUM(struct kept_tenant, life.ring, "ring", HF_RING_GENERAL),
    HF_RECORD_MEMBER(struct kept_tenant, segments, HF_RECORD_U64),
    HF_RECORD_MEMBER(struct kept_tenant, size, HF_RECORD_U64),
    HF_RECORD_ENUM(struct kept_tenant, life.status, "status", HF_TENANT_GONE),
    TENANT_KEY(token_used),
    HF_RECORD_COUNTED(struct kept_tenant, life.tokens, HF_RECORD_LIST, "tokens", life.token_count,
                      HF_TENANT_TOKENS_MAX, &token_record),
    TENANT(version, HF_RECORD_U64),
};
static const struct hf_record tenant_record = {sizeof(struct kept_tenant), FIELDS(tenant_fields)};

static enum hf_rc fold_tenants(struct hf_hub *hub, uint64_t index,
                               const struct hf_envelope *envelope, struct hf_err *err)
{
    return hf_hub_tenants_fold(hub->tenants, index, envelope, hub->log.log, err);
}

static void put_tenants(const struct hf_hub *hub, struct hf_memory_out *out)
{
    for (const struct hf_hub_tenant *t = hf_hub_tenants_first(hub->tenants); t != NULL;
         t = hf_hub_tenants_next(hub->tenants, t)) {
        if (t->life.version == 0 && t->segments == 0) {
            continue; /* wished for, and not in the log */
        }
        const struct hf_frontier *f = &t->mirror.frontier;
        struct kept_tenant kept = {.life = t->life,
                                   .segments = t->segments,
                                   .last_segment = t->last_segment,
                                   .epoch_closed = t->epoch_closed,
                                   .epoch = t->mirror.epoch,
                                   .key = t->mirror.key,
                                   .size = f->size};
        for (unsigned i = 0; i < HF_LEN(f->level); i++) {
            if ((f->size >> i & 1) != 0) {
                memcpy(kept.levels + kept.levels_len, f->level[i].b, HF_HASH_SIZE);
                kept.levels_len += HF_HASH_SIZE;
            }
        }
        hf_memory_emit(out, &kept);
    }
}

static enum hf_rc take_tenant(struct hf_hub *hub, const void *record)
{
    const struct kept_tenant *kept = record;
    struct hf_hub_tenant *t = hf_hub_tenant_get(hub->tenants, hf_str_c(kept->life.name));
    unsigned at = 0;
    if (t == NULL) {
        return HF_ENOMEM;
    }
    t->life = kept->life;
    t->segments = kept->segments;
    t->last_segment = kept->last_segment;
    t->epoch_closed = kept->epoch_closed;
    t->mirror.epoch = kept->epoch;
    t->mirror.key = kept->key;
    t->mirror.frontier.size = kept->size;
    for (unsigned i = 0; i < HF_LEN(t->mirror.frontier.level); i++) {
        if ((kept->size >> i & 1) != 0 && at < kept->levels_len) {
            memcpy(t->mirror.frontier.level[i].b, kept->levels + at, HF_HASH_SIZE);
            at += HF_HASH_SIZE;
        }
    }
    return at == kept->levels_len && kept->size <= HF_TREE_SIZE_MAX &&
                   at == HF_HASH_SIZE * (unsigned)__builtin_popcountll(kept->size)
               ? HF_OK
               : HF_EINVAL;
}

static const struct hf_memory_part parts[] = {
    {'H', &hub_record, fold_hub, put_hub, take_hub},
    {'P', &principal_record, fold_principals, put_principals, take_principal},
    {'F', &flag_record, fold_flags, put_flags, take_flag},
    {'K', &key_record, fold_keys, put_keys, take_key},
    {'C', &cutover_record, fold_cutover, put_cutover, take_cutover},
    {'D', &directive_record, fold_directives, put_directives, take_directive},
    {'T', &tenant_record, fold_tenants, put_tenants, take_tenant},
};

const struct hf_memory_part *const hf_memory_parts[] = {
    &parts[0],
    &parts[1],
    &parts[2],
    &parts[3],
    &parts[4],
    &parts[5],
    &parts[6],
    &hf_memory_approvals,
    &hf_memory_untold,
    &hf_memory_segments,
    &hf_memory_artifacts,
    &hf_memory_slots,
    &hf_memory_told,
    &hf_memory_people,
    &hf_memory_contacts,
    &hf_memory_matters,
    &hf_memory_attempts,
    &hf_memory_subjects,
    &hf_memory_sealed,
    NULL,
};
