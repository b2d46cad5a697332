/* tenant/vault_subjects.c: rows of subjects: a state, and a sealed key. */
#include "tenant/vault_subjects.h"

#include <stdio.h>

#include "base/assert.h"

#define GENERATIONS_MAX 10000u /* each but the last was erased by a person's word */
#define NAME_TEXT       (sizeof HF_VAULT_SUBJECT + HF_SUBJECT_TEXT)

enum {
    SUBJECT,
    STATE,
    SEALED,
};

static const struct hf_table_def subjects = {
    .name = "vault_subjects_1",
    .columns = {{"subject", HF_COLUMN_TEXT}, {"state", HF_COLUMN_INT}, {"sealed", HF_COLUMN_TEXT}},
    .key_columns = 1};

/* Those that are NEW, so that nobody has to look through all. */
static const struct hf_table_def untold = {
    .name = "vault_subjects_untold_1", .columns = {{"subject", HF_COLUMN_TEXT}}, .key_columns = 1};

static enum hf_rc count_row(void *arg, const struct hf_value *row)
{
    (void)row;
    ++*(uint32_t *)arg;
    return HF_OK;
}

enum hf_rc hf_vault_subjects_open(struct hf_vault_subjects *s, struct hf_vault_values *values,
                                  struct hf_err *err)
{
    const struct hf_scan all = {.limit = 0};
    *s = (struct hf_vault_subjects){.values = values};
    enum hf_rc rc = hf_store_create(values->store, &subjects, err);
    if (rc == HF_OK) {
        rc = hf_store_create(values->store, &untold, err);
    }
    return rc == HF_OK ? hf_store_scan(values->store, &subjects, &all, count_row, &s->count, err)
                       : rc;
}

/* rows */

static enum hf_rc look(struct hf_vault_subjects *s, const char *text, struct hf_value *row,
                       enum hf_vault_subject_state *ret_state, struct hf_err *err)
{
    row[SUBJECT].text = hf_str_c(text);
    enum hf_rc rc = hf_store_get(s->values->store, &subjects, row, err);
    *ret_state = HF_VAULT_SUBJECT_NONE;
    if (rc == HF_OK && row[STATE].number > HF_VAULT_SUBJECT_NONE &&
        row[STATE].number <= HF_VAULT_SUBJECT_ERASED) {
        *ret_state = (enum hf_vault_subject_state)row[STATE].number;
    } else if (rc == HF_OK) {
        return hf_err_set(err, HF_ECORRUPT,
                          "the row of the subject %s was altered; restore vault.db from a backup",
                          text);
    }
    return rc == HF_ENOTFOUND ? HF_OK : rc;
}

static enum hf_rc write(struct hf_vault_subjects *s, const char *text,
                        enum hf_vault_subject_state state, struct hf_str sealed, struct hf_err *err)
{
    struct hf_store *store = s->values->store;
    const struct hf_value row[] = {[SUBJECT] = {.text = hf_str_c(text)},
                                   [STATE] = {.number = (int64_t)state},
                                   [SEALED] = {.text = sealed}};
    enum hf_rc rc = hf_store_put(store, &subjects, row, err);
    if (rc == HF_OK) {
        rc = state == HF_VAULT_SUBJECT_NEW ? hf_store_put(store, &untold, row, err)
                                           : hf_store_remove(store, &untold, row, err);
    }
    return rc;
}

static struct hf_vault_place place_of(const char *text, char out[NAME_TEXT])
{
    int len = snprintf(out, NAME_TEXT, HF_VAULT_SUBJECT "%s", text);
    return (struct hf_vault_place){{out, (size_t)len}, 1, HF_VAULT_REGISTERED};
}

