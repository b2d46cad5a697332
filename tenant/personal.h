/* tenant/personal.h: what events say about people is sealed before it gets into the tenant's log.
 *
 * A program appends approval.requested with summary, requester and arguments as it knows them; the
 * agent puts them, sealed under the key of whom they are about (schemas/personal.h), into the
 * member `personal` and takes the plain ones away, before anything is hashed. It is about the
 * requester; when nobody is named, about "session:NAME"; without a session about "approval:NAME".
 * The same event gets the same bytes again: what is in the log already is sealed under the key that
 * it has there, and once that was erased, what is sealed is taken as it stands, for nobody can tell
 * any more what it says. Keys are in the vault alone; without it such an event is refused, and
 * nothing of it is written.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_PERSONAL_H
#define HF_TENANT_PERSONAL_H

#include "base/json_out.h"
#include "schemas/envelope.h"
#include "schemas/personal.h"

struct hf_agent;

/* Seals what the submission in io_submission says about a person; any other one stays as it is.
 * HF_EINVAL: it has no summary, or is sealed already. HF_EFORK, HF_ESTALE: its number was used for
 * something else, or was passed over. HF_ENOSYS: the vault is not open, the text
 * says why. HF_EUNKNOWN: the vault could not be read or written just now; HF_ENOMEM. After a
 * failure io_submission is of no use. */
enum hf_rc hf_agent_personal_seal(struct hf_agent *agent, struct hf_writer *io_submission,
                                  struct hf_err *err);

/* Writes the members "summary" and "personal" of one approval: what is sealed (in base64; empty:
 * `clear` is the summary) is opened for whoever is shown it, and kept nowhere. "personal" is
 * "clear", "open", "erased" or "locked"; the summary of those that do not open is that word. */
void hf_agent_personal_show(void *agent, struct hf_str approval, struct hf_str clear,
                            struct hf_str sealed, struct hf_json_out *json);

/* Erases the key of a subject, here and now. HF_ENOSYS as above; others: try again. */
enum hf_rc hf_agent_personal_erase(struct hf_agent *agent, const struct hf_subject *subject,
                                   struct hf_err *err);

#endif
