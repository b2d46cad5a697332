/* projections/promote.c: which version of a read model is the one that is read. */
#include "projections/promote.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

enum {
    MODEL,
    VERSION,
    SINCE,
    BECAUSE,
};

static const struct hf_table_def promoted = {.name = "holdfast_promoted",
                                             .columns = {{"model", HF_COLUMN_TEXT},
                                                         {"version", HF_COLUMN_INT},
                                                         {"since", HF_COLUMN_INT},
                                                         {"because", HF_COLUMN_TEXT}},
                                             .key_columns = 1};

enum hf_rc hf_promotions_create(struct hf_store *store, struct hf_err *err)
{
    return hf_store_create(store, &promoted, err);
}

enum hf_rc hf_promoted(struct hf_store *store, struct hf_str model,
                       const struct hf_projection **ret, struct hf_err *err)
{
    struct hf_value row[HF_COLUMNS_MAX] = {[MODEL] = {.text = model}};
    enum hf_rc rc = hf_store_create(store, &promoted, err);
    if (rc == HF_OK) {
        rc = hf_store_get(store, &promoted, row, err);
    }
    if (rc != HF_OK && rc != HF_ENOTFOUND) {
        return rc;
    }
    const struct hf_projection *found = NULL;
    for (size_t i = 0; hf_projections[i] != NULL; i++) {
        const struct hf_projection *p = hf_projections[i];
        bool same = hf_str_eq(hf_str_c(p->model), model);
        if (same && (rc == HF_OK ? (int64_t)p->version == row[VERSION].number
                                 : found == NULL || p->version < found->version)) {
            found = p;
        }
    }
    if (found == NULL) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no read model \"%.*s\"",
                          (int)(model.len < 60 ? model.len : 60), model.ptr);
    }
    *ret = found;
    return HF_OK;
}

static enum hf_rc count_row(void *arg, const struct hf_value *row)
{
    uint64_t *count = arg;
    (void)row;
    (*count)++;
    return HF_OK;
}

enum hf_rc hf_count_dead(struct hf_store *store, const struct hf_projection *projection,
                         uint64_t *ret_count, struct hf_err *err)
{
    const struct hf_value first = {.text = hf_str_c(projection->name)};
    const struct hf_scan scan = {.first = &first};
    *ret_count = 0;
    enum hf_rc rc = hf_store_create(store, &hf_dead_letters, err);
    return rc == HF_OK ? hf_store_scan(store, &hf_dead_letters, &scan, count_row, ret_count, err)
                       : rc;
}

enum hf_rc hf_may_promote(struct hf_store *store, const struct hf_projection *projection,
                          uint64_t size, struct hf_err *err)
{
    uint64_t position = 0;
    uint64_t dead = 0;
    enum hf_rc rc = hf_store_get_position(store, projection->name, &position, err);
    if (rc == HF_OK && position < size) {
        rc = hf_err_set(err, HF_EBUSY, "%s is at %llu of %llu entries: update it first",
                        projection->name, (unsigned long long)position, (unsigned long long)size);
    }
    if (rc == HF_OK) {
        rc = hf_count_dead(store, projection, &dead, err);
    }
    if (rc == HF_OK && dead > 0) {
        rc = hf_err_set(err, HF_EPERM,
                        "%s could not read %llu events: holdfast projections dead shows them",
                        projection->name, (unsigned long long)dead);
    }
    return rc;
}

