/* tenant/vault.c: sealed values in rows, and the notes about what becomes of them. */
#include "tenant/vault.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "projections/sqlite/store_sqlite.h"
#include "tenant/vault_key.h"
#include "tenant/vault_limits.h"
#include "tenant/vault_private.h"

#define KEY_FILE        "vault.key"
#define DB_FILE         "vault.db"
#define PLACEHOLDER_KEY HF_VAULT_RESERVED "placeholder-key"
#define SUBJECT_KEY     HF_VAULT_RESERVED "subject-key"
#define OWN_KEY_LEN     32

static enum hf_rc not_there(struct hf_str name, struct hf_err *err)
{
    return hf_err_set(err, HF_ENOTFOUND, "there is no secret %.*s in the vault",
                      (int)(name.len > HF_VAULT_NAME_MAX ? HF_VAULT_NAME_MAX : name.len), name.ptr);
}

/* transactions */

enum hf_rc hf_vault_begin(struct hf_vault *vault, struct hf_err *err)
{
    enum hf_rc rc = hf_store_begin(vault->store, err);
    if (rc == HF_OK && vault->stale) {
        rc = hf_vault_notes_open(&vault->notes, vault->env, vault->store, err);
        vault->stale = rc != HF_OK;
        if (rc != HF_OK) {
            hf_store_rollback(vault->store);
        }
    }
    return rc;
}

enum hf_rc hf_vault_end(struct hf_vault *vault, enum hf_rc rc, struct hf_err *err)
{
    if (rc == HF_OK) {
        rc = hf_store_commit(vault->store, err);
    } else {
        hf_store_rollback(vault->store);
    }
    vault->stale = vault->stale || rc != HF_OK;
    return rc;
}

enum hf_rc hf_vault_add_note(struct hf_vault *vault, enum hf_vault_act act, struct hf_str name,
                             struct hf_vault_note *io_note, struct hf_err *err)
{
    io_note->act = act;
    (void)snprintf(io_note->secret, sizeof io_note->secret, "%.*s", HF_STR_ARG(name));
    return hf_vault_notes_add(&vault->notes, io_note, err);
}

/* opening */

static enum hf_rc own_key(struct hf_vault *vault, struct hf_str name, struct hf_secret *ret_key,
                          struct hf_err *err)
{
    return hf_vault_values_get(&vault->values, name, 1, ret_key, err);
}

/* A key of the vault's own is made when it is not there. That it opens afterwards shows that key
 * and database belong together. */
static enum hf_rc open_own_key(struct hf_vault *vault, struct hf_str name, struct hf_err *err)
{
    const struct hf_vault_place place = {name, 1, HF_VAULT_REGISTERED};
    struct hf_secret key = {0};
    enum hf_rc rc = own_key(vault, name, &key, err);
    if (rc == HF_ECORRUPT) {
        return hf_err_set(err, HF_EBADSIG,
                          "vault.key does not open vault.db; restore both from the same backup");
    }
    if (rc == HF_ENOTFOUND) {
        rc = hf_secret_alloc(OWN_KEY_LEN, &key);
        rc = rc == HF_OK ? rc : hf_err_set(err, rc, "no locked memory for a key of the vault");
    } else {
        hf_secret_free(&key);
        return rc;
    }
    if (rc == HF_OK) {
        hf_env_random(vault->env, hf_secret_fill(&key), OWN_KEY_LEN);
        rc = hf_vault_values_put(&vault->values, &place, hf_secret_reveal(&key), err);
    }
    hf_secret_free(&key);
    return rc;
}

static enum hf_rc open_key(const struct hf_vault_conf *conf, const char *db, struct hf_vault *vault,
                           struct hf_err *err)
{
    char path[HF_PATH_MAX];
    const struct hf_vault_key_conf key = {conf->env, conf->disk, conf->host_key, path};
    enum hf_rc rc = hf_path_join(conf->dir, KEY_FILE, path, sizeof path);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "the path %s is too long", conf->dir);
    }
    if (hf_disk_exists(conf->disk, path)) {
        return hf_vault_key_load(&key, &vault->key, err);
    }
    if (hf_disk_exists(conf->disk, db)) {
        return hf_err_set(err, HF_ENOTFOUND,
                          "%s is missing, without it nothing in vault.db can be read; restore it "
                          "from a backup, or move vault.db away and put the secrets again",
                          path);
    }
    return hf_vault_key_make(&key, &vault->key, err);
}

