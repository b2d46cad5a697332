/* projections/fleet.c: one row a tenant: where it is in its life, and what of its log is here. */
#include "projections/fleet.h"

#include "projections/models.h"
#include "schemas/events_gen.h"

static const struct hf_table_def table = {.name = "fleet_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"ring", HF_COLUMN_TEXT},
                                                      {"status", HF_COLUMN_TEXT},
                                                      {"registered_us", HF_COLUMN_INT},
                                                      {"epoch", HF_COLUMN_INT},
                                                      {"receipt", HF_COLUMN_INT},
                                                      {"segments", HF_COLUMN_INT},
                                                      {"last_segment_us", HF_COLUMN_INT},
                                                      {"region_events", HF_COLUMN_INT}},
                                          .key_columns = 1};

static bool is(const struct hf_envelope *event, const char *type)
{
    return hf_str_eq(event->type, hf_str_c(type));
}

static enum hf_rc take_segment(const struct hf_envelope *event, struct hf_value *row,
                               struct hf_err *err)
{
    struct hf_event_segment_received segment;
    enum hf_rc rc = hf_event_segment_received_decode(event->payload, &segment, err);
    if (rc == HF_OK) {
        row[HF_FLEET_EPOCH].number = (int64_t)segment.epoch;
        row[HF_FLEET_RECEIPT].number = (int64_t)segment.end;
        row[HF_FLEET_SEGMENTS].number++;
        row[HF_FLEET_LAST_SEGMENT_US].number = event->recorded_us;
    }
    return rc;
}

static enum hf_rc take_created(const struct hf_envelope *event, struct hf_value *row,
                               struct hf_err *err)
{
    struct hf_event_tenant_created created;
    enum hf_rc rc = hf_event_tenant_created_decode(event->payload, &created, err);
    if (rc == HF_OK) {
        row[HF_FLEET_RING].text = hf_event_tenant_created_cohort_name(created.cohort);
        row[HF_FLEET_STATUS].text = HF_STR("active");
    }
    return rc;
}

static enum hf_rc take_moved(const struct hf_envelope *event, struct hf_value *row,
                             struct hf_err *err)
{
    struct hf_event_tenant_moved moved;
    enum hf_rc rc = hf_event_tenant_moved_decode(event->payload, &moved, err);
    if (rc == HF_OK) {
        row[HF_FLEET_RING].text = hf_event_tenant_moved_after_name(moved.after);
    }
    return rc;
}

enum hf_rc hf_fleet_change(const struct hf_envelope *event, struct hf_value *row,
                           struct hf_err *err)
{
    row[HF_FLEET_EVENTS].number++;
    if (is(event, "segment.received")) {
        return take_segment(event, row, err);
    }
    if (is(event, "tenant.created")) {
        return take_created(event, row, err);
    }
    if (is(event, "tenant.moved")) {
        return take_moved(event, row, err);
    }
    if (is(event, "tenant.registered")) {
        row[HF_FLEET_REGISTERED_US].number = event->occurred_us;
    } else if (is(event, "tenant.suspended")) {
        row[HF_FLEET_STATUS].text = HF_STR("suspended");
    } else if (is(event, "tenant.resumed")) {
        row[HF_FLEET_STATUS].text = HF_STR("active");
    } else if (is(event, "tenant.decommissioned")) {
        row[HF_FLEET_STATUS].text = HF_STR("decommissioned");
    }
    return HF_OK;
}

bool hf_fleet_tenant_of(struct hf_str stream, struct hf_str *ret)
{
    const char *slash = memchr(stream.ptr, '/', stream.len);
    size_t kind = slash == NULL ? 0 : (size_t)(slash - stream.ptr);
    struct hf_str word = {stream.ptr, kind};
    *ret = (struct hf_str){stream.ptr + kind + 1, slash == NULL ? 0 : stream.len - kind - 1};
    return ret->len > 0 &&
           (hf_str_eq(word, HF_STR("tenant")) || hf_str_eq(word, HF_STR("segment")));
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_str tenant;
    if (position->offset != 0 || !hf_fleet_tenant_of(event->stream, &tenant)) {
        return HF_OK; /* a tenant's own events say nothing about the fleet */
    }
    row[HF_FLEET_TENANT].text = tenant;
    enum hf_rc rc = hf_store_get(store, &table, row, err);
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    row[HF_FLEET_TENANT].text = tenant;
    rc = hf_fleet_change(event, row, err);
    return rc == HF_OK ? hf_store_put(store, &table, row, err) : rc;
}

const struct hf_projection hf_projection_fleet = {
    .model = "fleet",
    .version = 1,
    .name = "fleet_1",
    .about = "one row a tenant: ring, status, what of its log is here",
    .tables = {&table},
    .streams = {"tenant/%s", "segment/%s"},
    .apply = apply,
};
