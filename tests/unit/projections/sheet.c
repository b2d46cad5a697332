/* tests/unit/projections/sheet.c: shows events to a projection and prints its tables. */
#include "tests/unit/projections/sheet.h"

#include <string.h>

#include "base/json_in.h"
#include "log/event/codec.h"
#include "projections/fold.h"
#include "projections/sqlite/store_sqlite.h"

void sheet_begin(struct sheet *s, const struct hf_projection *projection)
{
    struct hf_err err = {0};
    *s = (struct sheet){.projection = projection};
    HF_CHECK_OK(hf_store_sqlite_open("", &s->store, &err), err);
    for (int i = 0; i < HF_PROJECTION_TABLES_MAX && projection->tables[i] != NULL; i++) {
        HF_CHECK_OK(hf_store_create(s->store, projection->tables[i], &err), err);
    }
}

void sheet_show(struct sheet *s, const struct step *step)
{
    struct hf_err err = {0};
    struct hf_json_doc *doc = NULL;
    struct hf_envelope event;
    struct hf_buf text = hf_buf_init(1u << 16);
    uint8_t bytes[8192];
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_buf_printf(&text, "{\"type\":\"%s\",\"producer\":\"p\",\"sequence\":1,\"actor\":\"jo\",",
                  step->type);
    hf_buf_printf(&text, "\"payload\":%s}", step->payload);
    enum hf_rc rc = hf_json_parse(hf_buf_bytes(&text), &doc, &err);
    hf_buf_free(&text);
    HF_CHECK_OK(rc, err);
    int64_t occurred = step->occurred != 0 ? step->occurred : step->second;
    rc = hf_event_from_json(hf_json_root(doc), DAY_US + occurred * 1000000, &w, &err);
    hf_json_free(doc);
    HF_CHECK_OK(rc, err);
    HF_CHECK_OK(hf_envelope_parse_submission(hf_writer_done(&w), &event, &err), err);
    event.recorded_us = DAY_US + step->second * 1000000;
    event.schema_version = step->version == 0 ? event.schema_version : step->version;
    const struct hf_position position = {.index = s->index++,
                                         .offset = step->segment != NULL ? 1 : 0,
                                         .recorded_us = event.recorded_us,
                                         .tenant = step->segment != NULL ? hf_str_c(step->segment)
                                                                         : HF_STR("")};
    rc = s->projection->apply(s->store, &position, &event, &err);
    if (rc != step->rc) {
        hf_test_fail(__FILE__, __LINE__, "%s %s: %s %s", step->type, step->payload, hf_rc_name(rc),
                     err.text);
    }
}

struct printed {
    const struct hf_table_def *table;
    struct hf_buf text;
};

/* Values between bars, times as seconds of the day ("-": none), of a key its first character. */
static enum hf_rc print_row(void *arg, const struct hf_value *row)
{
    struct printed *p = arg;
    for (unsigned i = 0; i < hf_table_columns(p->table); i++) {
        const char *name = p->table->columns[i].name;
        const char *bar = i == 0 ? "" : "|";
        bool key = strcmp(name, "agent_key") == 0;
        if (p->table->columns[i].type == HF_COLUMN_TEXT) {
            hf_buf_printf(&p->text, "%s%.*s", bar,
                          (int)(key && row[i].text.len > 1 ? 1 : row[i].text.len), row[i].text.ptr);
        } else if (strcmp(name + strlen(name) - 3, "_us") != 0) {
            hf_buf_printf(&p->text, "%s%lld", bar, (long long)row[i].number);
        } else if (row[i].number == 0) {
            hf_buf_printf(&p->text, "%s-", bar);
        } else {
            hf_buf_printf(&p->text, "%s%lld", bar, (long long)(row[i].number - DAY_US) / 1000000);
        }
    }
    hf_buf_put(&p->text, "\n", 1);
    return HF_OK;
}

void sheet_check(struct sheet *s, int number, const char *wanted)
{
    static const struct hf_scan all;
    struct hf_err err = {0};
    struct printed p = {.table = s->projection->tables[number], .text = hf_buf_init(1u << 16)};
    HF_CHECK_OK(hf_store_scan(s->store, p.table, &all, print_row, &p, &err), err);
    if (!hf_str_eq(hf_bytes_str(hf_buf_bytes(&p.text)), hf_str_c(wanted))) {
        hf_test_fail(__FILE__, __LINE__, "%s:\n%.*s\nnot\n%s", p.table->name, (int)p.text.len,
                     (const char *)p.text.ptr, wanted);
    }
    hf_buf_free(&p.text);
}

void sheet_play(struct sheet *s, const struct hf_projection *projection, const struct step *steps,
                size_t count)
{
    sheet_begin(s, projection);
    for (size_t i = 0; i < count && !hf_test_failed(); i++) {
        sheet_show(s, &steps[i]);
    }
}

void sheet_end(struct sheet *s)
{
    hf_store_close(s->store);
}
