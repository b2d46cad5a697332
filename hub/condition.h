/* hub/condition.h: entity tags of what calls show and change.
 *
 * The tag of a thing is the version of its stream in the log, and where what is shown depends on
 * more than that, a dash and the rest: "17-1-40-3". A command with If-Match is carried out when the
 * version before the dash is still the thing's; whatever stands behind does not count there.
 */
#ifndef HF_HUB_CONDITION_H
#define HF_HUB_CONDITION_H

#include "hub/call.h"

/* Adds the tag to the answer. True when If-None-Match names it: then 304 is answered already. */
bool hf_call_not_modified(struct hf_hub_call *call, const char *tag);
/* Does the call's If-Match, if there is one, name this version? Else answers 412 with the version
 * that it is, or 400. */
bool hf_call_matches(struct hf_hub_call *call, uint64_t version);
/* Adds the version as the tag of what a command answers with. */
void hf_call_tag_version(struct hf_hub_call *call, uint64_t version);

#endif
