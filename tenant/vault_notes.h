/* tenant/vault_notes.h: what happened in the vault and is not in the tenant's log yet.
 *
 * Rows of the vault's database, written in the transaction of what they are about and removed when
 * the log has them. They are told under a name and a sequence, so telling one twice is harmless.
 * Private to tenant/vault.c but for the types, which tenant/vault.h gives on.
 * Threads: one.
 */
#ifndef HF_TENANT_VAULT_NOTES_H
#define HF_TENANT_VAULT_NOTES_H

#include "base/env.h"
#include "projections/store.h"

#define HF_VAULT_NAME_MAX 64
#define HF_VAULT_ID_TEXT  17
#define HF_VAULT_RESERVED "holdfast." /* names that begin so are the vault's own */

bool hf_vault_is_reserved(struct hf_str name);

enum hf_vault_kind {
    HF_VAULT_MODEL_KEY,  /* for a model's provider */
    HF_VAULT_CREDENTIAL, /* for anything else that a program logs in to */
    HF_VAULT_REGISTERED, /* no program needs it, it only must not appear anywhere */
};

#define HF_VAULT_KINDS 3

/* "modelkey", "credential", "registered". */
const char *hf_vault_kind_name(enum hf_vault_kind kind);
bool hf_vault_kind_parse(struct hf_str text, enum hf_vault_kind *ret_kind);

enum hf_vault_act {
    HF_VAULT_PUT,
    HF_VAULT_ROTATED,
    HF_VAULT_DELETED,
    HF_VAULT_READ,
};

/* What is to be said about the vault. */
struct hf_vault_note {
    uint64_t sequence; /* from 1; 0: nothing was changed, there is nothing to say */
    enum hf_vault_act act;
    char secret[HF_VAULT_NAME_MAX + 1]; /* "*" for a reading of all */
    enum hf_vault_kind kind;            /* not of a reading */
    uint32_t version;                   /* not of a reading */
    uint32_t values;                    /* of a reading */
    uint32_t uid;
    int64_t at_us;
};

struct hf_vault_notes {
    struct hf_env *env;
    struct hf_store *store; /* borrowed */
    char id[HF_VAULT_ID_TEXT];
    uint64_t sequence; /* of the newest */
    uint64_t revision; /* changes of what the vault gives to programs, not of its own names */
};

/* In a transaction of the caller's: makes the tables, reads name and numbers, or draws a name. */
enum hf_rc hf_vault_notes_open(struct hf_vault_notes *notes, struct hf_env *env,
                               struct hf_store *store, struct hf_err *err);
/* In a transaction of the caller's: gives the note its sequence and time and keeps it. When the
 * transaction fails: hf_vault_notes_open again before the next one. */
enum hf_rc hf_vault_notes_add(struct hf_vault_notes *notes, struct hf_vault_note *io_note,
                              struct hf_err *err);
/* The oldest: HF_ENOTFOUND when there is none. */
enum hf_rc hf_vault_notes_first(struct hf_vault_notes *notes, struct hf_vault_note *ret_note,
                                struct hf_err *err);
enum hf_rc hf_vault_notes_remove(struct hf_vault_notes *notes, uint64_t sequence,
                                 struct hf_err *err);
/* In a transaction of the caller's. */
enum hf_rc hf_vault_notes_rename(struct hf_vault_notes *notes, struct hf_err *err);

#endif
