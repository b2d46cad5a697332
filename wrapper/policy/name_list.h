/* wrapper/policy/name_list.h: names of programs, variables and words, in lists that end with NULL.
 *
 * Pure; any thread.
 */
#ifndef HF_WRAPPER_POLICY_NAME_LIST_H
#define HF_WRAPPER_POLICY_NAME_LIST_H

#include "base/bytes.h"

static inline bool hf_name_is_one_of(struct hf_str name, const char *const *list)
{
    while (*list != NULL && !hf_str_eq(name, hf_str_c(*list))) {
        list++;
    }
    return *list != NULL;
}

#endif
