/* hub/erasures.h: carries erasures out: what follows from subject.erased, and from the clock.
 *
 *   the key is in custody still           it is deleted, at once
 *   requests of the subject wait          approval.decided: cancelled
 *   the agent has not confirmed           directive.issued: "erase", again when it is over
 *   the agent's log says that it did      subject.erasure_confirmed (hub/approval_scan.h finds it)
 * The log is the truth: a Hub that died in between goes on where it was, and custody that was put
 * back from a backup loses what the log says is erased. Threads: the loop's.
 */
#ifndef HF_HUB_ERASURES_H
#define HF_HUB_ERASURES_H

#include "base/err.h"
#include "schemas/events_gen.h"
#include "schemas/personal.h"

struct hf_hub;
struct hf_hub_approval;
struct hf_hub_subject;

/* Reads custody and compares it with what was folded: keys that the log does not know, or knows as
 * erased, are deleted; missing ones are said in the Hub's log. HF_ENOMEM; what cannot be read of a
 * tenant is said there, too. */
enum hf_rc hf_hub_erasures_open(struct hf_hub *hub, struct hf_err *err);
/* Deletes the key of an erased subject from custody. After a failure it will be tried again. */
enum hf_rc hf_hub_erasures_delete(struct hf_hub *hub, struct hf_hub_subject *subject,
                                  struct hf_err *err);
/* Does what is to be done now, but for requests that wait, which the router looks through; it calls
 * both. */
void hf_hub_erasures_step(struct hf_hub *hub);
/* A directive did not get to the log. */
void hf_hub_erasures_not_told(struct hf_hub *hub, struct hf_str tenant, struct hf_str subject);
/* The agent says that it applied a directive: was that an erasure that is not confirmed yet? */
bool hf_hub_erasures_told(struct hf_hub *hub, struct hf_str tenant,
                          const struct hf_event_directive_applied *applied,
                          struct hf_subject *ret_subject);
/* Ends a request that waits if its subject is erased. */
void hf_hub_erasures_end(struct hf_hub *hub, struct hf_hub_approval *approval);

#endif
