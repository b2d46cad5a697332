/* tenant/vault_private.h: a vault from inside: tenant/vault.c and tenant/vault_people.c.
 *
 * Threads: one.
 */
#ifndef HF_TENANT_VAULT_PRIVATE_H
#define HF_TENANT_VAULT_PRIVATE_H

#include "tenant/vault.h"

struct hf_vault {
    struct hf_env *env;
    struct hf_store *store;
    struct hf_secret key;
    struct hf_vault_values values;
    struct hf_vault_notes notes;
    struct hf_vault_subjects subjects;
    bool stale; /* a transaction failed: what the notes count is read again */
};

enum hf_rc hf_vault_begin(struct hf_vault *vault, struct hf_err *err);
/* Ends what hf_vault_begin began: with HF_OK it is kept, with anything else nothing of it is. */
enum hf_rc hf_vault_end(struct hf_vault *vault, enum hf_rc rc, struct hf_err *err);
enum hf_rc hf_vault_add_note(struct hf_vault *vault, enum hf_vault_act act, struct hf_str name,
                             struct hf_vault_note *io_note, struct hf_err *err);
/* Gives the key that ids of subjects are made with. */
enum hf_rc hf_vault_tenant_key(struct hf_vault *vault, struct hf_secret *ret_key,
                               struct hf_err *err);

#endif
