/* tenant/vault.h: the tenant's secrets, sealed, on its own server.
 *
 * A SQLite file (vault.db) with names, kinds, versions and sealed values (XChaCha20-Poly1305; name,
 * version and kind are what a value is bound to), and beside it the key, which is sealed under this
 * host's key (tenant/vault_key.h). Each secret keeps its newest values: the newest is what programs
 * use, all of them are what must not appear in anything that leaves.
 *
 * A change and the note about it are one transaction, on the disk when the call returns; the notes
 * become events of the tenant's log one after the other, and are removed with hf_vault_told. So
 * what happened in the vault is in the log, also when the log could not be written just then. A
 * note never holds a value.
 *
 * Order: open, calls, close. After HF_EIO the call did nothing and may be tried again.
 * Threads: one.
 */
#ifndef HF_TENANT_VAULT_H
#define HF_TENANT_VAULT_H

#include "base/crypto.h"
#include "log/store/disk.h"
#include "tenant/vault_notes.h"
#include "tenant/vault_subjects.h"
#include "tenant/vault_values.h"

struct hf_vault;

struct hf_vault_conf {
    struct hf_env *env;
    struct hf_disk *disk; /* of the key file; SQLite goes to the operating system's */
    const struct hf_secret *host_key;
    const char *dir;
    const char *db_dir; /* of the database, when that is another folder; NULL: it is in dir */
};

/* Opens the vault, or makes it with a placeholder key of its own. Gives *ret_vault. Borrows
 * host_key until it returns. HF_EMISMATCH, HF_EBADSIG: as hf_vault_key_load, or the two files do
 * not belong together. HF_EIO: the database is damaged. Every text says what to do. */
enum hf_rc hf_vault_open(const struct hf_vault_conf *conf, struct hf_vault **ret_vault,
                         struct hf_err *err);
/* NULL is fine. */
void hf_vault_close(struct hf_vault *vault);

/* A value as it comes. */
struct hf_vault_value {
    struct hf_str name;
    enum hf_vault_kind kind; /* for a new secret */
    struct hf_bytes value;   /* borrowed */
    uint32_t uid;            /* who asks */
};

/* HF_OK, also when the very same is there already (then the note's sequence is 0). HF_EEXIST:
 * another value or kind is there. HF_EINVAL: name, length or limits; HF_ETOOBIG: the value. */
enum hf_rc hf_vault_put(struct hf_vault *vault, const struct hf_vault_value *value,
                        struct hf_vault_note *ret_note, struct hf_err *err);
/* As put, for a secret that is there: HF_ENOTFOUND. */
enum hf_rc hf_vault_rotate(struct hf_vault *vault, const struct hf_vault_value *value,
                           struct hf_vault_note *ret_note, struct hf_err *err);
enum hf_rc hf_vault_delete(struct hf_vault *vault, struct hf_str name, uint32_t uid,
                           struct hf_vault_note *ret_note, struct hf_err *err);

/* Notes that somebody is about to be given the newest value of the secret, or with name "*" all
 * values. HF_ENOTFOUND. */
enum hf_rc hf_vault_note_read(struct hf_vault *vault, struct hf_str name, uint32_t uid,
                              struct hf_vault_note *ret_note, struct hf_err *err);
/* Gives the newest value. HF_ENOTFOUND; HF_ECORRUPT: it was altered. */
enum hf_rc hf_vault_get(struct hf_vault *vault, struct hf_str name, struct hf_secret *ret_value,
                        struct hf_err *err);
/* Gives the key that placeholders are made with: 32 bytes, the same for the vault's life. */
enum hf_rc hf_vault_placeholder_key(struct hf_vault *vault, struct hf_secret *ret_key,
                                    struct hf_err *err);

/* The people that the tenant's events are about (tenant/vault_subjects.h). A key that is made or
 * erased is noted as any other value, under the name "holdfast.subject.ID"; the agent's own use of
 * one is not. */

/* Gives the key that new data about `name` (1 to HF_VAULT_SUBJECT_NAME_MAX bytes) is sealed under,
 * and makes it when there is none (*ret_made). HF_EBUSY: there are too many; HF_EINVAL: erased too
 * often. */
enum hf_rc hf_vault_seal_for(struct hf_vault *vault, struct hf_str name, uint32_t uid,
                             struct hf_subject_key *ret_key, bool *ret_made, struct hf_err *err);
/* Gives the key of a subject. HF_ENOTFOUND; HF_ESTALE: it was erased; HF_ECORRUPT. */
enum hf_rc hf_vault_open_for(struct hf_vault *vault, const struct hf_subject *subject,
                             struct hf_subject_key *ret_key, struct hf_err *err);
/* Gives a subject with its name: as hf_vault_open_for. */
enum hf_rc hf_vault_subject(struct hf_vault *vault, const struct hf_subject *subject,
                            struct hf_vault_subject *ret, struct hf_err *err);
/* Gives the first subject by id, behind this one (NULL: of all), that the region was not told of
 * yet: HF_ENOTFOUND when there is none. */
enum hf_rc hf_vault_untold_subject(struct hf_vault *vault, const struct hf_subject *after,
                                   struct hf_vault_subject *ret, struct hf_err *err);
/* The same of those that the region has. */
enum hf_rc hf_vault_kept_subject(struct hf_vault *vault, const struct hf_subject *after,
                                 struct hf_vault_subject *ret, struct hf_err *err);
/* The region has the key, or (kept: false) another one: then the next data about them are sealed
 * under another id. */
enum hf_rc hf_vault_told_subject(struct hf_vault *vault, const struct hf_subject *subject,
                                 bool kept, struct hf_err *err);
/* Erases the key and the name, also out of the database's journal, when it returns HF_OK. Of one
 * that is not known, or erased, as well. HF_ELOCKED: another program reads the database. */
enum hf_rc hf_vault_erase_subject(struct hf_vault *vault, const struct hf_subject *subject,
                                  uint32_t uid, struct hf_err *err);

/* Every secret, by name; without values. */
enum hf_rc hf_vault_list(struct hf_vault *vault, hf_vault_row_fn *take, void *arg,
                         struct hf_err *err);
/* Every value of every secret, by name. */
enum hf_rc hf_vault_reveal(struct hf_vault *vault, hf_vault_row_fn *take, void *arg,
                           struct hf_err *err);
/* Grows with each change. */
uint64_t hf_vault_revision(const struct hf_vault *vault);

/* The oldest note that was not told yet: HF_ENOTFOUND when there is none. */
enum hf_rc hf_vault_untold(struct hf_vault *vault, struct hf_vault_note *ret_note,
                           struct hf_err *err);
enum hf_rc hf_vault_told(struct hf_vault *vault, uint64_t sequence, struct hf_err *err);
/* The name under which notes are told, with their sequence. A vault that was put back in time would
 * tell other things under the same numbers: then it takes another name. */
const char *hf_vault_id(const struct hf_vault *vault);
enum hf_rc hf_vault_rename(struct hf_vault *vault, struct hf_err *err);

#endif
