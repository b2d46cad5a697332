/* tenant/vault_values.c: seals values into rows and opens them. */
#include "tenant/vault_values.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"

#define SEALED_MAX (HF_VAULT_VALUE_MAX + HF_SEAL_OVERHEAD)

/* Version N is in slot N % HF_VAULT_KEPT_MAX: so the next one takes the place of the oldest. */
enum {
    SECRET,
    SLOT,
    VERSION,
    KIND,
    CHANGED_US,
    BYTES,
    SEALED,
};

static const struct hf_table_def values = {.name = "vault_values_1",
                                           .columns = {{"secret", HF_COLUMN_TEXT},
                                                       {"slot", HF_COLUMN_INT},
                                                       {"version", HF_COLUMN_INT},
                                                       {"kind", HF_COLUMN_INT},
                                                       {"changed_us", HF_COLUMN_INT},
                                                       {"bytes", HF_COLUMN_INT},
                                                       {"sealed", HF_COLUMN_TEXT}},
                                           .key_columns = 2};

enum hf_rc hf_vault_values_create(struct hf_vault_values *v, struct hf_err *err)
{
    return hf_store_create(v->store, &values, err);
}

/* sealing */

static struct hf_bytes binding(const struct hf_vault_place *place, struct hf_writer *w)
{
    hf_writer_printf(w, "holdfast/vault-value/v1\n%.*s\n%u\n%s\n", HF_STR_ARG(place->name),
                     place->version, hf_vault_kind_name(place->kind));
    HF_ASSERT(!w->overflow);
    return hf_writer_done(w);
}

enum hf_rc hf_vault_values_unseal(struct hf_vault_values *v, const struct hf_vault_place *place,
                                  struct hf_str text, struct hf_secret *ret_value,
                                  struct hf_err *err)
{
    uint8_t room[256];
    uint8_t *sealed = hf_heap_alloc(SEALED_MAX);
    size_t len = 0;
    struct hf_writer w = hf_writer_init(room, sizeof room);
    if (sealed == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open a value of the vault");
    }
    enum hf_rc rc = hf_base64_decode(text, sealed, SEALED_MAX, &len);
    if (rc == HF_OK) {
        rc = hf_unseal(v->key, hf_bytes_of(sealed, len), binding(place, &w), ret_value);
    }
    hf_heap_free(sealed);
    return rc == HF_OK ? rc
           : rc == HF_ENOMEM
               ? hf_err_set(err, rc, "no locked memory to open a value of the vault")
               : hf_err_set(err, HF_ECORRUPT,
                            "the value of %.*s was altered; rotate it with the true one",
                            HF_STR_ARG(place->name));
}

enum hf_rc hf_vault_values_seal(struct hf_vault_values *v, const struct hf_vault_place *place,
                                struct hf_bytes value, struct hf_buf *ret_text, struct hf_err *err)
{
    uint8_t room[256];
    size_t len = value.len + HF_SEAL_OVERHEAD;
    struct hf_writer w = hf_writer_init(room, sizeof room);
    uint8_t *sealed = hf_heap_alloc(len);
    uint8_t *text = hf_buf_reserve(ret_text, HF_BASE64_LEN(len) + 1);
    if (sealed == NULL || text == NULL) {
        hf_heap_free(sealed);
        return hf_err_set(err, HF_ENOMEM, "no memory to seal a value");
    }
    hf_seal(v->env, v->key, value, binding(place, &w), sealed);
    hf_base64_encode(hf_bytes_of(sealed, len), (char *)text);
    hf_buf_commit(ret_text, HF_BASE64_LEN(len));
    hf_heap_free(sealed);
    return HF_OK;
}

enum hf_rc hf_vault_values_put(struct hf_vault_values *v, const struct hf_vault_place *place,
                               struct hf_bytes value, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(HF_BASE64_LEN(SEALED_MAX) + 1);
    enum hf_rc rc = hf_vault_values_seal(v, place, value, &text, err);
    if (rc == HF_OK) {
        const struct hf_value row[] = {[SECRET] = {.text = place->name},
                                       [SLOT] = {.number = place->version % HF_VAULT_KEPT_MAX},
                                       [VERSION] = {.number = place->version},
                                       [KIND] = {.number = (int64_t)place->kind},
                                       [CHANGED_US] = {.number = hf_env_wall_us(v->env)},
                                       [BYTES] = {.number = (int64_t)value.len},
                                       [SEALED] = {.text = hf_bytes_str(hf_buf_bytes(&text))}};
        rc = hf_store_put(v->store, &values, row, err);
    }
    hf_buf_free(&text);
    return rc;
}

static enum hf_rc damaged(struct hf_str name, struct hf_err *err)
{
    return hf_err_set(err, HF_ECORRUPT, "the row of %.*s was altered; rotate it with its value",
                      HF_STR_ARG(name));
}

/* The numbers of a row, which somebody may have written over. */
static bool take_row(const struct hf_value *from, struct hf_vault_row *ret)
{
    *ret = (struct hf_vault_row){.name = from[SECRET].text,
                                 .kind = (enum hf_vault_kind)(from[KIND].number & 0xff),
                                 .version = (uint32_t)from[VERSION].number,
                                 .changed_us = from[CHANGED_US].number};
    return from[KIND].number >= 0 && from[KIND].number < HF_VAULT_KINDS &&
           from[VERSION].number > 0 && from[VERSION].number <= UINT32_MAX;
}

