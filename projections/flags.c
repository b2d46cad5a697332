/* projections/flags.c: feature flags: what each says in each scope, since when, by whom and why. */
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    FLAG,
    SCOPE,
    SUBJECT,
    VALUE,
    SINCE_US,
    ACTOR,
    REASON,
    CHANGES,
};

static const struct hf_table_def table = {.name = "flags_1",
                                          .columns = {{"flag", HF_COLUMN_TEXT},
                                                      {"scope", HF_COLUMN_TEXT},
                                                      {"subject", HF_COLUMN_TEXT},
                                                      {"value", HF_COLUMN_TEXT},
                                                      {"since_us", HF_COLUMN_INT},
                                                      {"actor", HF_COLUMN_TEXT},
                                                      {"reason", HF_COLUMN_TEXT},
                                                      {"changes", HF_COLUMN_INT}},
                                          .key_columns = 3};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_event_flag_set set;
    uint8_t room[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_bytes payload;
    if (position->offset != 0 || !hf_fold_is(event, HF_EVENT_FLAG_SET_NAME)) {
        return HF_OK; /* only the region sets flags */
    }
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_FLAG_SET_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_flag_set_decode(payload, &set, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    row[FLAG].text = set.flag;
    row[SCOPE].text = hf_event_flag_set_scope_name(set.scope);
    row[SUBJECT].text = set.subject;
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[VALUE].text = hf_event_flag_set_value_name(set.value);
    row[SINCE_US].number = event->recorded_us;
    row[ACTOR].text = event->actor;
    row[REASON].text = set.reason;
    row[CHANGES].number++;
    return hf_store_put(store, &table, row, err);
}

const struct hf_projection hf_projection_flags = {
    .model = "flags",
    .version = 1,
    .name = "flags_1",
    .about = "feature flags: value by scope, since when, by whom and why",
    .tables = {&table},
    .streams = {"flag/%s"},
    .apply = apply,
};
