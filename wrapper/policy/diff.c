/* wrapper/policy/diff.c: compares two policies by evaluation and by their records. */
#include "wrapper/policy/diff.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wrapper/policy/table.h"

struct side {
    const struct hf_policy *policy;
    bool *decided; /* by rule: it decided some vector */
    struct hf_policy_bundle_reader reader;
    union hf_policy_bundle_record record;
    enum hf_rc rc; /* of the record that is held */
    uint8_t key[600];
    size_t key_len;
};

struct hf_policy_diff {
    struct side old_side;
    struct side new_side;
    uint64_t evaluated;
    unsigned strictness; /* bits of enum hf_policy_strictness */
};

static enum hf_rc open_side(struct side *side, const struct hf_policy *policy)
{
    side->policy = policy;
    side->decided = hf_heap_zalloc(policy->rule_count, sizeof *side->decided);
    return side->decided == NULL ? HF_ENOMEM : HF_OK;
}

enum hf_rc hf_policy_diff_open(const struct hf_policy *old_policy,
                               const struct hf_policy *new_policy, struct hf_policy_diff **ret_diff,
                               struct hf_err *err)
{
    struct hf_policy_diff *diff = hf_heap_zalloc(1, sizeof *diff);
    if (diff == NULL || open_side(&diff->old_side, old_policy) != HF_OK ||
        open_side(&diff->new_side, new_policy) != HF_OK) {
        hf_policy_diff_close(diff);
        return hf_err_set(err, HF_ENOMEM, "out of memory");
    }
    *ret_diff = diff;
    return HF_OK;
}

void hf_policy_diff_close(struct hf_policy_diff *diff)
{
    if (diff != NULL) {
        hf_heap_free(diff->old_side.decided);
        hf_heap_free(diff->new_side.decided);
        hf_heap_free(diff);
    }
}

/* Index of a rule; SIZE_MAX for one that is none of the policy's. */
static size_t rule_index(const struct hf_policy *policy, struct hf_str id)
{
    size_t low = 0;
    size_t high = policy->rule_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = hf_bytes_cmp(hf_str_bytes(policy->rules[middle].id), hf_str_bytes(id));
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return SIZE_MAX;
}

static void decide(struct side *side, struct hf_bytes vector, struct hf_policy_verdict *ret)
{
    hf_policy_decide(side->policy, vector, ret);
    size_t at = rule_index(side->policy, ret->rule);
    if (at != SIZE_MAX) {
        side->decided[at] = true;
    }
}

bool hf_policy_diff_vector(struct hf_policy_diff *diff, struct hf_bytes vector,
                           struct hf_policy_flip *ret_flip)
{
    decide(&diff->old_side, vector, &ret_flip->old_verdict);
    decide(&diff->new_side, vector, &ret_flip->new_verdict);
    diff->evaluated++;
    if (ret_flip->new_verdict.verdict < ret_flip->old_verdict.verdict) {
        diff->strictness |= HF_POLICY_STRICTNESS_TIGHTER;
    } else if (ret_flip->new_verdict.verdict > ret_flip->old_verdict.verdict) {
        diff->strictness |= HF_POLICY_STRICTNESS_LOOSER;
    }
    return ret_flip->new_verdict.verdict != ret_flip->old_verdict.verdict;
}

struct golden {
    struct hf_policy_diff *diff;
    hf_policy_flip_fn *visit;
    void *arg;
    struct hf_hash *seen; /* vectors of the old policy, in ascending order once all are there */
    size_t seen_count;
    bool collects;
};

static int by_hash(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hf_hash));
}

static bool golden_vector(void *arg, const struct hf_policy_vector *vector,
                          const struct hf_policy_verdict *got, bool good)
{
    struct golden *golden = arg;
    struct hf_policy_flip flip;
    struct hf_hash hash;
    (void)got;
    (void)good;
    hf_facts_hash(vector->facts, &hash);
    if (golden->collects) {
        golden->seen[golden->seen_count++] = hash;
    } else if (golden->seen_count > 0 &&
               bsearch(&hash, golden->seen, golden->seen_count, sizeof hash, by_hash) != NULL) {
        return true; /* both policies have it */
    }
    if (hf_policy_diff_vector(golden->diff, vector->facts, &flip) && golden->visit != NULL) {
        golden->visit(golden->arg, vector->name, &flip);
    }
    return true;
}

