/* hub/model_ask.c: a question about the read models, and a store's answer to it. */
#include "hub/model_ask.h"

#include <string.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "base/parse.h"
#include "projections/digest.h"
#include "projections/promote.h"
#include "projections/row_json.h"
#include "projections/status.h"

#define JSON_MAX (8u << 20)

void hf_model_question_init(struct hf_model_question *question, enum hf_model_kind kind)
{
    *question = (struct hf_model_question){.kind = kind, .json = hf_buf_init(JSON_MAX)};
}

void hf_model_question_fini(struct hf_model_question *question)
{
    hf_buf_free(&question->json);
}

static enum hf_rc refuse(struct hf_model_question *q, enum hf_rc rc, const char *text,
                         struct hf_err *err)
{
    q->refused = rc;
    return hf_err_set(err, rc, "%s", text);
}

/* Entries of the log that all of them hold. */
static enum hf_rc find_position(struct hf_store *store, uint64_t *ret, struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    *ret = UINT64_MAX;
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        uint64_t position = 0;
        rc = hf_store_get_position(store, hf_projections[i]->name, &position, err);
        *ret = position < *ret ? position : *ret;
    }
    return rc;
}

/* the list */

static enum hf_rc list(struct hf_store *store, struct hf_model_question *q, struct hf_err *err)
{
    struct hf_json_out json;
    uint64_t as_of = 0;
    enum hf_rc rc = find_position(store, &as_of, err);
    hf_json_init(&json, &q->json);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", as_of);
    hf_json_key(&json, HF_STR("models"));
    hf_json_array_begin(&json);
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        struct hf_projection_status status;
        rc = hf_projection_status(store, hf_projections[i], q->log_size, &status, err);
        if (rc == HF_OK) {
            hf_json_object_begin(&json);
            hf_projection_status_to_json(&status, &json);
            hf_json_key_str(&json, "about", hf_str_c(hf_projections[i]->about));
            hf_json_object_end(&json);
        }
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    return rc;
}

/* Rows in key order. A cursor is the key of the last row: for each column a number in 8 bytes, or
 * the length in 2 and the text. */

struct page {
    const struct hf_table_def *table;
    struct hf_json_out json;
    uint64_t rows;
    uint64_t limit;
    uint8_t cursor[HF_MODEL_CURSOR_MAX];
    struct hf_writer w;
};

static void write_cursor(struct page *page, const struct hf_value *row)
{
    page->w = hf_writer_init(page->cursor, sizeof page->cursor);
    for (unsigned i = 0; i < page->table->key_columns; i++) {
        if (page->table->columns[i].type == HF_COLUMN_INT) {
            hf_writer_be64(&page->w, (uint64_t)row[i].number);
        } else {
            hf_writer_be16(&page->w, (uint16_t)row[i].text.len);
            hf_writer_put(&page->w, row[i].text.ptr, row[i].text.len);
        }
    }
}

static bool read_cursor(const struct hf_table_def *table, struct hf_bytes cursor,
                        struct hf_value *row)
{
    struct hf_cursor at = hf_cursor_init(cursor);
    for (unsigned i = 0; i < table->key_columns; i++) {
        uint64_t number = 0;
        uint16_t len = 0;
        struct hf_bytes text = {NULL, 0};
        bool good = table->columns[i].type == HF_COLUMN_INT
                        ? hf_cursor_be64(&at, &number)
                        : hf_cursor_be16(&at, &len) && hf_cursor_take(&at, len, &text);
        if (!good) {
            return false;
        }
        row[i] = (struct hf_value){.number = (int64_t)number, .text = hf_bytes_str(text)};
    }
    return at.left == 0;
}

static enum hf_rc put_row(void *arg, const struct hf_value *row)
{
    struct page *page = arg;
    hf_row_to_json(page->table, row, &page->json);
    page->rows++;
    if (page->rows == page->limit) {
        write_cursor(page, row);
    }
    return HF_OK;
}

/* Whoever is bound to a tenant sees the rows of that tenant, in tables that are kept by tenant. */
static enum hf_rc take_first(struct hf_model_question *q, const struct hf_table_def *table,
                             struct hf_value *first, bool *ret_any, struct hf_err *err)
{
    bool bound = q->tenant[0] != '\0';
    bool by_tenant = strcmp(table->columns[0].name, "tenant") == 0;
    *ret_any = !q->has_key && !bound;
    if (bound && (!by_tenant || (q->has_key && strcmp(q->key, q->tenant) != 0))) {
        return refuse(q, HF_EPERM, "You may see the rows of your tenant only.", err);
    }
    first->text = hf_str_c(bound ? q->tenant : q->key);
    if (*ret_any || table->columns[0].type == HF_COLUMN_TEXT) {
        return HF_OK;
    }
    uint64_t number = 0;
    if (hf_parse_u64(first->text, 0, INT64_MAX, &number) != HF_OK) {
        return refuse(q, HF_EINVAL, "key: rows of this table are kept by a number.", err);
    }
    first->number = (int64_t)number;
    return HF_OK;
}

