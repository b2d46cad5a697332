/* projections/source_part.h: the part of a followed log that came last, as a projector's source.
 *
 * It has the entries of one part and knows the root at its end. The projector goes through it; then
 * the next part is set.
 */
#ifndef HF_PROJECTIONS_SOURCE_PART_H
#define HF_PROJECTIONS_SOURCE_PART_H

#include "log/mirror/follow.h"
#include "projections/source.h"

/* Borrows follow, which stands at its part's end (or at the beginning, with none). Gives
 * *ret_source. HF_ENOMEM. */
enum hf_rc hf_source_part_new(const struct hf_follow *follow, struct hf_source **ret_source,
                              struct hf_err *err);
/* The follower took this part, and what it was made of stays until the next one is set. NULL:
 * there is none. */
void hf_source_part_set(struct hf_source *source, const struct hf_follow_part *part);

#endif
