/* tenant/vault_subjects.h: keys of the people that the tenant's events are about, in the vault.
 *
 * A row of the vault's database for each subject, by its id: a state, and, sealed as any other
 * value is (bound to the name "holdfast.subject.ID"), the key and the name that the subject goes
 * by. Ids come out of the tenant's subject key: the first 16 bytes of HMAC-SHA-256 of a u32
 * generation and the name; so nobody without that key can tell whose id it is. Generations are
 * tried from 0 on: an id that was erased, or that the region knows with another key, is never used
 * again, and whoever comes again is another subject. What is erased leaves its id behind, and
 * nothing else.
 * Private to tenant/vault.c but for the types, which tenant/vault.h gives on.
 * Threads: one.
 */
#ifndef HF_TENANT_VAULT_SUBJECTS_H
#define HF_TENANT_VAULT_SUBJECTS_H

#include "schemas/personal.h"
#include "tenant/vault_values.h"

#define HF_VAULT_SUBJECT          HF_VAULT_RESERVED "subject."
/* Of a subject: "session:" and the name of a session, which is the longest. */
#define HF_VAULT_SUBJECT_NAME_MAX 160
/* In all, erased ones too: a hundred a day for seven years, 70 MB. */
#define HF_VAULT_SUBJECTS_MAX     262144

enum hf_vault_subject_state {
    HF_VAULT_SUBJECT_NONE,
    HF_VAULT_SUBJECT_NEW,     /* the region was not told yet */
    HF_VAULT_SUBJECT_KEPT,    /* the region has the key too */
    HF_VAULT_SUBJECT_REFUSED, /* the region has another key: it opens here, seals nothing more */
    HF_VAULT_SUBJECT_ERASED,
};

/* A key and the name; free with hf_vault_subject_free. */
struct hf_vault_subject {
    struct hf_subject_key key;
    char name[HF_VAULT_SUBJECT_NAME_MAX];
    size_t name_len;
};

static inline void hf_vault_subject_free(struct hf_vault_subject *subject)
{
    hf_secret_free(&subject->key.key);
    hf_wipe(subject->name, sizeof subject->name);
}

struct hf_vault_subjects {
    struct hf_vault_values *values; /* borrowed; seals */
    uint32_t count; /* rows; when a transaction fails, the caller puts back what it was before */
};

/* In a transaction of the caller's: makes the tables and counts. */
enum hf_rc hf_vault_subjects_open(struct hf_vault_subjects *s, struct hf_vault_values *values,
                                  struct hf_err *err);
/* Gives the key that new data about `name` is sealed under. HF_ENOTFOUND: there is none yet;
 * *ret->key.subject and the name are then those of hf_vault_subjects_add. */
enum hf_rc hf_vault_subjects_find(struct hf_vault_subjects *s, const struct hf_secret *tenant_key,
                                  struct hf_str name, struct hf_vault_subject *ret,
                                  struct hf_err *err);
/* Draws a key for it, in the state NEW. */
enum hf_rc hf_vault_subjects_add(struct hf_vault_subjects *s, struct hf_vault_subject *io_subject,
                                 struct hf_err *err);
/* Gives one. HF_ENOTFOUND; HF_ESTALE: it was erased; HF_ECORRUPT: the row was altered. */
enum hf_rc hf_vault_subjects_get(struct hf_vault_subjects *s, const struct hf_subject *id,
                                 struct hf_vault_subject *ret, struct hf_err *err);
/* Gives the first by id, behind `after` (NULL: of all), that is NEW: HF_ENOTFOUND when none is. */
enum hf_rc hf_vault_subjects_untold(struct hf_vault_subjects *s, const struct hf_subject *after,
                                    struct hf_vault_subject *ret, struct hf_err *err);
/* The same that is KEPT. */
enum hf_rc hf_vault_subjects_kept(struct hf_vault_subjects *s, const struct hf_subject *after,
                                  struct hf_vault_subject *ret, struct hf_err *err);
/* One that is NEW becomes KEPT or REFUSED, one that is KEPT becomes REFUSED; others stay. */
enum hf_rc hf_vault_subjects_settle(struct hf_vault_subjects *s, const struct hf_subject *id,
                                    enum hf_vault_subject_state state, struct hf_err *err);
/* *ret_was: what it was before; NONE also leaves an id behind. */
enum hf_rc hf_vault_subjects_erase(struct hf_vault_subjects *s, const struct hf_subject *id,
                                   enum hf_vault_subject_state *ret_was, struct hf_err *err);

#endif
