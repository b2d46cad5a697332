/* hub/model_api.c: reading the read models. */
#include <stdio.h>

#include "base/hex.h"
#include "hub/call.h"
#include "projections/digest.h"
#include "projections/promote.h"
#include "projections/row_json.h"
#include "projections/status.h"

#define ROWS       100 /* of a page, when it is not said */
#define CURSOR_MAX 256

static bool need_models(struct hf_hub_call *call)
{
    const struct hf_hub_models *models = &call->hub->models;
    char detail[HF_ERR_TEXT_MAX + 64];
    if (models->projector != NULL) {
        return true;
    }
    (void)snprintf(detail, sizeof detail, "The read models are not there now: %s",
                   models->loop == NULL          ? "its worker keeps them, not this role"
                   : models->trouble.rc == HF_OK ? "they are being opened"
                                                 : models->trouble.text);
    hf_call_problem(call, HF_PROBLEM_BUSY, detail);
    return false;
}

/* GET /v1/models */

static enum hf_rc put_model(struct hf_hub_call *call, const struct hf_projection *p,
                            struct hf_json_out *json, struct hf_err *err)
{
    struct hf_projection_status status;
    enum hf_rc rc = hf_projection_status(call->hub->models.store, p,
                                         hf_log_size(call->hub->log.log), &status, err);
    if (rc == HF_OK) {
        hf_json_object_begin(json);
        hf_projection_status_to_json(&status, json);
        hf_json_key_str(json, "about", hf_str_c(p->about));
        hf_json_object_end(json);
    }
    return rc;
}

void hf_serve_models_list(struct hf_hub_call *call)
{
    struct hf_json_out json;
    struct hf_err err = {0};
    enum hf_rc rc = HF_OK;
    if (!need_models(call)) {
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hf_hub_models_position(&call->hub->models));
    hf_json_key(&json, HF_STR("models"));
    hf_json_array_begin(&json);
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        rc = put_model(call, hf_projections[i], &json, &err);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    if (rc != HF_OK) {
        hf_buf_clear(&call->scratch);
        hf_call_refuse(call, &err);
        return;
    }
    hf_call_answer(call, 200, &call->scratch);
}

/* GET /v1/models/{model}: rows in key order. A cursor is the key of the last row: for each column a
 * number in 8 bytes, or the length in 2 and the text. */

