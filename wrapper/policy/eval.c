/* wrapper/policy/eval.c: the verdict of a policy on a vector. */
#include "base/assert.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/rule_index.h"
#include "wrapper/policy/table.h"

_Static_assert((int)HF_VERDICT_FORBID == (int)HF_POLICY_RULE_EFFECT_FORBID &&
                   (int)HF_VERDICT_PERMIT == (int)HF_POLICY_RULE_EFFECT_PERMIT &&
                   (int)HF_VERDICT_PERMIT == (int)HF_POLICY_VECTOR_VERDICT_PERMIT,
               "a verdict has one number in all schemas");

struct deciding {
    const struct hf_policy_facts *facts;
    hf_class_set classes;
    unsigned level;
    const struct hf_rule *first[HF_VERDICT_PERMIT + 1]; /* by id, of each effect that fits */
    const struct hf_rule *error;
    hf_class_set covered;
};

/* Rules stand in the table in the order of their ids. */
static void keep_first(const struct hf_rule **io_first, const struct hf_rule *rule)
{
    if (*io_first == NULL || rule < *io_first) {
        *io_first = rule;
    }
}

static bool decide_by(void *arg, const struct hf_rule *rule)
{
    struct deciding *d = arg;
    enum hf_fit fit = hf_rule_fits(rule, d->facts, d->classes, d->level);
    if (fit == HF_FIT_ERROR) {
        keep_first(&d->error, rule);
    } else if (fit == HF_FIT_YES) {
        keep_first(&d->first[rule->effect], rule);
        if (rule->effect != HF_VERDICT_FORBID) {
            hf_class_set covers = rule->classes == 0 ? HF_CLASS_ALL : rule->classes;
            d->covered = (hf_class_set)(d->covered | covers);
        }
    }
    return true;
}

static unsigned level_of(const struct hf_level *levels, size_t count, struct hf_str name,
                         unsigned otherwise)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = hf_bytes_cmp(hf_str_bytes(levels[middle].name), hf_str_bytes(name));
        if (order == 0) {
            return levels[middle].level;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return otherwise;
}

unsigned hf_policy_level(const struct hf_policy *policy, const struct hf_policy_facts *facts)
{
    unsigned base = (unsigned)policy->head.level;
    unsigned level =
        level_of(policy->tenant_levels, policy->tenant_level_count, facts->tenant, base);
    unsigned channel =
        level_of(policy->channel_levels, policy->channel_level_count, facts->channel, level);
    level = channel < level ? channel : level;
    level = facts->level < level ? (unsigned)facts->level : level;
    if (hf_facts_tainted(facts, HF_POLICY_FACTS_TAINT_UNTRUSTED)) {
        unsigned lowers = (unsigned)policy->head.lowers;
        unsigned lowest = (unsigned)policy->head.lowest;
        lowest = lowest < level ? lowest : level;
        level = level > lowers + lowest ? level - lowers : lowest;
    }
    return level < 1 ? 1 : level;
}

static void forbid(struct hf_policy_verdict *ret, struct hf_str rule, const char *reason)
{
    ret->verdict = HF_VERDICT_FORBID;
    ret->rule = rule;
    ret->reason = hf_str_c(reason);
    ret->asi = HF_POLICY_RULE_ASI_ASI02;
    ret->risk = HF_POLICY_RULE_RISK_HIGH;
}

static void follow(struct hf_policy_verdict *ret, const struct hf_rule *rule)
{
    ret->verdict = rule->effect;
    ret->rule = rule->id;
    ret->reason = rule->reason;
    ret->asi = rule->asi;
    ret->risk = rule->risk;
}

void hf_policy_eval(const struct hf_policy *policy, const struct hf_policy_facts *facts,
                    struct hf_policy_verdict *ret)
{
    struct deciding d = {.facts = facts,
                         .classes = hf_facts_classes(facts),
                         .level = hf_policy_level(policy, facts)};
    *ret = (struct hf_policy_verdict){.level = d.level};
    hf_rule_index_each(policy, facts->tool, d.classes, decide_by, &d);
    const struct hf_rule *allow =
        d.first[HF_VERDICT_ASK] != NULL ? d.first[HF_VERDICT_ASK] : d.first[HF_VERDICT_PERMIT];
    if (d.first[HF_VERDICT_FORBID] != NULL) {
        follow(ret, d.first[HF_VERDICT_FORBID]);
    } else if (d.error != NULL) {
        ret->error = true;
        forbid(ret, HF_STR("holdfast.error"),
               "A rule of the policy could not be evaluated on this call, so it is refused.");
    } else if (facts->incomplete) {
        ret->error = true;
        forbid(ret, HF_STR("holdfast.incomplete"),
               "There is more in this call than can be judged, so it is refused.");
    } else if (allow == NULL || (d.classes & ~d.covered) != 0) {
        forbid(ret, HF_STR("holdfast.default"), "No rule of the policy allows this.");
    } else {
        follow(ret, allow);
    }
}

