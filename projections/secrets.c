/* projections/secrets.c: how far each tenant's log is proven to hold no registered secret.
 *
 * The tenant's agent searches its own log and says so (secrets.scanned); the region only knows how
 * many entries it has, and so how far the proof is behind. A tenant that never said anything has
 * nothing proven. since_us is when the region first read of findings that are still there.
 */
#include "base/hex.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"
#include "schemas/upcast.h"

enum {
    TENANT,
    EPOCH,
    FROM,
    PROVEN,
    ENTRIES,
    BEHIND,
    VALUES,
    SPELLINGS,
    SET,
    FINDINGS,
    FIRST_INDEX,
    FIRST_SECRET,
    SINCE_US,
    SEEN_US,
};

static const struct hf_table_def table = {.name = "secrets_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"epoch", HF_COLUMN_INT},
                                                      {"first_entry", HF_COLUMN_INT},
                                                      {"proven", HF_COLUMN_INT},
                                                      {"entries", HF_COLUMN_INT},
                                                      {"behind", HF_COLUMN_INT},
                                                      {"secrets", HF_COLUMN_INT},
                                                      {"spellings", HF_COLUMN_INT},
                                                      {"set_digest", HF_COLUMN_TEXT},
                                                      {"findings", HF_COLUMN_INT},
                                                      {"first_index", HF_COLUMN_INT},
                                                      {"first_secret", HF_COLUMN_TEXT},
                                                      {"since_us", HF_COLUMN_INT},
                                                      {"seen_us", HF_COLUMN_INT}},
                                          .key_columns = 1};

static enum hf_rc put(struct hf_store *store, struct hf_value *row, struct hf_err *err)
{
    int64_t behind = row[ENTRIES].number - row[PROVEN].number;
    row[BEHIND].number = behind > 0 ? behind : 0;
    return hf_store_put(store, &table, row, err);
}

/* In a new epoch nothing is proven yet; what was found in the one before stays until it is. */
static enum hf_rc take_segment(struct hf_store *store, const struct hf_envelope *event,
                               struct hf_err *err)
{
    uint8_t bytes[HF_FOLD_PAYLOAD_SIZE];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    struct hf_bytes payload;
    struct hf_event_segment_received segment;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_SEGMENT_RECEIVED_VERSION, &w, &payload, err);
    rc = rc == HF_OK ? hf_event_segment_received_decode(payload, &segment, err) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    row[TENANT].text = segment.tenant;
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (row[EPOCH].number != (int64_t)segment.epoch) {
        row[EPOCH].number = (int64_t)segment.epoch;
        row[FROM].number = 0;
        row[PROVEN].number = 0;
    }
    row[ENTRIES].number = (int64_t)segment.end;
    return put(store, row, err);
}

static enum hf_rc take_report(struct hf_store *store, const struct hf_position *position,
                              const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_secrets_scanned report;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    char set[2 * HF_HASH_SIZE + 1];
    enum hf_rc rc = hf_event_secrets_scanned_decode(event->payload, &report, err);
    rc = rc == HF_OK ? hf_fold_own(position, report.tenant, err) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    row[TENANT].text = report.tenant;
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (row[EPOCH].number != (int64_t)report.epoch) {
        return HF_OK; /* carried over from an earlier epoch, of whose log it speaks */
    }
    hf_hex_encode(report.set, set);
    row[FROM].number = (int64_t)report.from;
    row[PROVEN].number = (int64_t)report.to;
    row[VALUES].number = (int64_t)report.secrets;
    row[SPELLINGS].number = (int64_t)report.spellings;
    row[SET].text = hf_str_c(set);
    row[FINDINGS].number = (int64_t)report.findings;
    row[FIRST_INDEX].number = report.has_first_index ? (int64_t)report.first_index : 0;
    row[FIRST_SECRET].text = report.has_first_secret ? report.first_secret : HF_STR("");
    row[SEEN_US].number = position->recorded_us;
    if (report.findings == 0) {
        row[SINCE_US].number = 0;
    } else if (row[SINCE_US].number == 0) {
        row[SINCE_US].number = position->recorded_us;
    }
    return put(store, row, err);
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    bool in_segment = position->offset > 0;
    if (!in_segment && hf_fold_is(event, HF_EVENT_SEGMENT_RECEIVED_NAME)) {
        return take_segment(store, event, err);
    }
    if (in_segment && hf_fold_is(event, HF_EVENT_SECRETS_SCANNED_NAME)) {
        return take_report(store, position, event, err);
    }
    return HF_OK;
}

const struct hf_projection hf_projection_secrets = {
    .model = "secrets",
    .version = 1,
    .name = "secrets_1",
    .about = "how far each tenant's log is proven to hold no registered secret, and what was found",
    .tables = {&table},
    .apply = apply,
};
