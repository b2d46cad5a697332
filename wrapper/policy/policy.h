/* wrapper/policy/policy.h: a compiled policy bundle, and its verdict on a fact vector.
 *
 * A bundle (wrapper/policy/bundle.h) is made from text by hf_policy_compile (wrapper/policy/text.h)
 * and loaded here into an immutable, indexed form. Signatures and who may publish are not its
 * business: whoever loads one has checked where it comes from.
 *
 * What a verdict is, whatever the order in which rules are written:
 * 1. A vector that is damaged or incomplete is forbidden, and so is one on which any rule cannot be
 *    evaluated (it asks for a fact that is not there).
 * 2. A forbid that fits forbids.
 * 3. Each class of the call must be covered by an ask or a permit that fits and names that class,
 *    or names no class; a call without classes needs at least one that fits. What is not covered is
 *    forbidden.
 * 4. An ask that fits makes it an ask; else it is permitted.
 * The rule that is named is the first by id among those of the effect that decided. Verdicts that
 * come from no rule of the text name holdfast.default, holdfast.incomplete or holdfast.error.
 *
 * The level of autonomy is the bundle's for the tenant and for the channel, the lower of both, at
 * most the vector's `level`, less what the bundle says that untrusted content takes, down to the
 * lowest that it may come to by that.
 *
 * Threads: a loaded policy is never changed, any number of threads may evaluate.
 */
#ifndef HF_WRAPPER_POLICY_POLICY_H
#define HF_WRAPPER_POLICY_POLICY_H

#include "base/crypto.h"
#include "base/err.h"
#include "wrapper/policy/facts.h"

#define HF_POLICY_BUNDLE_MAX (16u << 20) /* bytes */

/* The values are those of the enums in schemas, in which the lower one is the stricter one. */
enum hf_verdict {
    HF_VERDICT_FORBID,
    HF_VERDICT_ASK,
    HF_VERDICT_PERMIT
};

struct hf_policy;

struct hf_policy_verdict {
    enum hf_verdict verdict;
    bool error;           /* forbidden because something could not be evaluated */
    struct hf_str rule;   /* borrows from the policy, as reason does */
    struct hf_str reason; /* for the customer */
    enum hf_policy_rule_asi asi;
    enum hf_policy_rule_risk risk;
    unsigned level; /* the level of autonomy that was decided at, 1 to 5 */
};

/* Copies the bundle. Gives *ret_policy. HF_EINVAL for what is no bundle, is not in canonical form,
 * or has no rule: an empty policy is not valid. HF_ETOOBIG, HF_ENOMEM. */
enum hf_rc hf_policy_load(struct hf_bytes bundle, struct hf_policy **ret_policy,
                          struct hf_err *err);
/* NULL is fine. */
void hf_policy_free(struct hf_policy *policy);

/* facts: checked (hf_facts_check), as they come from hf_facts_decode. Never fails: what cannot be
 * evaluated is forbidden. Allocates nothing. */
void hf_policy_eval(const struct hf_policy *policy, const struct hf_policy_facts *facts,
                    struct hf_policy_verdict *ret);

/* The same on canonical bytes, as they are recorded: what vectors and replays are judged by, and
 * what the wrapper holds each call against before it runs (hf_judgement_holds). Bytes that cannot
 * be read are forbidden. */
void hf_policy_decide(const struct hf_policy *policy, struct hf_bytes vector,
                      struct hf_policy_verdict *ret);

/* Evaluates every golden vector in the bundle; HF_EMISMATCH names the first that comes out
 * otherwise. To be run before a bundle is activated; HF_EINVAL when there are none. */
enum hf_rc hf_policy_selftest(const struct hf_policy *policy, struct hf_err *err);

/* The golden vectors one by one, in the order of their names, each with what the policy says on it;
 * good: that is what is expected. Until visit answers false. */
typedef bool hf_policy_vector_fn(void *arg, const struct hf_policy_vector *vector,
                                 const struct hf_policy_verdict *got, bool good);
enum hf_rc hf_policy_each_vector(const struct hf_policy *policy, hf_policy_vector_fn *visit,
                                 void *arg, struct hf_err *err);

/* Is the tool's parameter one of the kinds text and patch, of which people need not see all? What
 * the policy does not know is not. */
bool hf_policy_param_is_text(const struct hf_policy *policy, struct hf_str tool,
                             struct hf_str param);

/* SHA-256 of the bundle's bytes: `policy_digest` of events. */
const struct hf_hash *hf_policy_digest(const struct hf_policy *policy);
/* Borrow from the policy. */
struct hf_str hf_policy_name(const struct hf_policy *policy);
struct hf_str hf_policy_version(const struct hf_policy *policy);
struct hf_bytes hf_policy_bundle(const struct hf_policy *policy);
/* How long a person has for an answer, in seconds. */
unsigned hf_policy_wait_s(const struct hf_policy *policy);
size_t hf_policy_rule_count(const struct hf_policy *policy);
size_t hf_policy_vector_count(const struct hf_policy *policy);

/* "forbid", "ask", "permit"; static storage. */
struct hf_str hf_verdict_name(enum hf_verdict verdict);

#endif
