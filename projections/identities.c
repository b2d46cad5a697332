/* projections/identities.c: who may speak to the region: principals and tenants' agents. */
#include "base/assert.h"
#include "base/hex.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    NAME,  /* of the principal, or of the agent's tenant */
    CLASS, /* "principal", "agent" */
    KIND,  /* a principal's: operator, customer, program */
    ROLE,
    TENANT,
    STATUS, /* active, revoked, evicted, banned */
    CREATED_US,
    ROTATED_US,
    ROTATIONS,
    ENDED_US,
    EXPIRES_US, /* of the token; 0: never */
    LAST_USED_US,
    AGENT_KEY, /* hex */
};

static const struct hf_table_def table = {.name = "identities_1",
                                          .columns = {{"name", HF_COLUMN_TEXT},
                                                      {"class", HF_COLUMN_TEXT},
                                                      {"kind", HF_COLUMN_TEXT},
                                                      {"role", HF_COLUMN_TEXT},
                                                      {"tenant", HF_COLUMN_TEXT},
                                                      {"status", HF_COLUMN_TEXT},
                                                      {"created_us", HF_COLUMN_INT},
                                                      {"rotated_us", HF_COLUMN_INT},
                                                      {"rotations", HF_COLUMN_INT},
                                                      {"ended_us", HF_COLUMN_INT},
                                                      {"expires_us", HF_COLUMN_INT},
                                                      {"last_used_us", HF_COLUMN_INT},
                                                      {"agent_key", HF_COLUMN_TEXT}},
                                          .key_columns = 2};

/* One event on its way into one row; hex keeps the text of a key. */
struct change {
    const struct hf_envelope *event;
    struct hf_bytes payload;
    struct hf_value *row;
    char hex[2 * HF_HASH_SIZE + 1];
};

typedef enum hf_rc take_fn(struct change *c, struct hf_err *err);

static void begin_life(struct change *c)
{
    for (unsigned i = CLASS + 1; i <= AGENT_KEY; i++) {
        c->row[i] = (struct hf_value){.number = 0};
    }
    c->row[STATUS].text = HF_STR("active");
    c->row[CREATED_US].number = c->event->recorded_us;
}

static void end_life(struct change *c, const char *status)
{
    c->row[STATUS].text = hf_str_c(status);
    c->row[ENDED_US].number = c->event->recorded_us;
}

static void rotate(struct change *c)
{
    c->row[ROTATED_US].number = c->event->recorded_us;
    c->row[ROTATIONS].number++;
}

static struct hf_str hex_of(struct change *c, struct hf_bytes key)
{
    HF_ASSERT(key.len == HF_HASH_SIZE); /* the schema says so */
    hf_hex_encode(key, c->hex);
    return (struct hf_str){c->hex, (size_t)2 * HF_HASH_SIZE};
}

static enum hf_rc take_created(struct change *c, struct hf_err *err)
{
    struct hf_event_principal_created created;
    enum hf_rc rc = hf_event_principal_created_decode(c->payload, &created, err);
    if (rc == HF_OK) {
        begin_life(c);
        c->row[KIND].text = hf_event_principal_created_kind_name(created.kind);
        c->row[ROLE].text = hf_event_principal_created_role_name(created.role);
        c->row[TENANT].text = created.has_tenant ? created.tenant : HF_STR("");
        c->row[EXPIRES_US].number = created.expires;
    }
    return rc;
}

static enum hf_rc take_revoked(struct change *c, struct hf_err *err)
{
    struct hf_event_principal_revoked revoked;
    enum hf_rc rc = hf_event_principal_revoked_decode(c->payload, &revoked, err);
    if (rc == HF_OK) {
        end_life(c, "revoked");
    }
    return rc;
}

static enum hf_rc take_token(struct change *c, struct hf_err *err)
{
    struct hf_event_principal_token_rotated rotated;
    enum hf_rc rc = hf_event_principal_token_rotated_decode(c->payload, &rotated, err);
    if (rc == HF_OK) {
        rotate(c);
        c->row[EXPIRES_US].number = rotated.expires;
    }
    return rc;
}

static enum hf_rc take_used(struct change *c, struct hf_err *err)
{
    struct hf_event_principal_used used;
    enum hf_rc rc = hf_event_principal_used_decode(c->payload, &used, err);
    if (rc == HF_OK) {
        c->row[LAST_USED_US].number = c->event->recorded_us;
    }
    return rc;
}

