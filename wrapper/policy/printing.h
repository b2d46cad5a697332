/* wrapper/policy/printing.h: words of a policy's text on their way out; for print*.c only. */
#ifndef HF_WRAPPER_POLICY_PRINTING_H
#define HF_WRAPPER_POLICY_PRINTING_H

#include "base/buf.h"
#include "schemas/formats_gen.h"

/* A blank and a word, in quotation marks where it needs them. */
void hf_print_word(struct hf_buf *out, struct hf_str word);
/* The same, always in quotation marks. */
void hf_print_quoted(struct hf_buf *out, struct hf_str text);

/* A line "when ..." or "unless ..." of a rule. */
void hf_print_condition(struct hf_buf *out, const struct hf_policy_rule_conditions *condition);

#endif
