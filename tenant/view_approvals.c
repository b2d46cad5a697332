/* tenant/view_approvals.c: each approval that was asked for, and what became of it. */
#include "base/assert.h"
#include "base/base64.h"
#include "schemas/events_gen.h"
#include "schemas/personal.h"
#include "schemas/upcast.h"
#include "tenant/view_tables.h"

#define REQUEST_ROOM 16384 /* of an old request, upcast */

const struct hf_table_def hf_view_approvals_table = {.name = "approvals_3",
                                                     .columns = {{"approval", HF_COLUMN_TEXT},
                                                                 {"tool", HF_COLUMN_TEXT},
                                                                 {"risk", HF_COLUMN_TEXT},
                                                                 {"summary", HF_COLUMN_TEXT},
                                                                 {"personal", HF_COLUMN_TEXT},
                                                                 {"requested_us", HF_COLUMN_INT},
                                                                 {"expires_us", HF_COLUMN_INT},
                                                                 {"state", HF_COLUMN_TEXT},
                                                                 {"decided_us", HF_COLUMN_INT},
                                                                 {"by", HF_COLUMN_TEXT}},
                                                     .key_columns = 1};

/* The row as it is, or an empty one: a decision may come before the request that it is about. */
static enum hf_rc get_approval(struct hf_store *store, struct hf_str approval, struct hf_value *row,
                               struct hf_err *err)
{
    row[HF_VIEW_APPROVAL].text = approval;
    enum hf_rc rc = hf_store_get(store, &hf_view_approvals_table, row, err);
    if (rc == HF_ENOTFOUND) {
        for (unsigned i = HF_VIEW_TOOL; i <= HF_VIEW_BY; i++) {
            row[i] = (struct hf_value){.text = HF_STR("")};
        }
        rc = HF_OK;
    }
    row[HF_VIEW_APPROVAL].text = approval;
    return rc;
}

static enum hf_rc apply_requested(struct hf_store *store, const struct hf_envelope *event,
                                  struct hf_err *err)
{
    uint8_t room[REQUEST_ROOM];
    char sealed[HF_BASE64_LEN(HF_PERSONAL_MAX) + 1];
    struct hf_writer w = hf_writer_init(room, sizeof room);
    struct hf_bytes payload;
    struct hf_event_approval_requested request;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_upcast_newest(event, HF_EVENT_APPROVAL_REQUESTED_VERSION, &w, &payload, err);
    if (rc == HF_OK) {
        rc = hf_event_approval_requested_decode(payload, &request, err);
    }
    if (rc == HF_OK) {
        rc = get_approval(store, request.approval, row, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    row[HF_VIEW_TOOL].text = request.tool;
    row[HF_VIEW_RISK].text = hf_event_approval_requested_risk_name(request.risk);
    row[HF_VIEW_SUMMARY].text = request.has_summary ? request.summary : HF_STR("");
    if (request.has_personal && request.personal.len <= HF_PERSONAL_MAX) {
        hf_base64_encode(request.personal, sealed);
        row[HF_VIEW_PERSONAL].text = hf_str_c(sealed);
    }
    row[HF_VIEW_REQUESTED_US].number = event->occurred_us;
    row[HF_VIEW_EXPIRES_US].number = (int64_t)request.expires;
    row[HF_VIEW_STATE].text =
        row[HF_VIEW_DECIDED_US].number == 0 ? HF_STR("requested") : row[HF_VIEW_STATE].text;
    return hf_store_put(store, &hf_view_approvals_table, row, err);
}

/* The first decision counts. */
static enum hf_rc apply_decided(struct hf_store *store, const struct hf_envelope *event,
                                struct hf_err *err)
{
    struct hf_event_approval_decided decision;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_event_approval_decided_decode(event->payload, &decision, err);
    if (rc == HF_OK) {
        rc = get_approval(store, decision.approval, row, err);
    }
    if (rc != HF_OK || row[HF_VIEW_DECIDED_US].number != 0) {
        return rc;
    }
    row[HF_VIEW_STATE].text = hf_event_approval_decided_decision_name(decision.decision);
    row[HF_VIEW_DECIDED_US].number = event->occurred_us;
    row[HF_VIEW_BY].text = hf_event_approval_decided_by_name(decision.by);
    return hf_store_put(store, &hf_view_approvals_table, row, err);
}

/* What came down from the region, or that nobody waits for it any more. */
static enum hf_rc apply_end(struct hf_store *store, struct hf_str approval, struct hf_str state,
                            const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = get_approval(store, approval, row, err);
    if (rc != HF_OK || row[HF_VIEW_DECIDED_US].number != 0) {
        return rc;
    }
    row[HF_VIEW_STATE].text = state;
    row[HF_VIEW_DECIDED_US].number = event->occurred_us;
    return hf_store_put(store, &hf_view_approvals_table, row, err);
}

static enum hf_rc apply_delivered(struct hf_store *store, const struct hf_envelope *event,
                                  struct hf_err *err)
{
    struct hf_event_approval_delivered delivered;
    enum hf_rc rc = hf_event_approval_delivered_decode(event->payload, &delivered, err);
    return rc != HF_OK ? rc
                       : apply_end(store, delivered.approval,
                                   hf_event_approval_delivered_decision_name(delivered.decision),
                                   event, err);
}

static enum hf_rc apply_withdrawn(struct hf_store *store, const struct hf_envelope *event,
                                  struct hf_err *err)
{
    struct hf_event_approval_withdrawn withdrawn;
    enum hf_rc rc = hf_event_approval_withdrawn_decode(event->payload, &withdrawn, err);
    return rc != HF_OK ? rc : apply_end(store, withdrawn.approval, HF_STR("withdrawn"), event, err);
}

static enum hf_rc apply_approval(struct hf_store *store, const struct hf_position *position,
                                 const struct hf_envelope *event, struct hf_err *err)
{
    bool requested = hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME));
    bool decided = hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_DECIDED_NAME));
    (void)position;
    if (decided && event->schema_version != HF_EVENT_APPROVAL_DECIDED_VERSION) {
        return hf_err_set(err, HF_EVERSION, "version %u is not known", event->schema_version);
    }
    if (hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_DELIVERED_NAME)) &&
        hf_str_eq(event->producer, HF_STR("directive"))) {
        return apply_delivered(store, event, err);
    }
    if (hf_str_eq(event->type, HF_STR(HF_EVENT_APPROVAL_WITHDRAWN_NAME))) {
        return apply_withdrawn(store, event, err);
    }
    return requested ? apply_requested(store, event, err)
           : decided ? apply_decided(store, event, err)
                     : HF_OK;
}

const struct hf_projection hf_view_approvals = {
    .model = "approvals",
    .version = 3,
    .name = "approvals_3",
    .about = "approvals that were asked for, and what became of them",
    .tables = {&hf_view_approvals_table},
    .apply = apply_approval,
};