/* A value is the key, and behind it the name. */
static enum hf_rc open_row(struct hf_vault_subjects *s, const char *text, struct hf_str sealed,
                           struct hf_vault_subject *ret, struct hf_err *err)
{
    char name[NAME_TEXT];
    struct hf_secret value = {0};
    const struct hf_vault_place place = place_of(text, name);
    enum hf_rc rc = hf_vault_values_unseal(s->values, &place, sealed, &value, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_bytes bytes = hf_secret_reveal(&value);
    if (bytes.len < HF_SEAL_KEY_SIZE || bytes.len - HF_SEAL_KEY_SIZE > HF_VAULT_SUBJECT_NAME_MAX) {
        rc = hf_err_set(err, HF_ECORRUPT, "the value of %s is no key", name);
    } else {
        rc = hf_secret_copy(hf_bytes_of(bytes.ptr, HF_SEAL_KEY_SIZE), &ret->key.key);
        rc = rc == HF_OK ? rc : hf_err_set(err, rc, "no locked memory for the key of a subject");
    }
    if (rc == HF_OK) {
        ret->name_len = bytes.len - HF_SEAL_KEY_SIZE;
        memcpy(ret->name, bytes.ptr + HF_SEAL_KEY_SIZE, ret->name_len);
    }
    hf_secret_free(&value);
    return rc;
}

static enum hf_rc seal_row(struct hf_vault_subjects *s, const char *text,
                           const struct hf_vault_subject *subject, struct hf_err *err)
{
    char name[NAME_TEXT];
    struct hf_secret value = {0};
    struct hf_buf sealed = hf_buf_init(1024);
    enum hf_rc rc = hf_secret_alloc(HF_SEAL_KEY_SIZE + subject->name_len, &value);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for the key of a subject");
    }
    memcpy(hf_secret_fill(&value), hf_secret_reveal(&subject->key.key).ptr, HF_SEAL_KEY_SIZE);
    memcpy(hf_secret_fill(&value) + HF_SEAL_KEY_SIZE, subject->name, subject->name_len);
    const struct hf_vault_place place = place_of(text, name);
    rc = hf_vault_values_seal(s->values, &place, hf_secret_reveal(&value), &sealed, err);
    if (rc == HF_OK) {
        rc = write(s, text, HF_VAULT_SUBJECT_NEW, hf_bytes_str(hf_buf_bytes(&sealed)), err);
    }
    hf_secret_free(&value);
    hf_buf_free(&sealed);
    return rc;
}

/* finding */

static void id_of(const struct hf_secret *tenant_key, uint32_t generation, struct hf_str name,
                  struct hf_subject *ret)
{
    uint8_t number[4];
    struct hf_hash mac;
    hf_be32_put(number, generation);
    hf_hmac_sha256(tenant_key, hf_bytes_of(number, sizeof number), hf_str_bytes(name), &mac);
    memcpy(ret->b, mac.b, HF_SUBJECT_SIZE);
}

enum hf_rc hf_vault_subjects_find(struct hf_vault_subjects *s, const struct hf_secret *tenant_key,
                                  struct hf_str name, struct hf_vault_subject *ret,
                                  struct hf_err *err)
{
    char text[HF_SUBJECT_TEXT];
    HF_ASSERT(name.len > 0 && name.len <= HF_VAULT_SUBJECT_NAME_MAX);
    *ret = (struct hf_vault_subject){.name_len = 0};
    for (uint32_t generation = 0; generation < GENERATIONS_MAX; generation++) {
        struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
        enum hf_vault_subject_state state;
        id_of(tenant_key, generation, name, &ret->key.subject);
        hf_subject_text(&ret->key.subject, text);
        enum hf_rc rc = look(s, text, row, &state, err);
        if (rc != HF_OK) {
            return rc;
        }
        if (state == HF_VAULT_SUBJECT_NONE) {
            memcpy(ret->name, name.ptr, name.len);
            ret->name_len = name.len;
            return HF_ENOTFOUND;
        }
        if (state == HF_VAULT_SUBJECT_NEW || state == HF_VAULT_SUBJECT_KEPT) {
            return open_row(s, text, row[SEALED].text, ret, err);
        }
    }
    return hf_err_set(err, HF_EINVAL, "this subject was erased %u times, which is all it takes",
                      GENERATIONS_MAX);
}

enum hf_rc hf_vault_subjects_add(struct hf_vault_subjects *s, struct hf_vault_subject *io_subject,
                                 struct hf_err *err)
{
    char text[HF_SUBJECT_TEXT];
    if (s->count >= HF_VAULT_SUBJECTS_MAX) {
        return hf_err_set(err, HF_EBUSY,
                          "the vault has the keys of %d subjects, which is all it takes",
                          HF_VAULT_SUBJECTS_MAX);
    }
    enum hf_rc rc = hf_secret_alloc(HF_SEAL_KEY_SIZE, &io_subject->key.key);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for the key of a subject");
    }
    hf_env_random(s->values->env, hf_secret_fill(&io_subject->key.key), HF_SEAL_KEY_SIZE);
    hf_subject_text(&io_subject->key.subject, text);
    rc = seal_row(s, text, io_subject, err);
    s->count += rc == HF_OK ? 1 : 0;
    return rc;
}