enum hf_rc hf_policy_diff_golden(struct hf_policy_diff *diff, hf_policy_flip_fn *visit, void *arg,
                                 struct hf_err *err)
{
    const struct hf_policy *old_policy = diff->old_side.policy;
    struct golden golden = {.diff = diff, .visit = visit, .arg = arg, .collects = true};
    golden.seen = hf_heap_zalloc(old_policy->vector_count, sizeof *golden.seen);
    if (golden.seen == NULL) {
        return hf_err_set(err, HF_ENOMEM, "out of memory");
    }
    enum hf_rc rc = hf_policy_each_vector(old_policy, golden_vector, &golden, err);
    if (rc == HF_OK) {
        qsort(golden.seen, golden.seen_count, sizeof *golden.seen, by_hash);
        golden.collects = false;
        rc = hf_policy_each_vector(diff->new_side.policy, golden_vector, &golden, err);
    }
    hf_heap_free(golden.seen);
    return rc;
}

/* Holds the side's next record, with kind and key before it, for a merge. */
static void next(struct side *side, struct hf_err *err)
{
    struct hf_writer w = hf_writer_init(side->key, sizeof side->key);
    side->rc = hf_policy_bundle_next(&side->reader, &side->record, err);
    if (side->rc == HF_OK) {
        hf_writer_u8(&w, (uint8_t)side->reader.kind);
        hf_policy_bundle_key(side->reader.kind, &side->record, &w);
        HF_ASSERT(!w.overflow);
        side->key_len = w.len;
    }
}

static struct hf_str record_name(enum hf_policy_bundle_kind kind,
                                 const union hf_policy_bundle_record *record)
{
    switch (kind) {
    case HF_POLICY_BUNDLE_LEVEL: return record->level.name;
    case HF_POLICY_BUNDLE_LIST: return record->list.name;
    case HF_POLICY_BUNDLE_PROGRAM: return record->program.words;
    case HF_POLICY_BUNDLE_TOOL: return record->tool.name;
    case HF_POLICY_BUNDLE_RULE: return record->rule.id;
    case HF_POLICY_BUNDLE_VECTOR: return record->vector.name;
    case HF_POLICY_BUNDLE_HEAD: return record->head.name;
    case HF_POLICY_BUNDLE_KIND_END: break;
    }
    return HF_STR("?");
}

/* Two heads that decide alike: name, version and counts do not matter. */
static bool heads_decide_alike(const struct hf_policy_head *a, const struct hf_policy_head *b)
{
    return a->level == b->level && a->lowers == b->lowers && a->lowest == b->lowest &&
           a->wait == b->wait;
}

/* Two rules of which only the words for people differ. */
static bool rules_decide_alike(const struct hf_policy_rule *a, const struct hf_policy_rule *b)
{
    struct hf_policy_rule same = *b;
    struct hf_buf x = hf_buf_init(1u << 17);
    struct hf_buf y = hf_buf_init(1u << 17);
    union hf_policy_bundle_record record;
    same.reason = a->reason;
    same.asi = a->asi;
    same.risk = a->risk;
    record.rule = *a;
    enum hf_rc rc = hf_policy_bundle_put(HF_POLICY_BUNDLE_RULE, &record, &x, NULL);
    record.rule = same;
    rc = rc != HF_OK ? rc : hf_policy_bundle_put(HF_POLICY_BUNDLE_RULE, &record, &y, NULL);
    bool alike = rc == HF_OK && x.failed == HF_OK && y.failed == HF_OK &&
                 hf_bytes_eq(hf_buf_bytes(&x), hf_buf_bytes(&y));
    hf_buf_free(&x);
    hf_buf_free(&y);
    return alike;
}

/* What adding or removing a rule of an effect can do. An ask may come in place of a permit or of a
 * refusal. */