static enum hf_rc find_model(struct hf_store *store, struct hf_model_question *q,
                             struct hf_err *err)
{
    q->answer = hf_projection_find(hf_str_c(q->model));
    if (q->answer != NULL) {
        return HF_OK;
    }
    enum hf_rc rc = hf_promoted(store, hf_str_c(q->model), &q->answer, err);
    q->refused = rc == HF_ENOTFOUND ? rc : HF_OK;
    return rc;
}

static enum hf_rc find_table(struct hf_model_question *q, const struct hf_table_def **ret,
                             struct hf_err *err)
{
    for (unsigned i = 0; i < HF_PROJECTION_TABLES_MAX && q->answer->tables[i] != NULL; i++) {
        if (q->table[0] == '\0' || strcmp(q->answer->tables[i]->name, q->table) == 0) {
            *ret = q->answer->tables[i];
            return HF_OK;
        }
    }
    return refuse(q, HF_ENOTFOUND, "The model has no table of this name.", err);
}

static enum hf_rc scan(struct hf_store *store, struct hf_model_question *q,
                       const struct hf_table_def *table, const struct hf_scan *which,
                       struct hf_err *err)
{
    char hex[2 * HF_MODEL_CURSOR_MAX + 1];
    struct page page = {.table = table, .limit = q->limit};
    uint64_t as_of = 0;
    enum hf_rc rc = find_position(store, &as_of, err);
    hf_json_init(&page.json, &q->json);
    hf_json_object_begin(&page.json);
    hf_json_key_str(&page.json, "projection", hf_str_c(q->answer->name));
    hf_json_key_u64(&page.json, "as_of", as_of);
    hf_json_key(&page.json, HF_STR("rows"));
    hf_json_array_begin(&page.json);
    if (rc == HF_OK) {
        rc = hf_store_scan(store, page.table, which, put_row, &page, err);
    }
    hf_json_array_end(&page.json);
    if (page.rows == page.limit && !page.w.overflow) {
        hf_hex_encode(hf_writer_done(&page.w), hex);
        hf_json_key_str(&page.json, "next", hf_str_c(hex));
    }
    hf_json_object_end(&page.json);
    return rc;
}

static enum hf_rc rows(struct hf_store *store, struct hf_model_question *q, struct hf_err *err)
{
    struct hf_value first = {.number = 0};
    struct hf_value after[HF_COLUMNS_MAX] = {{.number = 0}};
    const struct hf_table_def *table = NULL;
    bool any = true;
    enum hf_rc rc = find_model(store, q, err);
    if (rc == HF_OK) {
        rc = find_table(q, &table, err);
        HF_ASSERT(rc != HF_OK || table != NULL);
    }
    if (rc == HF_OK) {
        rc = take_first(q, table, &first, &any, err);
    }
    if (rc == HF_OK && q->has_cursor &&
        !read_cursor(table, hf_bytes_of(q->cursor, q->cursor_len), after)) {
        rc = refuse(q, HF_EINVAL, "cursor: is none that this list gave; begin without one.", err);
    }
    const struct hf_scan which = {
        .first = any ? NULL : &first, .after = q->has_cursor ? after : NULL, .limit = q->limit};
    return rc == HF_OK ? scan(store, q, table, &which, err) : rc;
}

/* a digest */

static enum hf_rc digest(struct hf_store *store, struct hf_model_question *q, struct hf_err *err)
{
    enum hf_rc rc = find_model(store, q, err);
    if (rc == HF_OK) {
        rc = hf_projection_digest(store, q->answer, &q->digest, &q->rows, err);
    }
    return rc == HF_OK ? hf_store_get_position(store, q->answer->name, &q->position, err) : rc;
}

enum hf_rc hf_model_ask(struct hf_store *store, struct hf_model_question *question,
                        struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    question->refused = HF_OK;
    switch (question->kind) {
    case HF_MODEL_LIST: rc = list(store, question, err); break;
    case HF_MODEL_ROWS: rc = rows(store, question, err); break;
    case HF_MODEL_DIGEST: rc = digest(store, question, err); break;
    case HF_MODEL_POSITION: rc = find_position(store, &question->position, err); break;
    }
    return rc == HF_OK && question->json.failed != HF_OK
               ? hf_err_set(err, HF_ENOMEM, "no memory for the answer")
               : rc;
}