void hf_policy_decide(const struct hf_policy *policy, struct hf_bytes vector,
                      struct hf_policy_verdict *ret)
{
    struct hf_policy_facts facts;
    if (hf_facts_decode(vector, &facts, NULL) != HF_OK) {
        *ret = (struct hf_policy_verdict){.error = true, .level = 1};
        forbid(ret, HF_STR("holdfast.error"),
               "What this call does could not be read, so it is refused.");
        return;
    }
    hf_policy_eval(policy, &facts, ret);
}

enum hf_rc hf_policy_each_vector(const struct hf_policy *policy, hf_policy_vector_fn *visit,
                                 void *arg, struct hf_err *err)
{
    struct hf_policy_bundle_reader reader;
    union hf_policy_bundle_record record;
    enum hf_rc rc = hf_policy_bundle_open(policy->bundle, &reader, err);
    while (rc == HF_OK) {
        struct hf_policy_verdict got;
        rc = hf_policy_bundle_next(&reader, &record, err);
        if (rc != HF_OK || reader.kind != HF_POLICY_BUNDLE_VECTOR) {
            continue;
        }
        const struct hf_policy_vector *vector = &record.vector;
        hf_policy_decide(policy, vector->facts, &got);
        bool good = (int)got.verdict == (int)vector->verdict &&
                    (!vector->has_rule || hf_str_eq(vector->rule, got.rule));
        if (!visit(arg, vector, &got, good)) {
            return HF_OK;
        }
    }
    return rc == HF_EEND ? HF_OK : rc;
}

struct selftest {
    struct hf_err *err;
    enum hf_rc rc;
};

static bool check_vector(void *arg, const struct hf_policy_vector *vector,
                         const struct hf_policy_verdict *got, bool good)
{
    struct selftest *test = arg;
    if (!good) {
        struct hf_str verdict = hf_verdict_name(got->verdict);
        struct hf_str wanted = hf_verdict_name((enum hf_verdict)vector->verdict);
        struct hf_str rule = vector->has_rule ? vector->rule : HF_STR("any rule");
        test->rc =
            hf_err_set(test->err, HF_EMISMATCH,
                       "golden vector \"%.*s\": %.*s by %.*s is expected, it is %.*s by %.*s",
                       HF_STR_ARG(vector->name), HF_STR_ARG(wanted), HF_STR_ARG(rule),
                       HF_STR_ARG(verdict), HF_STR_ARG(got->rule));
    }
    return good;
}

enum hf_rc hf_policy_selftest(const struct hf_policy *policy, struct hf_err *err)
{
    struct selftest test = {err, HF_OK};
    if (policy->vector_count == 0) {
        return hf_err_set(err, HF_EINVAL,
                          "the policy has no golden vectors; add a test block for each promise it "
                          "makes");
    }
    enum hf_rc rc = hf_policy_each_vector(policy, check_vector, &test, err);
    return rc != HF_OK ? rc : test.rc;
}

const struct hf_hash *hf_policy_digest(const struct hf_policy *policy)
{
    return &policy->digest;
}

struct hf_str hf_policy_name(const struct hf_policy *policy)
{
    return policy->head.name;
}

struct hf_str hf_policy_version(const struct hf_policy *policy)
{
    return policy->head.version;
}

struct hf_bytes hf_policy_bundle(const struct hf_policy *policy)
{
    return policy->bundle;
}

unsigned hf_policy_wait_s(const struct hf_policy *policy)
{
    return (unsigned)policy->head.wait;
}

size_t hf_policy_rule_count(const struct hf_policy *policy)
{
    return policy->rule_count;
}

size_t hf_policy_vector_count(const struct hf_policy *policy)
{
    return policy->vector_count;
}

struct hf_str hf_verdict_name(enum hf_verdict verdict)
{
    return hf_policy_rule_effect_name((enum hf_policy_rule_effect)verdict);
}
