/* tenant/vault_notes.c: rows of what is to be told, and the numbers they are told under. */
#include "tenant/vault_notes.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/hex.h"

bool hf_vault_is_reserved(struct hf_str name)
{
    return hf_str_starts(name, HF_STR(HF_VAULT_RESERVED));
}

static const char *const kind_names[HF_VAULT_KINDS] = {"modelkey", "credential", "registered"};

const char *hf_vault_kind_name(enum hf_vault_kind kind)
{
    return kind_names[kind];
}

bool hf_vault_kind_parse(struct hf_str text, enum hf_vault_kind *ret_kind)
{
    for (int i = 0; i < HF_VAULT_KINDS; i++) {
        if (hf_str_eq(text, hf_str_c(kind_names[i]))) {
            *ret_kind = (enum hf_vault_kind)i;
            return true;
        }
    }
    return false;
}

/* One row, named "vault". */
enum {
    META_NAME,
    META_ID,
    META_SEQUENCE,
    META_REVISION,
};

static const struct hf_table_def meta = {.name = "vault_meta_1",
                                         .columns = {{"name", HF_COLUMN_TEXT},
                                                     {"id", HF_COLUMN_TEXT},
                                                     {"sequence", HF_COLUMN_INT},
                                                     {"revision", HF_COLUMN_INT}},
                                         .key_columns = 1};

enum {
    SEQUENCE,
    ACT,
    SECRET,
    KIND,
    VERSION,
    VALUES,
    UID,
    AT_US,
};

static const struct hf_table_def untold = {.name = "vault_notes_1",
                                           .columns = {{"sequence", HF_COLUMN_INT},
                                                       {"act", HF_COLUMN_INT},
                                                       {"secret", HF_COLUMN_TEXT},
                                                       {"kind", HF_COLUMN_INT},
                                                       {"version", HF_COLUMN_INT},
                                                       {"given", HF_COLUMN_INT},
                                                       {"uid", HF_COLUMN_INT},
                                                       {"at_us", HF_COLUMN_INT}},
                                           .key_columns = 1};

static enum hf_rc put_meta(struct hf_vault_notes *notes, struct hf_err *err)
{
    const struct hf_value row[] = {[META_NAME] = {.text = HF_STR("vault")},
                                   [META_ID] = {.text = hf_str_c(notes->id)},
                                   [META_SEQUENCE] = {.number = (int64_t)notes->sequence},
                                   [META_REVISION] = {.number = (int64_t)notes->revision}};
    return hf_store_put(notes->store, &meta, row, err);
}

static void draw_id(struct hf_vault_notes *notes)
{
    uint8_t random[(HF_VAULT_ID_TEXT - 1) / 2];
    hf_env_random(notes->env, random, sizeof random);
    hf_hex_encode(hf_bytes_of(random, sizeof random), notes->id);
}

enum hf_rc hf_vault_notes_open(struct hf_vault_notes *notes, struct hf_env *env,
                               struct hf_store *store, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[META_NAME] = {.text = HF_STR("vault")}};
    *notes = (struct hf_vault_notes){.env = env, .store = store};
    enum hf_rc rc = hf_store_create(store, &meta, err);
    if (rc == HF_OK) {
        rc = hf_store_create(store, &untold, err);
    }
    if (rc == HF_OK) {
        rc = hf_store_get(store, &meta, row, err);
    }
    if (rc == HF_ENOTFOUND) {
        draw_id(notes);
        return put_meta(notes, err);
    }
    if (rc == HF_OK) {
        (void)snprintf(notes->id, sizeof notes->id, "%.*s", HF_STR_ARG(row[META_ID].text));
        notes->sequence = (uint64_t)row[META_SEQUENCE].number;
        notes->revision = (uint64_t)row[META_REVISION].number;
    }
    return rc;
}

enum hf_rc hf_vault_notes_add(struct hf_vault_notes *notes, struct hf_vault_note *io_note,
                              struct hf_err *err)
{
    io_note->sequence = ++notes->sequence;
    io_note->at_us = hf_env_wall_us(notes->env);
    bool shown = io_note->act != HF_VAULT_READ && !hf_vault_is_reserved(hf_str_c(io_note->secret));
    notes->revision += shown ? 1 : 0;
    const struct hf_value row[] = {[SEQUENCE] = {.number = (int64_t)io_note->sequence},
                                   [ACT] = {.number = (int64_t)io_note->act},
                                   [SECRET] = {.text = hf_str_c(io_note->secret)},
                                   [KIND] = {.number = (int64_t)io_note->kind},
                                   [VERSION] = {.number = io_note->version},
                                   [VALUES] = {.number = io_note->values},
                                   [UID] = {.number = io_note->uid},
                                   [AT_US] = {.number = io_note->at_us}};
    enum hf_rc rc = put_meta(notes, err);
    return rc == HF_OK ? hf_store_put(notes->store, &untold, row, err) : rc;
}

static enum hf_rc take_note(void *arg, const struct hf_value *row)
{
    struct hf_vault_note *note = arg;
    if (row[ACT].number < 0 || row[ACT].number > HF_VAULT_READ || row[KIND].number < 0 ||
        row[KIND].number >= HF_VAULT_KINDS) {
        return HF_EIO;
    }
    *note = (struct hf_vault_note){.sequence = (uint64_t)row[SEQUENCE].number,
                                   .act = (enum hf_vault_act)row[ACT].number,
                                   .kind = (enum hf_vault_kind)row[KIND].number,
                                   .version = (uint32_t)row[VERSION].number,
                                   .values = (uint32_t)row[VALUES].number,
                                   .uid = (uint32_t)row[UID].number,
                                   .at_us = row[AT_US].number};
    (void)snprintf(note->secret, sizeof note->secret, "%.*s", HF_STR_ARG(row[SECRET].text));
    return HF_OK;
}

enum hf_rc hf_vault_notes_first(struct hf_vault_notes *notes, struct hf_vault_note *ret_note,
                                struct hf_err *err)
{
    struct hf_vault_note note = {.sequence = 0};
    const struct hf_scan scan = {.limit = 1};
    enum hf_rc rc = hf_store_scan(notes->store, &untold, &scan, take_note, &note, err);
    if (rc == HF_OK && note.sequence == 0) {
        return HF_ENOTFOUND;
    }
    if (rc == HF_OK) {
        *ret_note = note;
    }
    return rc;
}

enum hf_rc hf_vault_notes_remove(struct hf_vault_notes *notes, uint64_t sequence,
                                 struct hf_err *err)
{
    const struct hf_value key = {.number = (int64_t)sequence};
    return hf_store_remove(notes->store, &untold, &key, err);
}

enum hf_rc hf_vault_notes_rename(struct hf_vault_notes *notes, struct hf_err *err)
{
    draw_id(notes);
    return put_meta(notes, err);
}
