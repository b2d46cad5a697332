/* tenant/artifact_store.h: slots and packages in the agent's folder (tenant/artifacts.h). */
#ifndef HF_TENANT_ARTIFACT_STORE_H
#define HF_TENANT_ARTIFACT_STORE_H

#include "tenant/artifacts.h"

/* The release keys of the configuration, which are kept, or those that were kept. */
enum hf_rc hf_agent_keys_load(struct hf_agent *agent, struct hf_err *err);
/* All slots; one that was never used is empty. HF_ECORRUPT and others. */
enum hf_rc hf_agent_slots_load(struct hf_agent *agent, struct hf_err *err);
/* Makes *slot the slot's state, on disk first; then deletes the packages that nobody needs any
 * more. On failure nothing has changed. */
enum hf_rc hf_agent_slot_save(struct hf_agent *agent, enum hf_slot slot,
                              const struct hf_agent_slot *state, struct hf_err *err);

/* Durable when it returns. */
enum hf_rc hf_agent_package_save(struct hf_agent *agent, const struct hf_hash *digest,
                                 struct hf_bytes package, struct hf_err *err);
/* Reads a package into buf, and checks that its bytes are those of the digest. The two borrow from
 * buf. HF_ENOTFOUND, HF_ECORRUPT. */
enum hf_rc hf_agent_package_load(struct hf_agent *agent, const struct hf_hash *digest,
                                 struct hf_buf *buf, struct hf_bytes *ret_note,
                                 struct hf_bytes *ret_bytes, struct hf_err *err);

/* The text of a slot's file, and back. HF_ECORRUPT. */
void hf_agent_slot_format(const struct hf_agent_slot *slot, struct hf_writer *w);
enum hf_rc hf_agent_slot_parse(struct hf_str text, struct hf_agent_slot *ret, struct hf_err *err);

#endif