static enum hf_rc take_registered(struct change *c, struct hf_err *err)
{
    struct hf_event_tenant_registered registered;
    enum hf_rc rc = hf_event_tenant_registered_decode(c->payload, &registered, err);
    if (rc == HF_OK) {
        begin_life(c);
        c->row[TENANT].text = registered.tenant;
        c->row[AGENT_KEY].text = hex_of(c, registered.agent_key);
    }
    return rc;
}

static enum hf_rc take_key(struct change *c, struct hf_err *err)
{
    struct hf_event_tenant_key_rotated rotated;
    enum hf_rc rc = hf_event_tenant_key_rotated_decode(c->payload, &rotated, err);
    if (rc == HF_OK) {
        rotate(c);
    }
    return rc;
}

static enum hf_rc take_evicted(struct change *c, struct hf_err *err)
{
    struct hf_event_tenant_evicted evicted;
    enum hf_rc rc = hf_event_tenant_evicted_decode(c->payload, &evicted, err);
    if (rc == HF_OK) {
        end_life(c, "evicted");
    }
    return rc;
}

/* A key that is not the agent's any more may be banned too; that changes nothing for this one. */
static enum hf_rc take_banned(struct change *c, struct hf_err *err)
{
    struct hf_event_tenant_agent_banned banned;
    enum hf_rc rc = hf_event_tenant_agent_banned_decode(c->payload, &banned, err);
    if (rc == HF_OK && hf_str_eq(c->row[AGENT_KEY].text, hex_of(c, banned.agent_key))) {
        end_life(c, "banned");
    }
    return rc;
}

static const struct {
    const char *type;
    uint32_t version;
    const char *stream; /* "KIND" of "KIND/NAME" */
    const char *class;
    take_fn *take;
} kinds[] = {
    {HF_EVENT_PRINCIPAL_CREATED_NAME, HF_EVENT_PRINCIPAL_CREATED_VERSION, "principal", "principal",
     take_created},
    {HF_EVENT_PRINCIPAL_REVOKED_NAME, HF_EVENT_PRINCIPAL_REVOKED_VERSION, "principal", "principal",
     take_revoked},
    {HF_EVENT_PRINCIPAL_TOKEN_ROTATED_NAME, HF_EVENT_PRINCIPAL_TOKEN_ROTATED_VERSION, "principal",
     "principal", take_token},
    {HF_EVENT_PRINCIPAL_USED_NAME, HF_EVENT_PRINCIPAL_USED_VERSION, "use", "principal", take_used},
    {HF_EVENT_TENANT_REGISTERED_NAME, HF_EVENT_TENANT_REGISTERED_VERSION, "tenant", "agent",
     take_registered},
    {HF_EVENT_TENANT_KEY_ROTATED_NAME, HF_EVENT_TENANT_KEY_ROTATED_VERSION, "tenant", "agent",
     take_key},
    {HF_EVENT_TENANT_EVICTED_NAME, HF_EVENT_TENANT_EVICTED_VERSION, "tenant", "agent",
     take_evicted},
    {HF_EVENT_TENANT_AGENT_BANNED_NAME, HF_EVENT_TENANT_AGENT_BANNED_VERSION, "tenant", "agent",
     take_banned},
};

static enum hf_rc apply_kind(struct hf_store *store, size_t kind, const struct hf_envelope *event,
                             struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[CLASS] = {.text = hf_str_c(kinds[kind].class)}};
    uint8_t room[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct change change = {.event = event, .row = row};
    if (!hf_fold_subject(event->stream, kinds[kind].stream, &row[NAME].text)) {
        return hf_err_set(err, HF_EINVAL, "%.*s in another stream", HF_STR_ARG(event->type));
    }
    enum hf_rc rc = hf_upcast_newest(event, kinds[kind].version, &w, &change.payload, err);
    if (rc == HF_OK) {
        rc = hf_fold_row(store, &table, row, NULL, err);
    }
    if (rc == HF_OK) {
        rc = kinds[kind].take(&change, err);
    }
    return rc == HF_OK ? hf_store_put(store, &table, row, err) : rc;
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    for (size_t i = 0; position->offset == 0 && i < HF_LEN(kinds); i++) {
        if (hf_fold_is(event, kinds[i].type)) {
            return apply_kind(store, i, event, err);
        }
    }
    return HF_OK; /* what a tenant's log says of identities is no word of the region */
}

const struct hf_projection hf_projection_identities = {
    .model = "identities",
    .version = 1,
    .name = "identities_1",
    .about = "principals and agents: created, rotated, ended, last used",
    .tables = {&table},
    .streams = {"principal/%s", "use/%s", "tenant/%s"},
    .apply = apply,
};
