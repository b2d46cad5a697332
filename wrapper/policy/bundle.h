/* wrapper/policy/bundle.h: the bytes of a compiled policy bundle.
 *
 *   0   10  "HFPOLICY1\n"
 *   10      records: u32 big-endian length of the payload, u8 kind, payload
 *
 * A payload is the canonical MessagePack of schemas/formats/policy.NAME.json: kind 1 head, 2 level,
 * 3 list, 4 program, 5 tool, 6 rule, 7 vector. Kinds ascend; there is one head, and it counts the
 * others.
 * Within a kind, records are in strictly ascending bytewise order of their keys: of level its `of`
 * and name, of list name and part, of program its words, of tool and vector the name, of rule the
 * id. So a policy has exactly one spelling, and its SHA-256 names it. There is at least one rule.
 * Valid under 16 MiB, with at most 65,535 records of a kind. Pure; any thread; slices borrow.
 */
#ifndef HF_WRAPPER_POLICY_BUNDLE_H
#define HF_WRAPPER_POLICY_BUNDLE_H

#include "base/buf.h"
#include "base/err.h"
#include "schemas/formats_gen.h"

#define HF_POLICY_BUNDLE_MAGIC      "HFPOLICY1\n"
#define HF_POLICY_BUNDLE_RECORD_MAX 65535

enum hf_policy_bundle_kind {
    HF_POLICY_BUNDLE_HEAD = 1,
    HF_POLICY_BUNDLE_LEVEL,
    HF_POLICY_BUNDLE_LIST,
    HF_POLICY_BUNDLE_PROGRAM,
    HF_POLICY_BUNDLE_TOOL,
    HF_POLICY_BUNDLE_RULE,
    HF_POLICY_BUNDLE_VECTOR,
    HF_POLICY_BUNDLE_KIND_END
};

/* Room for one decoded record. */
union hf_policy_bundle_record {
    struct hf_policy_head head;
    struct hf_policy_level level;
    struct hf_policy_list list;
    struct hf_policy_program program;
    struct hf_policy_tool tool;
    struct hf_policy_rule rule;
    struct hf_policy_vector vector;
};

struct hf_policy_bundle_reader {
    /* read-only: of the record that was read last */
    enum hf_policy_bundle_kind kind;
    struct hf_bytes payload;
    /* private */
    struct hf_bytes rest;
    size_t counts[HF_POLICY_BUNDLE_KIND_END];    /* read so far */
    size_t announced[HF_POLICY_BUNDLE_KIND_END]; /* by the head */
    struct hf_policy_head head;
    uint8_t key[512];
    size_t key_len;
};

/* HF_EINVAL for what is no bundle. */
enum hf_rc hf_policy_bundle_open(struct hf_bytes bundle, struct hf_policy_bundle_reader *ret,
                                 struct hf_err *err);
/* The next record, checked; HF_EEND after the last, when everything announced was there. HF_EINVAL
 * names the record. */
enum hf_rc hf_policy_bundle_next(struct hf_policy_bundle_reader *reader,
                                 union hf_policy_bundle_record *ret, struct hf_err *err);

/* Writes the key that orders records of a kind, for who writes bundles. */
void hf_policy_bundle_key(enum hf_policy_bundle_kind kind,
                          const union hf_policy_bundle_record *record, struct hf_writer *w);
/* Checks and appends one record; the caller keeps the order. HF_EINVAL; the buffer's failures are
 * the buffer's. */
enum hf_rc hf_policy_bundle_put(enum hf_policy_bundle_kind kind,
                                const union hf_policy_bundle_record *record, struct hf_buf *out,
                                struct hf_err *err);

#endif
