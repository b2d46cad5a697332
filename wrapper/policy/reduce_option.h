/* wrapper/policy/reduce_option.h: options of programs that reach out, and what their values are.
 *
 * Only what is sure: an option that is not here, or is written in another way (several letters at
 * once, a name cut short), is looked at as any argument is, from which more follows rather than
 * less. Pure.
 */
#ifndef HF_WRAPPER_POLICY_REDUCE_OPTION_H
#define HF_WRAPPER_POLICY_REDUCE_OPTION_H

#include "base/bytes.h"

enum hf_option_kind {
    HF_OPTION_TEXT,      /* no host and no path */
    HF_OPTION_DATA,      /* text, or @FILE that is read */
    HF_OPTION_READ,      /* a file that is read */
    HF_OPTION_WRITE,     /* a file that is written */
    HF_OPTION_WHERE,     /* the URL or host that is talked to */
    HF_OPTION_THROUGH,   /* a host that is talked to on the way */
    HF_OPTION_ELSEWHERE, /* what the other arguments say of hosts may not be so */
    HF_OPTION_RUNS,      /* a command line */
};

struct hf_option_value {
    enum hf_option_kind kind;
    bool glued; /* the value is in the same word; else it is the next one */
    struct hf_str value;
};

/* Is the word an option of the program that has a value? */
bool hf_option_find(struct hf_str program, struct hf_str word, struct hf_option_value *ret);

#endif