static enum hf_policy_strictness rule_might(enum hf_policy_change_kind kind,
                                            enum hf_policy_rule_effect effect)
{
    bool added = kind == HF_POLICY_CHANGE_ADDED;
    if (kind == HF_POLICY_CHANGE_CHANGED || effect == HF_POLICY_RULE_EFFECT_ASK) {
        return HF_POLICY_STRICTNESS_MIXED;
    }
    return (effect == HF_POLICY_RULE_EFFECT_FORBID) == added ? HF_POLICY_STRICTNESS_TIGHTER
                                                             : HF_POLICY_STRICTNESS_LOOSER;
}

static bool decided(const struct side *side, struct hf_str id)
{
    size_t at = rule_index(side->policy, id);
    return at != SIZE_MAX && side->decided[at];
}

/* side: where the record is; both hold it when it changed. */
static void note(struct hf_policy_diff *diff, struct side *side, enum hf_policy_change_kind kind,
                 hf_policy_change_fn *visit, void *arg)
{
    struct hf_policy_change change = {.record = side->reader.kind,
                                      .kind = kind,
                                      .name = record_name(side->reader.kind, &side->record),
                                      .might = HF_POLICY_STRICTNESS_MIXED};
    if (change.record == HF_POLICY_BUNDLE_VECTOR) {
        return;
    }
    if (change.record == HF_POLICY_BUNDLE_RULE) {
        change.might = rule_might(kind, side->record.rule.effect);
        change.seen =
            decided(&diff->old_side, change.name) || decided(&diff->new_side, change.name);
        if (kind == HF_POLICY_CHANGE_CHANGED &&
            rules_decide_alike(&diff->old_side.record.rule, &diff->new_side.record.rule)) {
            change.might = HF_POLICY_STRICTNESS_SAME;
            change.seen = true;
        }
    } else if (change.record == HF_POLICY_BUNDLE_HEAD) {
        if (heads_decide_alike(&diff->old_side.record.head, &diff->new_side.record.head)) {
            return;
        }
    }
    if (!change.seen) {
        diff->strictness |= (unsigned)change.might;
    }
    if (visit != NULL) {
        visit(arg, &change);
    }
}

enum hf_rc hf_policy_diff_changes(struct hf_policy_diff *diff, hf_policy_change_fn *visit,
                                  void *arg, struct hf_err *err)
{
    struct side *a = &diff->old_side;
    struct side *b = &diff->new_side;
    enum hf_rc rc = hf_policy_bundle_open(a->policy->bundle, &a->reader, err);
    rc = rc != HF_OK ? rc : hf_policy_bundle_open(b->policy->bundle, &b->reader, err);
    if (rc != HF_OK) {
        return rc;
    }
    next(a, err);
    next(b, err);
    while (a->rc == HF_OK || b->rc == HF_OK) {
        int order = a->rc != HF_OK   ? 1
                    : b->rc != HF_OK ? -1
                                     : hf_bytes_cmp(hf_bytes_of(a->key, a->key_len),
                                                    hf_bytes_of(b->key, b->key_len));
        if (order < 0) {
            note(diff, a, HF_POLICY_CHANGE_REMOVED, visit, arg);
        } else if (order > 0) {
            note(diff, b, HF_POLICY_CHANGE_ADDED, visit, arg);
        } else if (!hf_bytes_eq(a->reader.payload, b->reader.payload)) {
            note(diff, b, HF_POLICY_CHANGE_CHANGED, visit, arg);
        }
        if (order <= 0) {
            next(a, err);
        }
        if (order >= 0) {
            next(b, err);
        }
    }
    return a->rc != HF_EEND ? a->rc : b->rc != HF_EEND ? b->rc : HF_OK;
}

enum hf_policy_strictness hf_policy_diff_strictness(const struct hf_policy_diff *diff)
{
    return (enum hf_policy_strictness)diff->strictness;
}

uint64_t hf_policy_diff_evaluated(const struct hf_policy_diff *diff)
{
    return diff->evaluated;
}

struct hf_str hf_policy_strictness_name(enum hf_policy_strictness strictness)
{
    switch (strictness) {
    case HF_POLICY_STRICTNESS_SAME: return HF_STR("same");
    case HF_POLICY_STRICTNESS_TIGHTER: return HF_STR("tighter");
    case HF_POLICY_STRICTNESS_LOOSER: return HF_STR("looser");
    case HF_POLICY_STRICTNESS_MIXED: break;
    }
    return HF_STR("mixed");
}