static enum hf_rc open_rows(struct hf_vault *vault, const char *db, struct hf_err *err)
{
    enum hf_rc rc = hf_store_sqlite_open_kept(db, &vault->store, err);
    if (rc == HF_OK) {
        vault->values = (struct hf_vault_values){vault->env, vault->store, &vault->key};
        rc = hf_vault_begin(vault, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_values_create(&vault->values, err);
    if (rc == HF_OK) {
        rc = hf_vault_notes_open(&vault->notes, vault->env, vault->store, err);
    }
    if (rc == HF_OK) {
        rc = hf_vault_subjects_open(&vault->subjects, &vault->values, err);
    }
    if (rc == HF_OK) {
        rc = open_own_key(vault, HF_STR(PLACEHOLDER_KEY), err);
    }
    if (rc == HF_OK) {
        rc = open_own_key(vault, HF_STR(SUBJECT_KEY), err);
    }
    return hf_vault_end(vault, rc, err);
}

enum hf_rc hf_vault_open(const struct hf_vault_conf *conf, struct hf_vault **ret_vault,
                         struct hf_err *err)
{
    char db[HF_PATH_MAX];
    struct hf_vault *vault = hf_heap_zalloc(1, sizeof *vault);
    if (vault == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the vault");
    }
    vault->env = conf->env;
    enum hf_rc rc =
        hf_path_join(conf->db_dir == NULL ? conf->dir : conf->db_dir, DB_FILE, db, sizeof db);
    rc = rc == HF_OK ? rc : hf_err_set(err, rc, "the path %s is too long", conf->dir);
    if (rc == HF_OK) {
        rc = open_key(conf, db, vault, err);
    }
    if (rc == HF_OK) {
        rc = open_rows(vault, db, err);
        if (rc == HF_EIO) {
            rc = hf_err_wrap(err, rc,
                             "the vault cannot be read; restore vault.db and vault.key from the "
                             "same backup, or move both away and put the secrets again");
        }
    }
    if (rc != HF_OK) {
        hf_vault_close(vault);
        return rc;
    }
    *ret_vault = vault;
    return HF_OK;
}

void hf_vault_close(struct hf_vault *vault)
{
    if (vault != NULL) {
        hf_store_close(vault->store);
        hf_secret_free(&vault->key);
        hf_heap_free(vault);
    }
}

/* changing */

static enum hf_rc add_value(struct hf_vault *vault, const struct hf_vault_value *value,
                            const struct hf_vault_survey *survey, struct hf_vault_note *ret_note,
                            struct hf_err *err)
{
    bool is_new = survey->version == 0;
    const struct hf_vault_place place = {value->name, survey->version + 1,
                                         is_new ? value->kind : survey->kind};
    enum hf_rc rc = hf_vault_check_room(survey, value->value.len, err);
    if (rc == HF_OK) {
        rc = hf_vault_values_put(&vault->values, &place, value->value, err);
    }
    if (rc == HF_OK) {
        *ret_note =
            (struct hf_vault_note){.kind = place.kind, .version = place.version, .uid = value->uid};
        rc = hf_vault_add_note(vault, is_new ? HF_VAULT_PUT : HF_VAULT_ROTATED, value->name,
                               ret_note, err);
    }
    return rc;
}

/* Is the newest value this one? */
static enum hf_rc compare(struct hf_vault *vault, const struct hf_vault_value *value,
                          const struct hf_vault_survey *survey, bool *ret_same, struct hf_err *err)
{
    struct hf_secret known = {0};
    enum hf_rc rc = hf_vault_values_get(&vault->values, value->name, survey->version, &known, err);
    *ret_same = rc == HF_OK && hf_equal_secret(hf_secret_reveal(&known), value->value);
    hf_secret_free(&known);
    return rc;
}

enum hf_rc hf_vault_put(struct hf_vault *vault, const struct hf_vault_value *value,
                        struct hf_vault_note *ret_note, struct hf_err *err)
{
    struct hf_vault_survey survey;
    bool same = false;
    *ret_note = (struct hf_vault_note){.sequence = 0};
    enum hf_rc rc = hf_vault_check_value(value, err);
    if (rc == HF_OK) {
        rc = hf_vault_begin(vault, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_values_survey(&vault->values, value->name, &survey, err);
    if (rc == HF_OK && survey.version > 0) {
        rc = compare(vault, value, &survey, &same, err);
        if (rc == HF_OK && (!same || survey.kind != value->kind)) {
            rc = hf_err_set(err, HF_EEXIST,
                            "there is a secret %.*s with another value or kind; rotate it, or "
                            "delete it first",
                            HF_STR_ARG(value->name));
        }
        ret_note->kind = value->kind;
        ret_note->version = survey.version;
    } else if (rc == HF_OK) {
        rc = add_value(vault, value, &survey, ret_note, err);
    }
    return hf_vault_end(vault, rc, err);
}

enum hf_rc hf_vault_rotate(struct hf_vault *vault, const struct hf_vault_value *value,
                           struct hf_vault_note *ret_note, struct hf_err *err)
{
    struct hf_vault_survey survey;
    bool same = false;
    *ret_note = (struct hf_vault_note){.sequence = 0};
    enum hf_rc rc = hf_vault_check_value(value, err);
    if (rc == HF_OK) {
        rc = hf_vault_begin(vault, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_values_survey(&vault->values, value->name, &survey, err);
    if (rc == HF_OK && survey.version == 0) {
        rc = not_there(value->name, err);
    }
    if (rc == HF_OK) {
        rc = compare(vault, value, &survey, &same, err);
        rc = rc == HF_ECORRUPT ? HF_OK : rc; /* this is how it is mended */
    }
    if (rc == HF_OK && same) {
        ret_note->kind = survey.kind;
        ret_note->version = survey.version;
    } else if (rc == HF_OK) {
        rc = add_value(vault, value, &survey, ret_note, err);
    }
    return hf_vault_end(vault, rc, err);
}

enum hf_rc hf_vault_delete(struct hf_vault *vault, struct hf_str name, uint32_t uid,
                           struct hf_vault_note *ret_note, struct hf_err *err)
{
    struct hf_vault_survey survey;
    enum hf_rc rc = hf_vault_check_name(name, err);
    if (rc == HF_OK) {
        rc = hf_vault_begin(vault, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_values_survey(&vault->values, name, &survey, err);
    if (rc == HF_OK && survey.version == 0) {
        rc = not_there(name, err);
    }
    if (rc == HF_OK) {
        rc = hf_vault_values_remove(&vault->values, name, err);
    }
    if (rc == HF_OK) {
        *ret_note =
            (struct hf_vault_note){.kind = survey.kind, .version = survey.version, .uid = uid};
        rc = hf_vault_add_note(vault, HF_VAULT_DELETED, name, ret_note, err);
    }
    return hf_vault_end(vault, rc, err);
}

/* reading */

enum hf_rc hf_vault_note_read(struct hf_vault *vault, struct hf_str name, uint32_t uid,
                              struct hf_vault_note *ret_note, struct hf_err *err)
{
    struct hf_vault_survey survey;
    bool is_all = hf_str_eq(name, HF_STR("*"));
    enum hf_rc rc = is_all ? HF_OK : hf_vault_check_name(name, err);
    if (rc == HF_OK) {
        rc = hf_vault_begin(vault, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_values_survey(&vault->values, name, &survey, err);
    if (rc == HF_OK && !is_all && survey.version == 0) {
        rc = not_there(name, err);
    }
    if (rc == HF_OK) {
        *ret_note = (struct hf_vault_note){.values = is_all ? survey.values : 1, .uid = uid};
        rc = hf_vault_add_note(vault, HF_VAULT_READ, name, ret_note, err);
    }
    return hf_vault_end(vault, rc, err);
}

enum hf_rc hf_vault_get(struct hf_vault *vault, struct hf_str name, struct hf_secret *ret_value,
                        struct hf_err *err)
{
    struct hf_vault_survey survey;
    enum hf_rc rc = hf_vault_check_name(name, err);
    if (rc == HF_OK) {
        rc = hf_vault_values_survey(&vault->values, name, &survey, err);
    }
    if (rc == HF_OK && survey.version == 0) {
        rc = not_there(name, err);
    }
    return rc == HF_OK ? hf_vault_values_get(&vault->values, name, survey.version, ret_value, err)
                       : rc;
}

enum hf_rc hf_vault_placeholder_key(struct hf_vault *vault, struct hf_secret *ret_key,
                                    struct hf_err *err)
{
    return own_key(vault, HF_STR(PLACEHOLDER_KEY), ret_key, err);
}

enum hf_rc hf_vault_tenant_key(struct hf_vault *vault, struct hf_secret *ret_key,
                               struct hf_err *err)
{
    return own_key(vault, HF_STR(SUBJECT_KEY), ret_key, err);
}

enum hf_rc hf_vault_list(struct hf_vault *vault, hf_vault_row_fn *take, void *arg,
                         struct hf_err *err)
{
    return hf_vault_values_list(&vault->values, take, arg, err);
}

enum hf_rc hf_vault_reveal(struct hf_vault *vault, hf_vault_row_fn *take, void *arg,
                           struct hf_err *err)
{
    return hf_vault_values_reveal(&vault->values, take, arg, err);
}

uint64_t hf_vault_revision(const struct hf_vault *vault)
{
    return vault->notes.revision;
}

/* telling */

enum hf_rc hf_vault_untold(struct hf_vault *vault, struct hf_vault_note *ret_note,
                           struct hf_err *err)
{
    return hf_vault_notes_first(&vault->notes, ret_note, err);
}

enum hf_rc hf_vault_told(struct hf_vault *vault, uint64_t sequence, struct hf_err *err)
{
    return hf_vault_notes_remove(&vault->notes, sequence, err);
}

const char *hf_vault_id(const struct hf_vault *vault)
{
    return vault->notes.id;
}

enum hf_rc hf_vault_rename(struct hf_vault *vault, struct hf_err *err)
{
    enum hf_rc rc = hf_vault_begin(vault, err);
    return rc == HF_OK ? hf_vault_end(vault, hf_vault_notes_rename(&vault->notes, err), err) : rc;
}