enum hf_rc hf_vault_values_get(struct hf_vault_values *v, struct hf_str name, uint32_t version,
                               struct hf_secret *ret_value, struct hf_err *err)
{
    struct hf_vault_row taken;
    struct hf_value row[HF_COLUMNS_MAX] = {
        [SECRET] = {.text = name}, [SLOT] = {.number = version % HF_VAULT_KEPT_MAX}};
    enum hf_rc rc = hf_store_get(v->store, &values, row, err);
    if (rc != HF_OK) {
        return rc;
    }
    row[SECRET].text = name;
    if (!take_row(row, &taken)) {
        return damaged(name, err);
    }
    const struct hf_vault_place place = {name, taken.version, taken.kind};
    return hf_vault_values_unseal(v, &place, row[SEALED].text, ret_value, err);
}

enum hf_rc hf_vault_values_remove(struct hf_vault_values *v, struct hf_str name, struct hf_err *err)
{
    const struct hf_value first = {.text = name};
    return hf_store_remove(v->store, &values, &first, err);
}

/* looking at all of them */

struct surveying {
    struct hf_str name;
    struct hf_vault_survey *survey;
};

static enum hf_rc look(void *arg, const struct hf_value *from)
{
    struct surveying *s = arg;
    struct hf_vault_row row;
    if (hf_vault_is_reserved(from[SECRET].text) || !take_row(from, &row)) {
        return HF_OK; /* a damaged row is said when it is opened */
    }
    s->survey->secrets += from[SLOT].number == 1 ? 1 : 0; /* each secret had a version 1 */
    s->survey->values++;
    s->survey->bytes += (uint64_t)from[BYTES].number;
    if (hf_str_eq(row.name, s->name) && row.version > s->survey->version) {
        s->survey->version = row.version;
        s->survey->kind = row.kind;
        s->survey->changed_us = row.changed_us;
    }
    return HF_OK;
}

static enum hf_rc find_oldest(void *arg, const struct hf_value *from)
{
    struct surveying *s = arg;
    if (from[SLOT].number == (int64_t)((s->survey->version + 1ull) % HF_VAULT_KEPT_MAX)) {
        s->survey->oldest_bytes = (uint64_t)from[BYTES].number;
    }
    return HF_OK;
}

enum hf_rc hf_vault_values_survey(struct hf_vault_values *v, struct hf_str name,
                                  struct hf_vault_survey *ret, struct hf_err *err)
{
    const struct hf_scan all = {.limit = 0};
    const struct hf_value first = {.text = name};
    const struct hf_scan mine = {.first = &first};
    struct surveying s = {name, ret};
    *ret = (struct hf_vault_survey){.version = 0};
    enum hf_rc rc = hf_store_scan(v->store, &values, &all, look, &s, err);
    return rc == HF_OK ? hf_store_scan(v->store, &values, &mine, find_oldest, &s, err) : rc;
}

struct showing {
    struct hf_vault_values *values;
    hf_vault_row_fn *take;
    void *arg;
    struct hf_err *err;
    struct hf_vault_row row; /* what is gathered of the secret at hand */
    char name[HF_VAULT_NAME_MAX + 1];
};

static enum hf_rc give_gathered(struct showing *s)
{
    return s->row.kept == 0 ? HF_OK : s->take(s->arg, &s->row, NULL, s->err);
}

static enum hf_rc gather(void *arg, const struct hf_value *from)
{
    struct showing *s = arg;
    struct hf_vault_row row;
    if (hf_vault_is_reserved(from[SECRET].text)) {
        return HF_OK;
    }
    if (!take_row(from, &row) || row.name.len > HF_VAULT_NAME_MAX) {
        return damaged(from[SECRET].text, s->err);
    }
    enum hf_rc rc = HF_OK;
    if (!hf_str_eq(row.name, s->row.name)) {
        rc = give_gathered(s);
        (void)snprintf(s->name, sizeof s->name, "%.*s", HF_STR_ARG(row.name));
        s->row = (struct hf_vault_row){.name = hf_str_c(s->name)};
    }
    s->row.kept++;
    if (row.version > s->row.version) {
        s->row.version = row.version;
        s->row.kind = row.kind;
        s->row.changed_us = row.changed_us;
    }
    return rc;
}

enum hf_rc hf_vault_values_list(struct hf_vault_values *v, hf_vault_row_fn *take, void *arg,
                                struct hf_err *err)
{
    const struct hf_scan all = {.limit = 0};
    struct showing s = {.values = v, .take = take, .arg = arg, .err = err};
    enum hf_rc rc = hf_store_scan(v->store, &values, &all, gather, &s, err);
    return rc == HF_OK ? give_gathered(&s) : rc;
}

static enum hf_rc reveal(void *arg, const struct hf_value *from)
{
    struct showing *s = arg;
    struct hf_vault_row row;
    struct hf_secret value = {0};
    if (hf_vault_is_reserved(from[SECRET].text)) {
        return HF_OK;
    }
    if (!take_row(from, &row)) {
        return damaged(from[SECRET].text, s->err);
    }
    const struct hf_vault_place place = {row.name, row.version, row.kind};
    enum hf_rc rc = hf_vault_values_unseal(s->values, &place, from[SEALED].text, &value, s->err);
    if (rc == HF_OK) {
        rc = s->take(s->arg, &row, &value, s->err);
    }
    hf_secret_free(&value);
    return rc;
}

enum hf_rc hf_vault_values_reveal(struct hf_vault_values *v, hf_vault_row_fn *take, void *arg,
                                  struct hf_err *err)
{
    const struct hf_scan all = {.limit = 0};
    struct showing s = {.values = v, .take = take, .arg = arg, .err = err};
    return hf_store_scan(v->store, &values, &all, reveal, &s, err);
}
