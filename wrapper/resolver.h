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

/* For one call: it takes for granted that the places, which were resolved for it a moment ago, are
 * still what they were. Borrows them. */
struct hf_disk_resolver {
    struct hf_resolver resolver;
    const struct hf_root *places;
    size_t place_count;
};

void hf_disk_resolver_init(struct hf_disk_resolver *disk, const struct hf_root *places);

/* The same for a path of our own, NUL-terminated; what it resolves to may be added to the places
 * then. disk: NULL for none. */
enum hf_rc hf_resolve_path(const struct hf_disk_resolver *disk, struct hf_str path, char *out,
                           size_t cap);

#endif
