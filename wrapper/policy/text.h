/* wrapper/policy/text.h: policies as people write them, and their compilation to a bundle.
 *
 * The language is described in docs/POLICY.md. Lines; what begins a block stands at the margin,
 * what belongs to it is indented; words and "quoted texts"; # begins a comment. Each mistake is
 * named with its line and column, up to HF_POLICY_FAULTS_MAX of them in one run. The same text
 * always gives the same bytes, and so does any order of its blocks.
 * Pure; any thread.
 */
#ifndef HF_WRAPPER_POLICY_TEXT_H
#define HF_WRAPPER_POLICY_TEXT_H

#include "base/buf.h"
#include "base/err.h"

#define HF_POLICY_TEXT_MAX   (16u << 20)
#define HF_POLICY_FAULTS_MAX 32

struct hf_policy_fault {
    unsigned line;   /* from 1 on; 0: the text as a whole */
    unsigned column; /* from 1 on, in bytes */
    char text[200];
};

struct hf_policy_faults {
    struct hf_policy_fault at[HF_POLICY_FAULTS_MAX];
    size_t count;
    bool more; /* there were more than fit */
};

/* Appends the bundle of the text to out. HF_EINVAL: the text has mistakes, which are in
 * *ret_faults, in the order of their lines; err names the first one as "line L, column C: ...".
 * HF_ETOOBIG, HF_ENOMEM. The golden vectors are compiled and not run: see hf_policy_selftest. */
enum hf_rc hf_policy_compile(struct hf_str text, struct hf_buf *out,
                             struct hf_policy_faults *ret_faults, struct hf_err *err);

#endif
