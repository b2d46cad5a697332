/* tenant/vault_people.c: the vault's calls about subjects: rows and notes in one transaction. */
#include <stdio.h>

#include "projections/sqlite/store_sqlite.h"
#include "tenant/vault_private.h"

static enum hf_rc note(struct hf_vault *vault, enum hf_vault_act act,
                       const struct hf_subject *subject, uint32_t uid, struct hf_err *err)
{
    char text[HF_SUBJECT_TEXT];
    char name[sizeof HF_VAULT_SUBJECT + HF_SUBJECT_TEXT];
    struct hf_vault_note made = {.kind = HF_VAULT_REGISTERED, .version = 1, .uid = uid};
    hf_subject_text(subject, text);
    (void)snprintf(name, sizeof name, HF_VAULT_SUBJECT "%s", text);
    return hf_vault_add_note(vault, act, hf_str_c(name), &made, err);
}

/* As hf_vault_end; what was counted in a transaction that fails is not there. */
static enum hf_rc end(struct hf_vault *vault, uint32_t count_before, enum hf_rc rc,
                      struct hf_err *err)
{
    rc = hf_vault_end(vault, rc, err);
    if (rc != HF_OK) {
        vault->subjects.count = count_before;
    }
    return rc;
}

static enum hf_rc find(struct hf_vault *vault, struct hf_str name, struct hf_vault_subject *ret,
                       struct hf_err *err)
{
    struct hf_secret key = {0};
    enum hf_rc rc = hf_vault_tenant_key(vault, &key, err);
    rc = rc == HF_OK ? hf_vault_subjects_find(&vault->subjects, &key, name, ret, err)
         : rc == HF_ENOTFOUND
             ? hf_err_set(err, HF_ECORRUPT, "the vault's subject key is missing; restore vault.db")
             : rc;
    hf_secret_free(&key);
    return rc;
}

static enum hf_rc add(struct hf_vault *vault, uint32_t uid, struct hf_vault_subject *io_subject,
                      struct hf_err *err)
{
    uint32_t before = vault->subjects.count;
    enum hf_rc rc = hf_vault_begin(vault, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_subjects_add(&vault->subjects, io_subject, err);
    if (rc == HF_OK) {
        rc = note(vault, HF_VAULT_PUT, &io_subject->key.subject, uid, err);
    }
    return end(vault, before, rc, err);
}

enum hf_rc hf_vault_seal_for(struct hf_vault *vault, struct hf_str name, uint32_t uid,
                             struct hf_subject_key *ret_key, bool *ret_made, struct hf_err *err)
{
    struct hf_vault_subject subject = {.name_len = 0};
    enum hf_rc rc = find(vault, name, &subject, err);
    *ret_made = rc == HF_ENOTFOUND;
    if (rc == HF_ENOTFOUND) {
        rc = add(vault, uid, &subject, err);
    }
    if (rc == HF_OK) {
        *ret_key = subject.key;
        subject.key.key = (struct hf_secret){NULL, 0};
    }
    hf_vault_subject_free(&subject);
    return rc;
}

enum hf_rc hf_vault_open_for(struct hf_vault *vault, const struct hf_subject *subject,
                             struct hf_subject_key *ret_key, struct hf_err *err)
{
    struct hf_vault_subject found = {.name_len = 0};
    enum hf_rc rc = hf_vault_subjects_get(&vault->subjects, subject, &found, err);
    if (rc == HF_OK) {
        *ret_key = found.key;
        found.key.key = (struct hf_secret){NULL, 0};
    }
    hf_vault_subject_free(&found);
    return rc;
}

enum hf_rc hf_vault_subject(struct hf_vault *vault, const struct hf_subject *subject,
                            struct hf_vault_subject *ret, struct hf_err *err)
{
    return hf_vault_subjects_get(&vault->subjects, subject, ret, err);
}

enum hf_rc hf_vault_untold_subject(struct hf_vault *vault, const struct hf_subject *after,
                                   struct hf_vault_subject *ret, struct hf_err *err)
{
    return hf_vault_subjects_untold(&vault->subjects, after, ret, err);
}

enum hf_rc hf_vault_kept_subject(struct hf_vault *vault, const struct hf_subject *after,
                                 struct hf_vault_subject *ret, struct hf_err *err)
{
    return hf_vault_subjects_kept(&vault->subjects, after, ret, err);
}

enum hf_rc hf_vault_told_subject(struct hf_vault *vault, const struct hf_subject *subject,
                                 bool kept, struct hf_err *err)
{
    enum hf_rc rc = hf_vault_begin(vault, err);
    return rc == HF_OK
               ? hf_vault_end(vault,
                              hf_vault_subjects_settle(
                                  &vault->subjects, subject,
                                  kept ? HF_VAULT_SUBJECT_KEPT : HF_VAULT_SUBJECT_REFUSED, err),
                              err)
               : rc;
}

enum hf_rc hf_vault_erase_subject(struct hf_vault *vault, const struct hf_subject *subject,
                                  uint32_t uid, struct hf_err *err)
{
    enum hf_vault_subject_state was = HF_VAULT_SUBJECT_NONE;
    uint32_t before = vault->subjects.count;
    enum hf_rc rc = hf_vault_begin(vault, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_subjects_erase(&vault->subjects, subject, &was, err);
    if (rc == HF_OK && was != HF_VAULT_SUBJECT_NONE && was != HF_VAULT_SUBJECT_ERASED) {
        rc = note(vault, HF_VAULT_DELETED, subject, uid, err);
    }
    rc = end(vault, before, rc, err);
    return rc == HF_OK ? hf_store_sqlite_scrub(vault->store, err) : rc;
}
