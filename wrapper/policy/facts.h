/* wrapper/policy/facts.h: the fact vector of a tool call, which is what a policy decides on.
 *
 * A call is reduced to facts (wrapper/policy/reduce.h): its tool, the classes of what it does,
 * resolved paths, hosts, commands as a shell would run them, amounts, time, counters, who asked,
 * what the session has seen. The struct is struct hf_policy_facts, generated from
 * schemas/formats/policy.facts.json; its canonical bytes are MessagePack as in events. Exactly
 * these bytes are decided on, hashed and recorded (event call.decided), so a replay of a policy
 * over them gives every verdict again. Secrets and people are in them as keyed markers only.
 *
 * Beyond the bounds of the schema: lists of names (classes, opaque, taint) are in the order of the
 * schema without duplicates, and the whole has at most HF_FACTS_SIZE_MAX bytes. What does not fit
 * is left out by whoever reduces, with `incomplete` set, and no rule can permit such a call.
 * Pure functions; any thread; slices borrow.
 */
#ifndef HF_WRAPPER_POLICY_FACTS_H
#define HF_WRAPPER_POLICY_FACTS_H

#include "base/crypto.h"
#include "base/err.h"
#include "schemas/formats_gen.h"

#define HF_FACTS_SIZE_MAX 16384
#define HF_FACTS_VERSION  1

/* A set of classes: bit N for enum hf_policy_facts_classes N. */
typedef uint16_t hf_class_set;
#define HF_CLASS_BIT(name) ((hf_class_set)(1u << HF_POLICY_FACTS_CLASSES_##name))
#define HF_CLASS_ALL       ((hf_class_set)((1u << HF_POLICY_FACTS_CLASSES_COUNT) - 1))

/* Facts about which nothing is known: no tool, tenant or channel, requester unproven, level 1, and
 * all lists empty. Callers set what they know; hf_facts_check refuses what is still missing. */
void hf_facts_init(struct hf_policy_facts *ret);

/* Bounds and order. HF_EINVAL names the member. */
enum hf_rc hf_facts_check(const struct hf_policy_facts *facts, struct hf_err *err);

/* Checks and encodes into out, HF_FACTS_SIZE_MAX bytes, which *ret_bytes then borrows. HF_EINVAL,
 * HF_ETOOBIG. */
enum hf_rc hf_facts_encode(const struct hf_policy_facts *facts, uint8_t *out,
                           struct hf_bytes *ret_bytes, struct hf_err *err);

/* The same for a vector that hf_reduce made: what makes one too long is left out, and `incomplete`
 * is set. HF_EINVAL. */
enum hf_rc hf_facts_encode_cut(struct hf_policy_facts *io_facts, uint8_t *out,
                               struct hf_bytes *ret_bytes, struct hf_err *err);

/* Reads foreign bytes; accepts exactly what hf_facts_encode writes. HF_EINVAL, HF_ETOOBIG. */
enum hf_rc hf_facts_decode(struct hf_bytes bytes, struct hf_policy_facts *ret, struct hf_err *err);

/* SHA-256 of the canonical bytes: `facts` of the event approval.requested. */
void hf_facts_hash(struct hf_bytes bytes, struct hf_hash *ret_hash);

hf_class_set hf_facts_classes(const struct hf_policy_facts *facts);
/* Adds the classes of the set, keeps the order. */
void hf_facts_add_classes(struct hf_policy_facts *io_facts, hf_class_set set);
/* Adds one reason, one label; keeps the order; again is nothing new. */
void hf_facts_add_opaque(struct hf_policy_facts *io_facts, enum hf_policy_facts_opaque why);
void hf_facts_add_taint(struct hf_policy_facts *io_facts, enum hf_policy_facts_taint label);

static inline bool hf_facts_tainted(const struct hf_policy_facts *facts,
                                    enum hf_policy_facts_taint label)
{
    for (size_t i = 0; i < facts->taint_count; i++) {
        if (facts->taint[i] == label) {
            return true;
        }
    }
    return false;
}

#endif
