/* wrapper/resolver.h: where a path leads on this machine, for hf_reduce.
 *
 * Links are followed as the kernel would, one component after the other; what does not exist is
 * taken by its text. A folder that this program may not look into is a failure, and so the call is
 * refused: the wrapper's user must be able to pass through what the agent works in. Reads only.
 * Any thread.
 */
#ifndef HF_WRAPPER_RESOLVER_H
#define HF_WRAPPER_RESOLVER_H

#include "wrapper/policy/reduce.h"

extern const struct hf_resolver hf_resolver_disk;

/* The same for a path of our own, NUL-terminated. */
enum hf_rc hf_resolve_path(struct hf_str path, char *out, size_t cap);

#endif
