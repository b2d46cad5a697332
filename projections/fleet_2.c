/* projections/fleet_2.c: the fleet with what each tenant runs and when it was last seen. */
#include "base/assert.h"
#include "base/buf.h"
#include "projections/fleet.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"

enum {
    OPENCLAW = HF_FLEET_COLUMNS,
    WRAPPER,
    POLICY,
    LAST_SEEN_US, /* the end of the last heartbeat window in which it came */
};

/* registered_us is 0 while no agent is in: before the first came, after it was let out. */
static const struct hf_table_def table = {.name = "fleet_2",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"ring", HF_COLUMN_TEXT},
                                                      {"status", HF_COLUMN_TEXT},
                                                      {"registered_us", HF_COLUMN_INT},
                                                      {"epoch", HF_COLUMN_INT},
                                                      {"receipt", HF_COLUMN_INT},
                                                      {"segments", HF_COLUMN_INT},
                                                      {"last_segment_us", HF_COLUMN_INT},
                                                      {"region_events", HF_COLUMN_INT},
                                                      {"openclaw", HF_COLUMN_TEXT},
                                                      {"wrapper", HF_COLUMN_TEXT},
                                                      {"policy", HF_COLUMN_TEXT},
                                                      {"last_seen_us", HF_COLUMN_INT}},
                                          .key_columns = 1};

/* a window: a bit for each tenant that is expected, in the order of their names */

#define NAMES_MAX                                                                                  \
    (131072u * 49u) /* tenants of a window, and 48 characters and a line end of each */

static enum hf_rc add_expected(void *arg, const struct hf_value *row)
{
    struct hf_buf *names = arg;
    if (row[HF_FLEET_REGISTERED_US].number != 0 &&
        hf_str_eq(row[HF_FLEET_STATUS].text, HF_STR("active"))) {
        hf_buf_str(names, row[HF_FLEET_TENANT].text);
        hf_buf_put(names, "\n", 1);
    }
    return names->failed;
}

static enum hf_rc mark_seen(struct hf_store *store, struct hf_bytes names,
                            const struct hf_event_heartbeat_window *window, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    size_t from = 0;
    for (size_t i = 0; rc == HF_OK && from < names.len && i / 8 < window->bitmap.len; i++) {
        struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
        const uint8_t *end = memchr(names.ptr + from, '\n', names.len - from);
        size_t len = (size_t)(end - (names.ptr + from));
        row[HF_FLEET_TENANT].text = (struct hf_str){(const char *)names.ptr + from, len};
        from += len + 1;
        if ((window->bitmap.ptr[i / 8] >> (i % 8) & 1) == 1) {
            rc = hf_fold_row(store, &table, row, NULL, err);
            row[LAST_SEEN_US].number = window->end;
            rc = rc == HF_OK ? hf_store_put(store, &table, row, err) : rc;
        }
    }
    return rc;
}

/* The window's tenants are those that the Hub expected when it was made. Where the log says others
 * (somebody came or went while it was written), the bits cannot be told apart, and it says nothing
 * here; the next one does. */
static enum hf_rc take_window(struct hf_store *store, struct hf_bytes payload, struct hf_err *err)
{
    static const struct hf_scan all;
    struct hf_event_heartbeat_window window;
    struct hf_hash digest;
    struct hf_buf names = hf_buf_init(NAMES_MAX);
    enum hf_rc rc = hf_event_heartbeat_window_decode(payload, &window, err);
    if (rc == HF_OK) {
        rc = hf_store_scan(store, &table, &all, add_expected, &names, err);
    }
    if (rc == HF_OK) {
        hf_sha256(hf_buf_bytes(&names), &digest);
        if (hf_bytes_eq(hf_bytes_of(digest.b, sizeof digest.b), window.expected_digest)) {
            rc = mark_seen(store, hf_buf_bytes(&names), &window, err);
        }
    } else if (names.failed != HF_OK) {
        rc = hf_err_set(err, names.failed, "no memory for the names of a window");
    }
    hf_buf_free(&names);
    return rc;
}

/* what tenants run */

static enum hf_rc take_versions(struct hf_store *store, const struct hf_position *position,
                                struct hf_bytes payload, struct hf_err *err)
{
    static const unsigned columns[] = {POLICY, WRAPPER, OPENCLAW}; /* by channel */
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_event_tenant_versions_changed changed;
    enum hf_rc rc = hf_event_tenant_versions_changed_decode(payload, &changed, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(position, changed.tenant, err);
    }
    if (rc == HF_OK) {
        row[HF_FLEET_TENANT].text = changed.tenant;
        rc = hf_fold_row(store, &table, row, NULL, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    HF_ASSERT((size_t)changed.channel < HF_LEN(columns));
    row[columns[changed.channel]].text = changed.after.version;
    return hf_store_put(store, &table, row, err);
}

static enum hf_rc take_registered(struct hf_bytes payload, struct hf_value *row, struct hf_err *err)
{
    struct hf_event_tenant_registered registered;
    enum hf_rc rc = hf_event_tenant_registered_decode(payload, &registered, err);
    if (rc == HF_OK) {
        row[OPENCLAW].text = registered.versions.openclaw;
        row[WRAPPER].text = registered.versions.wrapper;
        row[POLICY].text = registered.versions.policy;
    }
    return rc;
}

static enum hf_rc take_life(struct hf_store *store, const struct hf_envelope *event,
                            struct hf_str tenant, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[HF_FLEET_TENANT] = {.text = tenant}};
    enum hf_rc rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc == HF_OK) {
        rc = hf_fleet_change(event, row, err);
    }
    if (rc == HF_OK && hf_fold_is(event, HF_EVENT_TENANT_REGISTERED_NAME)) {
        rc = take_registered(event->payload, row, err);
    }
    if (hf_fold_is(event, HF_EVENT_TENANT_EVICTED_NAME) ||
        hf_fold_is(event, HF_EVENT_TENANT_AGENT_BANNED_NAME)) {
        row[HF_FLEET_REGISTERED_US].number = 0;
    }
    return rc == HF_OK ? hf_store_put(store, &table, row, err) : rc;
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_str tenant = {NULL, 0};
    bool versions = hf_fold_is(event, HF_EVENT_TENANT_VERSIONS_CHANGED_NAME);
    bool window = position->offset == 0 && hf_fold_is(event, HF_EVENT_HEARTBEAT_WINDOW_NAME);
    bool life = position->offset == 0 && hf_fleet_tenant_of(event->stream, &tenant);
    if ((versions || window) && event->schema_version != 1) {
        return hf_err_set(err, HF_EVERSION,
                          "%.*s has version %u, this program knows 1: it needs a newer release",
                          HF_STR_ARG(event->type), event->schema_version);
    }
    if (window) {
        return take_window(store, event->payload, err);
    }
    enum hf_rc rc = life ? take_life(store, event, tenant, err) : HF_OK;
    return rc == HF_OK && versions ? take_versions(store, position, event->payload, err) : rc;
}

const struct hf_projection hf_projection_fleet_2 = {
    .model = "fleet",
    .version = 2,
    .name = "fleet_2",
    .about = "one row a tenant: ring, status, log, versions, last seen",
    .tables = {&table},
    .apply = apply, /* no streams: windows and versions lie outside of the tenant's own */
};