enum hf_rc hf_promote(struct hf_store *store, const struct hf_projection *projection,
                      const char *because, struct hf_err *err)
{
    uint64_t since = 0;
    enum hf_rc rc = hf_store_create(store, &promoted, err);
    if (rc == HF_OK) {
        rc = hf_store_get_position(store, projection->name, &since, err);
    }
    if (rc == HF_OK) {
        rc = hf_store_begin(store, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_value row[HF_COLUMNS_MAX] = {[MODEL] = {.text = hf_str_c(projection->model)},
                                                 [VERSION] = {.number = projection->version},
                                                 [SINCE] = {.number = (int64_t)since},
                                                 [BECAUSE] = {.text = hf_str_c(because)}};
    rc = hf_store_put(store, &promoted, row, err);
    if (rc == HF_OK) {
        return hf_store_commit(store, err);
    }
    hf_store_rollback(store);
    return rc;
}

/* comparing: one table's rows are looked up in the other, then the other way round for the count of
 * those that are new */

struct side {
    struct hf_store *store;
    const struct hf_table_def *here;
    const struct hf_table_def *there;
    int map[HF_COLUMNS_MAX]; /* column here -> column there; -1: none */
    bool back;               /* only missing rows count, as added ones */
    struct hf_difference *result;
    struct hf_err *err;
};

static void note_first(struct side *side, const struct hf_value *row)
{
    struct hf_writer w = hf_writer_init(side->result->first, sizeof side->result->first - 1);
    if (side->result->first[0] != '\0') {
        return;
    }
    for (unsigned i = 0; i < side->here->key_columns; i++) {
        if (side->here->columns[i].type == HF_COLUMN_INT) {
            hf_writer_printf(&w, "%s%lld", i == 0 ? "" : ", ", (long long)row[i].number);
        } else {
            hf_writer_printf(&w, "%s%.*s", i == 0 ? "" : ", ",
                             (int)(row[i].text.len < 60 ? row[i].text.len : 60), row[i].text.ptr);
        }
    }
    side->result->first[w.len] = '\0';
}

static bool same_values(const struct side *side, const struct hf_value *here,
                        const struct hf_value *there)
{
    for (unsigned i = 0; i < hf_table_columns(side->here); i++) {
        int k = side->map[i];
        bool text = side->here->columns[i].type == HF_COLUMN_TEXT;
        if (k >= 0 &&
            (text ? !hf_str_eq(here[i].text, there[k].text) : here[i].number != there[k].number)) {
            return false;
        }
    }
    return true;
}

static enum hf_rc compare_row(void *arg, const struct hf_value *row)
{
    struct side *side = arg;
    struct hf_value other[HF_COLUMNS_MAX] = {{.number = 0}};
    uint64_t *rows = side->back ? &side->result->rows_b : &side->result->rows_a;
    (*rows)++;
    memcpy(other, row, side->here->key_columns * sizeof other[0]);
    enum hf_rc rc = hf_store_get(side->store, side->there, other, side->err);
    if (rc == HF_ENOTFOUND) {
        uint64_t *count = side->back ? &side->result->added : &side->result->missing;
        (*count)++;
        note_first(side, row);
        return HF_OK;
    }
    if (rc == HF_OK && !side->back && !same_values(side, row, other)) {
        side->result->changed++;
        note_first(side, row);
    }
    return rc;
}

static enum hf_rc map_columns(struct side *side)
{
    for (unsigned i = 0; i < hf_table_columns(side->here); i++) {
        side->map[i] = -1;
        for (unsigned k = 0; k < hf_table_columns(side->there); k++) {
            if (strcmp(side->here->columns[i].name, side->there->columns[k].name) == 0 &&
                side->here->columns[i].type == side->there->columns[k].type) {
                side->map[i] = (int)k;
            }
        }
        if (i < side->here->key_columns && side->map[i] != (int)i) {
            return HF_EINVAL;
        }
    }
    return side->here->key_columns == side->there->key_columns ? HF_OK : HF_EINVAL;
}

enum hf_rc hf_compare(struct hf_store *store, const struct hf_projection *a,
                      const struct hf_projection *b, struct hf_difference *ret, struct hf_err *err)
{
    static const struct hf_scan all;
    *ret = (struct hf_difference){.rows_a = 0};
    struct side side = {
        .store = store, .here = a->tables[0], .there = b->tables[0], .result = ret, .err = err};
    if (map_columns(&side) != HF_OK) {
        return hf_err_set(err, HF_EINVAL,
                          "%s and %s have other keys: compare what they say by hand", a->name,
                          b->name);
    }
    enum hf_rc rc = hf_store_scan(store, side.here, &all, compare_row, &side, err);
    if (rc == HF_OK) {
        side.here = b->tables[0];
        side.there = a->tables[0];
        side.back = true;
        rc = map_columns(&side) == HF_OK
                 ? hf_store_scan(store, side.here, &all, compare_row, &side, err)
                 : rc;
    }
    return rc;
}