enum hf_rc hf_vault_subjects_get(struct hf_vault_subjects *s, const struct hf_subject *id,
                                 struct hf_vault_subject *ret, struct hf_err *err)
{
    char text[HF_SUBJECT_TEXT];
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_vault_subject_state state;
    *ret = (struct hf_vault_subject){.key.subject = *id};
    hf_subject_text(id, text);
    enum hf_rc rc = look(s, text, row, &state, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (state == HF_VAULT_SUBJECT_NONE) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no key of the subject %s here", text);
    }
    return state == HF_VAULT_SUBJECT_ERASED
               ? hf_err_set(err, HF_ESTALE, "the key of the subject %s was erased", text)
               : open_row(s, text, row[SEALED].text, ret, err);
}

/* telling the region */

static enum hf_rc take_first(void *arg, const struct hf_value *row)
{
    struct hf_subject *id = arg;
    return hf_subject_parse(row[SUBJECT].text, id) ? HF_EEND : HF_ECORRUPT;
}

static enum hf_rc take_kept(void *arg, const struct hf_value *row)
{
    return row[STATE].number == HF_VAULT_SUBJECT_KEPT ? take_first(arg, row) : HF_OK;
}

/* The first row behind `after` that `take` ends with. */
static enum hf_rc first_behind(struct hf_vault_subjects *s, const struct hf_table_def *table,
                               const struct hf_subject *after,
                               enum hf_rc (*take)(void *arg, const struct hf_value *row),
                               struct hf_vault_subject *ret, struct hf_err *err)
{
    char text[HF_SUBJECT_TEXT] = "";
    struct hf_subject id;
    if (after != NULL) {
        hf_subject_text(after, text);
    }
    const struct hf_value key = {.text = hf_str_c(text)};
    const struct hf_scan scan = {.after = &key};
    enum hf_rc rc = hf_store_scan(s->values->store, table, &scan, take, &id, err);
    return rc == HF_EEND ? hf_vault_subjects_get(s, &id, ret, err)
           : rc == HF_OK ? HF_ENOTFOUND
                         : rc;
}

enum hf_rc hf_vault_subjects_untold(struct hf_vault_subjects *s, const struct hf_subject *after,
                                    struct hf_vault_subject *ret, struct hf_err *err)
{
    return first_behind(s, &untold, after, take_first, ret, err);
}

enum hf_rc hf_vault_subjects_kept(struct hf_vault_subjects *s, const struct hf_subject *after,
                                  struct hf_vault_subject *ret, struct hf_err *err)
{
    return first_behind(s, &subjects, after, take_kept, ret, err);
}

enum hf_rc hf_vault_subjects_settle(struct hf_vault_subjects *s, const struct hf_subject *id,
                                    enum hf_vault_subject_state state, struct hf_err *err)
{
    char text[HF_SUBJECT_TEXT];
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    enum hf_vault_subject_state was;
    struct hf_buf sealed = hf_buf_init(1024);
    HF_ASSERT(state == HF_VAULT_SUBJECT_KEPT || state == HF_VAULT_SUBJECT_REFUSED);
    hf_subject_text(id, text);
    enum hf_rc rc = look(s, text, row, &was, err);
    bool moves = was == HF_VAULT_SUBJECT_NEW ||
                 (was == HF_VAULT_SUBJECT_KEPT && state == HF_VAULT_SUBJECT_REFUSED);
    if (rc == HF_OK && moves) {
        hf_buf_str(&sealed, row[SEALED].text); /* the row's own ends with the next statement */
        rc = sealed.failed == HF_OK
                 ? write(s, text, state, hf_bytes_str(hf_buf_bytes(&sealed)), err)
                 : hf_err_set(err, sealed.failed, "no memory for a row");
    }
    hf_buf_free(&sealed);
    return rc;
}

enum hf_rc hf_vault_subjects_erase(struct hf_vault_subjects *s, const struct hf_subject *id,
                                   enum hf_vault_subject_state *ret_was, struct hf_err *err)
{
    char text[HF_SUBJECT_TEXT];
    struct hf_value row[HF_COLUMNS_MAX] = {{.number = 0}};
    hf_subject_text(id, text);
    enum hf_rc rc = look(s, text, row, ret_was, err);
    if (rc == HF_ECORRUPT) { /* what cannot be read can be erased all the same */
        *ret_was = HF_VAULT_SUBJECT_KEPT;
        rc = HF_OK;
    }
    if (rc == HF_OK && *ret_was != HF_VAULT_SUBJECT_ERASED) {
        rc = write(s, text, HF_VAULT_SUBJECT_ERASED, HF_STR(""), err);
        s->count += rc == HF_OK && *ret_was == HF_VAULT_SUBJECT_NONE ? 1 : 0;
    }
    return rc;
}
