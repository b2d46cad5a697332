/* projections/cutover.c: the cutover of a region, a row for its begin and for each step. */
#include "base/assert.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    REGION,
    NUMBER,
    STEP,
    STATUS,
    CHANGED_US,
    ACTOR,
    REASON,
    EVIDENCE,
    WINDOW_UNTIL_US,
};

static const struct hf_table_def table = {.name = "cutover_1",
                                          .columns = {{"region", HF_COLUMN_TEXT},
                                                      {"number", HF_COLUMN_INT},
                                                      {"step", HF_COLUMN_TEXT},
                                                      {"status", HF_COLUMN_TEXT},
                                                      {"changed_us", HF_COLUMN_INT},
                                                      {"actor", HF_COLUMN_TEXT},
                                                      {"reason", HF_COLUMN_TEXT},
                                                      {"evidence", HF_COLUMN_TEXT},
                                                      {"window_until_us", HF_COLUMN_INT}},
                                          .key_columns = 2};

static enum hf_rc take_begun(struct hf_bytes payload, struct hf_value *row, struct hf_err *err)
{
    struct hf_event_cutover_begun begun;
    enum hf_rc rc = hf_event_cutover_begun_decode(payload, &begun, err);
    if (rc == HF_OK) {
        row[REGION].text = hf_event_cutover_begun_region_name(begun.region);
        row[STEP].text = HF_STR("begin");
        row[STATUS].text = HF_STR("done");
        row[REASON].text = begun.reason;
    }
    return rc;
}

static enum hf_rc take_advanced(struct hf_bytes payload, struct hf_value *row, struct hf_err *err)
{
    struct hf_event_cutover_advanced advanced;
    enum hf_rc rc = hf_event_cutover_advanced_decode(payload, &advanced, err);
    if (rc == HF_OK) {
        row[REGION].text = hf_event_cutover_advanced_region_name(advanced.region);
        row[NUMBER].number = 1 + (int64_t)advanced.step;
        row[STEP].text = hf_event_cutover_advanced_step_name(advanced.step);
        row[STATUS].text = HF_STR("done");
        row[REASON].text = advanced.reason;
        row[EVIDENCE].text = advanced.evidence;
        row[WINDOW_UNTIL_US].number = advanced.has_window_until ? advanced.window_until : 0;
    }
    return rc;
}

static enum hf_rc take_reverted(struct hf_bytes payload, struct hf_value *row, struct hf_err *err)
{
    struct hf_event_cutover_reverted reverted;
    enum hf_rc rc = hf_event_cutover_reverted_decode(payload, &reverted, err);
    if (rc == HF_OK) {
        row[REGION].text = hf_event_cutover_reverted_region_name(reverted.region);
        row[NUMBER].number = 1 + (int64_t)reverted.step;
        row[STEP].text = hf_event_cutover_reverted_step_name(reverted.step);
        row[STATUS].text = HF_STR("reverted");
        row[REASON].text = reverted.reason;
    }
    return rc;
}

/* What an event says of a step takes the place of what was said before: a whole row each. */
static const struct {
    const char *type;
    uint32_t version;
    enum hf_rc (*take)(struct hf_bytes payload, struct hf_value *row, struct hf_err *err);
} kinds[] = {
    {HF_EVENT_CUTOVER_BEGUN_NAME, HF_EVENT_CUTOVER_BEGUN_VERSION, take_begun},
    {HF_EVENT_CUTOVER_ADVANCED_NAME, HF_EVENT_CUTOVER_ADVANCED_VERSION, take_advanced},
    {HF_EVENT_CUTOVER_REVERTED_NAME, HF_EVENT_CUTOVER_REVERTED_VERSION, take_reverted},
};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    uint8_t room[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_bytes payload;
    for (size_t i = 0; position->offset == 0 && i < HF_LEN(kinds); i++) {
        if (!hf_fold_is(event, kinds[i].type)) {
            continue;
        }
        enum hf_rc rc = hf_upcast_newest(event, kinds[i].version, &w, &payload, err);
        if (rc == HF_OK) {
            rc = kinds[i].take(payload, row, err);
        }
        row[CHANGED_US].number = event->recorded_us;
        row[ACTOR].text = event->actor;
        return rc == HF_OK ? hf_store_put(store, &table, row, err) : rc;
    }
    return HF_OK;
}

const struct hf_projection hf_projection_cutover = {
    .model = "cutover",
    .version = 1,
    .name = "cutover_1",
    .about = "the cutover's steps: done or taken back, since when, by whom and why",
    .tables = {&table},
    .streams = {"cutover/%s"},
    .apply = apply,
};
