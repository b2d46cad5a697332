/* wrapper/policy/variable.h: variables of a shell that change what programs do. Pure. */
#ifndef HF_WRAPPER_POLICY_VARIABLE_H
#define HF_WRAPPER_POLICY_VARIABLE_H

#include "base/bytes.h"

/* May a program that is given this variable do something else because of it? */
bool hf_variable_matters(struct hf_str name);
/* Is it one that shells and many programs have anyway, so that setting it reaches them? */
bool hf_variable_is_special(struct hf_str name);

#endif
