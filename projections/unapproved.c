/* projections/unapproved.c: decided calls that were let run without what they needed.
 *
 * The read model "approvals" judges what a wrapper says that it enforced. This one judges each
 * decision itself (call.decided): a call that a rule asks about may run only when the region said
 * yes before, to exactly its action, and only once; a call that a rule forbids, never. It finds a
 * wrapper that is broken or was taken over and never says that anything was enforced.
 */
#include "base/assert.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "projections/fold.h"
#include "projections/models.h"
#include "schemas/events_gen.h"

enum {
    TENANT,
    APPROVAL,
    ACTION,
    APPROVED,
    USED,
};

static const struct hf_table_def answers = {.name = "unapproved_answers_1",
                                            .columns = {{"tenant", HF_COLUMN_TEXT},
                                                        {"approval", HF_COLUMN_TEXT},
                                                        {"action", HF_COLUMN_TEXT},
                                                        {"approved", HF_COLUMN_INT},
                                                        {"used", HF_COLUMN_INT}},
                                            .key_columns = 2};

enum {
    FOUND_TENANT,
    FOUND_ENTRY,
    FOUND_EVENT,
    FOUND_WHAT,
    FOUND_CALL,
    FOUND_TOOL,
    FOUND_RULE,
    FOUND_APPROVAL,
    FOUND_ACTION,
    FOUND_AT,
};

static const struct hf_table_def findings = {.name = "unapproved_1",
                                             .columns = {{"tenant", HF_COLUMN_TEXT},
                                                         {"entry", HF_COLUMN_INT},
                                                         {"event", HF_COLUMN_INT},
                                                         {"found", HF_COLUMN_TEXT},
                                                         {"call", HF_COLUMN_TEXT},
                                                         {"tool", HF_COLUMN_TEXT},
                                                         {"rule", HF_COLUMN_TEXT},
                                                         {"approval", HF_COLUMN_TEXT},
                                                         {"action", HF_COLUMN_TEXT},
                                                         {"at_us", HF_COLUMN_INT}},
                                             .key_columns = 3};

struct change {
    struct hf_fold fold;
    bool found;
    char action[2 * HF_HASH_SIZE + 1]; /* of the row, which borrows */
    struct hf_value row[HF_COLUMNS_MAX];
};

static struct change *change_of(struct hf_fold *fold)
{
    return HF_CONTAINER_OF(fold, struct change, fold);
}

static enum hf_rc find(struct change *c, struct hf_str tenant, struct hf_str approval,
                       struct hf_err *err)
{
    c->row[TENANT].text = tenant;
    c->row[APPROVAL].text = approval;
    enum hf_rc rc = hf_fold_row(c->fold.store, &answers, c->row, &c->found, err);
    if (rc == HF_OK) {
        struct hf_str action = c->row[ACTION].text;
        HF_ASSERT(action.len < sizeof c->action);
        if (action.len > 0) {
            memcpy(c->action, action.ptr, action.len);
        }
        c->row[ACTION].text = (struct hf_str){c->action, action.len};
        c->row[TENANT].text = tenant; /* as the event has it, not the table */
        c->row[APPROVAL].text = approval;
    }
    return rc;
}

static enum hf_rc take_routed(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_approval_routed e;
    enum hf_rc rc = hf_event_approval_routed_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK || c->found) {
        return rc;
    }
    hf_hex_encode(e.action, c->action);
    c->row[ACTION].text = hf_str_c(c->action);
    return hf_store_put(c->fold.store, &answers, c->row, err);
}

static enum hf_rc take_answer(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_approval_decided e;
    enum hf_rc rc = hf_event_approval_decided_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = find(c, e.tenant, e.approval, err);
    }
    if (rc != HF_OK || !c->found) {
        return rc;
    }
    c->row[APPROVED].number = e.decision == HF_EVENT_APPROVAL_DECIDED_DECISION_APPROVED;
    return hf_store_put(c->fold.store, &answers, c->row, err);
}

/* The call ran. What is wrong with that? NULL: nothing. */
static const char *judge(const struct change *c, const struct hf_event_call_decided *e,
                         const char *action)
{
    if (e->verdict == HF_EVENT_CALL_DECIDED_VERDICT_FORBID) {
        return "forbidden";
    }
    if (!e->has_approval) {
        return e->verdict == HF_EVENT_CALL_DECIDED_VERDICT_ASK ? "not-asked" : NULL;
    }
    if (!c->found || c->row[APPROVED].number == 0) {
        return "not-approved";
    }
    if (!hf_str_eq(c->row[ACTION].text, hf_str_c(action))) {
        return "other-action";
    }
    return c->row[USED].number != 0 ? "twice" : NULL;
}

static enum hf_rc take_call(struct hf_fold *fold, struct hf_err *err)
{
    struct change *c = change_of(fold);
    struct hf_event_call_decided e;
    char action[2 * HF_HASH_SIZE + 1];
    enum hf_rc rc = hf_event_call_decided_decode(c->fold.payload, &e, err);
    if (rc == HF_OK) {
        rc = hf_fold_own(c->fold.position, e.tenant, err);
    }
    if (rc != HF_OK || e.outcome != HF_EVENT_CALL_DECIDED_OUTCOME_ALLOWED) {
        return rc;
    }
    if (e.has_approval) {
        rc = find(c, e.tenant, e.approval, err);
    }
    hf_hex_encode(e.action, action);
    const char *what = rc == HF_OK ? judge(c, &e, action) : NULL;
    if (rc == HF_OK && what != NULL) {
        const struct hf_value row[HF_COLUMNS_MAX] = {
            [FOUND_TENANT] = {.text = e.tenant},
            [FOUND_ENTRY] = {.number = (int64_t)c->fold.position->index},
            [FOUND_EVENT] = {.number = c->fold.position->offset},
            [FOUND_WHAT] = {.text = hf_str_c(what)},
            [FOUND_CALL] = {.text = e.call},
            [FOUND_TOOL] = {.text = e.tool},
            [FOUND_RULE] = {.text = e.rule},
            [FOUND_APPROVAL] = {.text = e.has_approval ? e.approval : HF_STR("")},
            [FOUND_ACTION] = {.text = hf_str_c(action)},
            [FOUND_AT] = {.number = c->fold.event->occurred_us}};
        return hf_store_put(c->fold.store, &findings, row, err);
    }
    if (rc == HF_OK && e.has_approval) {
        c->row[USED].number = 1;
        rc = hf_store_put(c->fold.store, &answers, c->row, err);
    }
    return rc;
}

static const struct hf_fold_kind kinds[] = {
    {HF_EVENT_APPROVAL_ROUTED_NAME, HF_EVENT_APPROVAL_ROUTED_VERSION, false, take_routed},
    {HF_EVENT_APPROVAL_DECIDED_NAME, HF_EVENT_APPROVAL_DECIDED_VERSION, false, take_answer},
    {HF_EVENT_CALL_DECIDED_NAME, HF_EVENT_CALL_DECIDED_VERSION, true, take_call},
};

static enum hf_rc apply(struct hf_store *store, const struct hf_position *position,
                        const struct hf_envelope *event, struct hf_err *err)
{
    struct change change = {.fold = {store, position, event, {NULL, 0}}};
    return hf_fold_apply(kinds, HF_LEN(kinds), &change.fold, err);
}

const struct hf_projection hf_projection_unapproved = {
    .model = "unapproved",
    .version = 1,
    .name = "unapproved_1",
    .about = "calls that were let run without an approval that they needed, or forbidden ones",
    .tables = {&findings, &answers},
    .apply = apply, /* no streams: calls lie inside of segments */
};
