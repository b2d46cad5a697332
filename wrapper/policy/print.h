/* wrapper/policy/print.h: a compiled policy bundle as text again.
 *
 * For who has a bundle and wants to read it: an auditor, or whoever lost the text. Comments and the
 * order of blocks are not in a bundle; programs and tools of which the same is said share a block,
 * and a test says the facts that its call was reduced to, since the call itself is not in the
 * bundle either. Pure; any thread.
 */
#ifndef HF_WRAPPER_POLICY_PRINT_H
#define HF_WRAPPER_POLICY_PRINT_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the text to out. It has been compiled, and gave these very bytes: whoever reads the text
 * has read the bundle. HF_EINVAL for what is no bundle; HF_EMISMATCH for a bundle that says
 * something for which the language has no words, which hf_policy_compile does not make; HF_ETOOBIG
 * when the text is larger than a policy's text may be; HF_ENOMEM. After a failure nothing was
 * appended. */
enum hf_rc hf_policy_print(struct hf_bytes bundle, struct hf_buf *out, struct hf_err *err);

#endif