struct page {
    const struct hf_table_def *table;
    struct hf_json_out json;
    uint64_t rows;
    uint64_t limit;
    uint8_t cursor[CURSOR_MAX];
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
static bool take_first(struct hf_hub_call *call, const struct hf_table_def *table,
                       struct hf_value *first, bool *ret_any)
{
    const struct hf_api_model_rows_query *query = &call->asked.model_rows;
    const char *bound = call->principal->life.tenant;
    bool by_tenant = strcmp(table->columns[0].name, "tenant") == 0;
    *ret_any = !query->has_key && bound[0] == '\0';
    if (bound[0] != '\0' &&
        (!by_tenant || (query->has_key && !hf_str_eq(query->key, hf_str_c(bound))))) {
        hf_call_problem(call, HF_PROBLEM_NOT_PERMITTED,
                        "You may see the rows of your tenant only.");
        return false;
    }
    struct hf_str key = bound[0] != '\0' ? hf_str_c(bound) : query->key;
    if (*ret_any || table->columns[0].type == HF_COLUMN_TEXT) {
        first->text = key;
        return true;
    }
    hf_call_problem(call, HF_PROBLEM_INVALID, "key: rows of this model are not kept by a name.");
    return false;
}

static bool find_model(struct hf_hub_call *call, const struct hf_projection **ret)
{
    struct hf_err err = {0};
    struct hf_str name = hf_call_param(call, 0);
    *ret = hf_projection_find(name);
    if (*ret == NULL && hf_promoted(call->hub->models.store, name, ret, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return false;
    }
    return true;
}

static void answer_page(struct hf_hub_call *call, const struct hf_projection *p,
                        const struct hf_scan *scan)
{
    struct hf_err err = {0};
    char hex[2 * CURSOR_MAX + 1];
    struct page page = {.table = p->tables[0], .limit = scan->limit};
    hf_json_init(&page.json, &call->scratch);
    hf_json_object_begin(&page.json);
    hf_json_key_str(&page.json, "projection", hf_str_c(p->name));
    hf_json_key_u64(&page.json, "as_of", hf_hub_models_position(&call->hub->models));
    hf_json_key(&page.json, HF_STR("rows"));
    hf_json_array_begin(&page.json);
    if (hf_store_scan(call->hub->models.store, page.table, scan, put_row, &page, &err) != HF_OK) {
        hf_buf_clear(&call->scratch);
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_array_end(&page.json);
    if (page.rows == page.limit && !page.w.overflow) {
        hf_hex_encode(hf_writer_done(&page.w), hex);
        hf_json_key_str(&page.json, "next", hf_str_c(hex));
    }
    hf_json_object_end(&page.json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_serve_model_rows(struct hf_hub_call *call)
{
    const struct hf_api_model_rows_query *query = &call->asked.model_rows;
    const struct hf_projection *p = NULL;
    struct hf_value first = {.number = 0};
    struct hf_value after[HF_COLUMNS_MAX] = {{.number = 0}};
    bool any = true;
    if (!need_models(call) || !find_model(call, &p) ||
        !take_first(call, p->tables[0], &first, &any)) {
        return;
    }
    if (query->has_cursor && !read_cursor(p->tables[0], query->cursor, after)) {
        hf_call_problem(call, HF_PROBLEM_INVALID,
                        "cursor: is none that this list gave; begin without one.");
        return;
    }
    const struct hf_scan scan = {.first = any ? NULL : &first,
                                 .after = query->has_cursor ? after : NULL,
                                 .limit = query->has_limit ? query->limit : ROWS};
    answer_page(call, p, &scan);
}

/* POST /v1/models/{model}/digest */

void hf_call_answer_digest(struct hf_hub_call *call)
{
    struct hf_event_projection_digest event;
    struct hf_json_out json;
    struct hf_err err = {0};
    struct hf_bytes payload = hf_bytes_of(call->payload, call->payload_len);
    if (hf_event_projection_digest_decode(payload, &event, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_event_projection_digest_to_json(&event, &json);
    hf_call_answer(call, 201, &call->scratch);
}

static void post_digest(struct hf_hub_call *call, const struct hf_event_projection_digest *event)
{
    char stream[96];
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_projection_digest_encode(event, &w);
    call->payload_len = w.len;
    (void)snprintf(stream, sizeof stream, "projection/%.*s", HF_STR_ARG(event->projection));
    const struct hf_hub_event post = {.type = HF_EVENT_PROJECTION_DIGEST_NAME,
                                      .schema_version = HF_EVENT_PROJECTION_DIGEST_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    hf_call_post(call, &post, hf_call_answer_digest);
}

/* What the model is at its position becomes an event: whoever replays the log can be held against
 * it, and the Hub against whoever does. */
void hf_serve_model_digest(struct hf_hub_call *call)
{
    const struct hf_projection *p = NULL;
    struct hf_event_projection_digest event = {.rows = 0};
    struct hf_hash digest;
    struct hf_err err = {0};
    if (!need_models(call) || !find_model(call, &p)) {
        return;
    }
    struct hf_store *store = call->hub->models.store;
    enum hf_rc rc = hf_projection_digest(store, p, &digest, &event.rows, &err);
    if (rc == HF_OK) {
        rc = hf_store_get_position(store, p->name, &event.position, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    event.projection = hf_str_c(p->name);
    event.digest = hf_bytes_of(digest.b, HF_HASH_SIZE);
    post_digest(call, &event);
}

/* The same by the worker, whose read models the Hub does not see. */
void hf_serve_worker_digest(struct hf_hub_call *call)
{
    const struct hf_api_worker_digest *in = &call->in.worker_digest;
    const struct hf_event_projection_digest event = {.projection = in->projection,
                                                     .position = in->position,
                                                     .rows = in->rows,
                                                     .digest = in->digest};
    if (hf_projection_find(in->projection) == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no such read model in this release.");
        return;
    }
    if (in->position > hf_log_size(call->hub->log.log)) {
        hf_call_problem(call, HF_PROBLEM_INVALID, "position: is behind the log's end.");
        return;
    }
    post_digest(call, &event);
}
