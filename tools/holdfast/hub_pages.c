/* tools/holdfast/hub_pages.c: a list of the Hub, page by page. */
#include <stdio.h>
#include <string.h>

#include "tools/holdfast/hub_call.h"

#define PAGES_MAX  100000 /* of 1,000 each: a Hub that goes on for ever is refused */
#define CURSOR_MAX 512
#define DEPTH_MAX  16 /* of a value that is copied; answers are not half as deep */

/* One page of at most `limit` items, behind the cursor unless that is empty. */
static enum hf_rc ask_page(struct hf_hub_session *session, const char *path, uint64_t limit,
                           struct hf_str cursor, const struct hf_json **ret_page,
                           struct hf_err *err)
{
    char url[1024];
    (void)snprintf(url, sizeof url, "%s%climit=%llu%s%.*s", path,
                   strchr(path, '?') == NULL ? '?' : '&', (unsigned long long)limit,
                   cursor.len > 0 ? "&cursor=" : "", HF_STR_ARG(cursor));
    return hf_hub_ask(session, "GET", url, (struct hf_bytes){NULL, 0}, ret_page, err);
}

enum hf_rc hf_hub_pages(struct hf_hub_session *session, const char *path, hf_hub_page_fn *take,
                        void *arg, struct hf_err *err)
{
    const struct hf_json *page = NULL;
    struct hf_str next = HF_STR("");
    enum hf_rc rc = HF_OK;
    for (unsigned pages = 0; rc == HF_OK && (pages == 0 || next.len > 0); pages++) {
        if (next.len > CURSOR_MAX || pages == PAGES_MAX) {
            return hf_err_set(err, HF_EIO, "the Hub's list does not end");
        }
        rc = ask_page(session, path, 1000, next, &page, err);
        if (rc == HF_OK) {
            rc = take(arg, page, err);
            next = hf_json_get_str(page, "next");
        }
    }
    return rc;
}

/* What is deeper than answers are, and fractions, which they do not have, come out as null. */
static void copy(struct hf_json_out *json, const struct hf_json *value, unsigned depth)
{
    enum hf_json_kind kind = depth > DEPTH_MAX ? HF_JSON_NULL : hf_json_kind(value);
    switch (kind) {
    case HF_JSON_NULL:
    case HF_JSON_REAL: hf_json_null(json); break;
    case HF_JSON_BOOL: hf_json_bool(json, hf_json_as_bool(value)); break;
    case HF_JSON_INT: hf_json_i64(json, hf_json_as_i64(value)); break;
    case HF_JSON_STR: hf_json_str(json, hf_json_as_str(value)); break;
    case HF_JSON_OBJECT:
        hf_json_object_begin(json);
        for (size_t i = 0; i < hf_json_count(value); i++) {
            struct hf_str key;
            const struct hf_json *inner = hf_json_member(value, i, &key);
            hf_json_key(json, key);
            copy(json, inner, depth + 1);
        }
        hf_json_object_end(json);
        break;
    case HF_JSON_ARRAY:
        hf_json_array_begin(json);
        for (size_t i = 0; i < hf_json_count(value); i++) {
            copy(json, hf_json_at(value, i), depth + 1);
        }
        hf_json_array_end(json);
        break;
    }
}

void hf_hub_copy_json(struct hf_json_out *json, const struct hf_json *value)
{
    copy(json, value, 0);
}

/* Everything but the list itself and its cursor, of the last page. */
static void copy_rest(struct hf_hub_listing *listing, const struct hf_json *page)
{
    for (size_t i = 0; i < hf_json_count(page); i++) {
        struct hf_str key;
        const struct hf_json *value = hf_json_member(page, i, &key);
        if (!hf_str_eq(key, hf_str_c(listing->as->list))) {
            hf_json_key(&listing->json, key);
            hf_hub_copy_json(&listing->json, value);
        }
    }
}

static enum hf_rc take_page(void *arg, const struct hf_json *page, struct hf_err *err)
{
    struct hf_hub_listing *listing = arg;
    const struct hf_json *items = hf_json_get_kind(page, listing->as->list, HF_JSON_ARRAY);
    if (items == NULL) {
        return hf_err_set(err, HF_EIO, "the Hub's answer has no list of %s", listing->as->list);
    }
    for (size_t i = 0; i < hf_json_count(items); i++) {
        if (listing->as_json) {
            hf_hub_copy_json(&listing->json, hf_json_at(items, i));
        } else {
            listing->as->add_rows(&listing->table, page, hf_json_at(items, i));
        }
    }
    listing->cut = listing->as->most > 0 && hf_json_get(page, "next") != NULL;
    listing->total = listing->as->total == NULL ? 0 : hf_json_get_u64(page, listing->as->total);
    if (listing->as_json && (listing->cut || hf_json_get(page, "next") == NULL)) {
        hf_json_array_end(&listing->json);
        copy_rest(listing, page);
    }
    return HF_OK;
}

enum hf_rc hf_hub_listing_gather(struct hf_hub_session *session, const char *path,
                                 const struct hf_hub_table *as, bool as_json,
                                 struct hf_hub_listing *ret_listing, struct hf_err *err)
{
    struct hf_hub_listing *listing = ret_listing;
    *listing = (struct hf_hub_listing){.as = as, .as_json = as_json, .text = hf_buf_init(1u << 30)};
    hf_table_init(&listing->table, as->columns, as->column_count);
    hf_json_init(&listing->json, &listing->text);
    hf_json_object_begin(&listing->json);
    hf_json_key(&listing->json, hf_str_c(as->list));
    hf_json_array_begin(&listing->json);
    enum hf_rc rc = HF_OK;
    if (as->most == 0) {
        rc = hf_hub_pages(session, path, take_page, listing, err);
    } else {
        const struct hf_json *page = NULL;
        rc = ask_page(session, path, as->most, HF_STR(""), &page, err);
        rc = rc == HF_OK ? take_page(listing, page, err) : rc;
    }
    if (rc == HF_OK && as_json) {
        hf_json_object_end(&listing->json);
        rc = listing->text.failed == HF_OK
                 ? HF_OK
                 : hf_err_set(err, listing->text.failed, "no memory for the list");
    }
    return rc;
}

enum hf_rc hf_hub_listing_print(struct hf_cli *cli, struct hf_hub_listing *listing,
                                struct hf_err *err)
{
    if (!listing->as_json) {
        enum hf_rc rc = hf_table_write(&listing->table, cli->out, err);
        if (rc == HF_OK && listing->cut && listing->total > 0) {
            hf_cli_printf(cli, "the first %llu of %llu\n", (unsigned long long)listing->as->most,
                          (unsigned long long)listing->total);
        } else if (rc == HF_OK && listing->cut) {
            hf_cli_printf(cli, "the first %llu; there are more\n",
                          (unsigned long long)listing->as->most);
        }
        return rc;
    }
    hf_cli_line(cli, &listing->text);
    return HF_OK;
}

void hf_hub_listing_free(struct hf_hub_listing *listing)
{
    hf_table_free(&listing->table);
    hf_buf_free(&listing->text);
}

int hf_hub_list_command(struct hf_cli *cli, const char *path, const struct hf_hub_table *as)
{
    struct hf_hub_session session;
    struct hf_hub_listing listing = {.as = NULL};
    struct hf_err err = {0};
    enum hf_rc rc = hf_hub_session_open(&session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_hub_listing_gather(&session, path, as, cli->json, &listing, &err);
    }
    if (rc == HF_OK) {
        rc = hf_hub_listing_print(cli, &listing, &err);
    }
    hf_hub_listing_free(&listing);
    hf_hub_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}
