/* projections/budgets.c: budgets by tenant and meter: what was set, whether the tenant has it, and
 * how far it was used when the tenant said so.
 *
 * A budget is set by a directive (commands/budget.h has its parameters); one for all tenants stands
 * under "*". Its row waits for the tenant's word on the directive, by its number.
 */
#include "base/parse.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"

enum {
    TENANT,
    METER,
    PERIOD,
    LIMIT, /* 0: there is no budget any more */
    WARN_PERCENT,
    ACTION,
    SEQUENCE,
    SET_US,
    STATE, /* issued, applied, refused */
    CROSSED,
    CROSSED_START_US,
    CROSSED_US,
    USED,
};

static const struct hf_table_def table = {.name = "budgets_1",
                                          .columns = {{"tenant", HF_COLUMN_TEXT},
                                                      {"meter", HF_COLUMN_TEXT},
                                                      {"period", HF_COLUMN_TEXT},
                                                      {"amount", HF_COLUMN_INT},
                                                      {"warn_percent", HF_COLUMN_INT},
                                                      {"action", HF_COLUMN_TEXT},
                                                      {"sequence", HF_COLUMN_INT},
                                                      {"set_us", HF_COLUMN_INT},
                                                      {"state", HF_COLUMN_TEXT},
                                                      {"level", HF_COLUMN_TEXT},
                                                      {"level_start_us", HF_COLUMN_INT},
                                                      {"reached_us", HF_COLUMN_INT},
                                                      {"used", HF_COLUMN_INT}},
                                          .key_columns = 2};

static enum hf_rc take_issued(struct hf_store *store, const struct hf_envelope *event,
                              struct hf_err *err)
{
    struct hf_event_directive_issued issued;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    struct hf_str text, limit, warn;
    uint64_t amount = 0;
    uint64_t percent = 0;
    enum hf_rc rc = hf_event_directive_issued_decode(event->payload, &issued, err);
    if (rc != HF_OK || !hf_str_eq(issued.kind, HF_STR("budget"))) {
        return rc;
    }
    text = issued.has_parameters ? issued.parameters : HF_STR("");
    if (!hf_parse_pair(&text, HF_STR("meter="), &row[METER].text) ||
        !hf_parse_pair(&text, HF_STR("period="), &row[PERIOD].text) ||
        !hf_parse_pair(&text, HF_STR("limit="), &limit) ||
        hf_parse_u64(limit, 0, INT64_MAX, &amount) != HF_OK ||
        !hf_parse_pair(&text, HF_STR("warn="), &warn) ||
        hf_parse_u64(warn, 0, 100, &percent) != HF_OK ||
        !hf_parse_pair(&text, HF_STR("action="), &row[ACTION].text)) {
        return hf_err_set(err, HF_EINVAL, "the directive's parameters are no budget");
    }
    row[TENANT].text = issued.address;
    row[LIMIT].number = (int64_t)amount;
    row[WARN_PERCENT].number = (int64_t)percent;
    row[SEQUENCE].number = (int64_t)issued.sequence;
    row[SET_US].number = event->occurred_us;
    row[STATE].text = HF_STR("issued");
    return hf_store_put(store, &table, row, err);
}

/* The row of the tenant whose directive this is. */
struct search {
    int64_t sequence;
    char meter[32];
    bool found;
};

static enum hf_rc look_at(void *arg, const struct hf_value *row)
{
    struct search *search = arg;
    if (row[SEQUENCE].number == search->sequence && row[METER].text.len < sizeof search->meter) {
        memcpy(search->meter, row[METER].text.ptr, row[METER].text.len);
        search->meter[row[METER].text.len] = '\0';
        search->found = true;
        return HF_EEND;
    }
    return HF_OK;
}

static enum hf_rc take_word(struct hf_store *store, struct hf_str tenant, uint64_t sequence,
                            const char *state, struct hf_err *err)
{
    struct search search = {.sequence = (int64_t)sequence};
    struct hf_value row[HF_COLUMNS_MAX] = {{.text = tenant}};
    const struct hf_value first = {.text = tenant};
    const struct hf_scan scan = {.first = &first};
    enum hf_rc rc = hf_store_scan(store, &table, &scan, look_at, &search, err);
    if ((rc != HF_OK && rc != HF_EEND) || !search.found) {
        return rc == HF_EEND ? HF_OK : rc;
    }
    row[METER].text = hf_str_c(search.meter);
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[STATE].text = hf_str_c(state);
    return hf_store_put(store, &table, row, err);
}

static enum hf_rc take_applied(struct hf_store *store, const struct hf_position *position,
                               const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_directive_applied applied;
    enum hf_rc rc = hf_event_directive_applied_decode(event->payload, &applied, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(position, applied.tenant, err);
    }
    if (rc != HF_OK || !hf_str_eq(applied.kind, HF_STR("budget"))) {
        return rc;
    }
    return take_word(store, applied.tenant, applied.sequence, "applied", err);
}

static enum hf_rc take_refused(struct hf_store *store, const struct hf_position *position,
                               const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_directive_refused refused;
    enum hf_rc rc = hf_event_directive_refused_decode(event->payload, &refused, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(position, refused.tenant, err);
    }
    if (rc != HF_OK || !refused.has_sequence || !refused.has_kind ||
        !hf_str_eq(refused.kind, HF_STR("budget"))) {
        return rc;
    }
    return take_word(store, refused.tenant, refused.sequence, "refused", err);
}

static enum hf_rc take_crossed(struct hf_store *store, const struct hf_position *position,
                               const struct hf_envelope *event, struct hf_err *err)
{
    struct hf_event_budget_crossed crossed;
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_rc rc = hf_event_budget_crossed_decode(event->payload, &crossed, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(position, crossed.tenant, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    row[TENANT].text = crossed.tenant;
    row[METER].text = hf_event_budget_crossed_meter_name(crossed.meter);
    rc = hf_fold_row(store, &table, row, NULL, err);
    if (rc != HF_OK) {
        return rc;
    }
    /* One that was set for all tenants has no row of this tenant yet. */
    row[PERIOD].text = hf_event_budget_crossed_period_name(crossed.period);
    row[LIMIT].number = (int64_t)crossed.limit;
    row[ACTION].text = hf_event_budget_crossed_action_name(crossed.action);
    row[CROSSED].text = hf_event_budget_crossed_state_name(crossed.state);
    row[CROSSED_START_US].number = crossed.start;
    row[CROSSED_US].number = event->occurred_us;
    row[USED].number = (int64_t)crossed.used;
    return hf_store_put(store, &table, row, err);
}

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    return hf_fold_is(event, HF_EVENT_DIRECTIVE_ISSUED_NAME) ? take_issued(store, event, err)
           : hf_fold_is(event, HF_EVENT_DIRECTIVE_APPLIED_NAME)
               ? take_applied(store, position, event, err)
           : hf_fold_is(event, HF_EVENT_DIRECTIVE_REFUSED_NAME)
               ? take_refused(store, position, event, err)
           : hf_fold_is(event, HF_EVENT_BUDGET_CROSSED_NAME)
               ? take_crossed(store, position, event, err)
               : HF_OK;
}

const struct hf_projection hf_projection_budgets = {
    .model = "budgets",
    .version = 1,
    .name = "budgets_1",
    .about = "budgets by tenant and meter, whether they are in force, and how far they are used",
    .tables = {&table},
    .apply = apply,
};
