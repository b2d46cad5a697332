/* base/http/tags.c: reads lists of entity tags. */
#include "base/http/tags.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9110 section 8.8.3: no controls, no space, no quotation mark. */
static bool is_tag_char(char c)
{
    uint8_t byte = (uint8_t)c;
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7F);
}

static void skip(struct hf_http_tags *tags, size_t len)
{
    tags->rest = (struct hf_str){tags->rest.ptr + len, tags->rest.len - len};
}

/* Goes to the next field of the name; false when there is none. */
static bool next_field(struct hf_http_tags *tags)
{
    while (++tags->field < tags->request->field_count) {
        const struct hf_http_field *field = &tags->request->fields[tags->field];
        if (hf_http_name_eq(field->name, tags->name)) {
            tags->rest = hf_bytes_str(field->value);
            return true;
        }
    }
    return false;
}

struct hf_http_tags hf_http_tags_of(const struct hf_http_request *request, const char *name)
{
    struct hf_http_tags tags = {.request = request, .name = name, .field = -1};
    tags.present = next_field(&tags);
    if (tags.present && hf_str_eq(tags.rest, HF_STR("*"))) {
        tags.rest.len = 0;
        tags.any = true;
        tags.bad = next_field(&tags);
    }
    tags.rest.len = tags.bad ? 0 : tags.rest.len;
    return tags;
}

/* Skips what may stand between two tags. */
static void skip_separators(struct hf_http_tags *tags)
{
    while (tags->rest.len > 0 && (is_space(tags->rest.ptr[0]) || tags->rest.ptr[0] == ',')) {
        skip(tags, 1);
    }
}

bool hf_http_tags_next(struct hf_http_tags *tags, struct hf_str *ret_tag, bool *ret_weak)
{
    if (!tags->present || tags->any || tags->bad) {
        return false;
    }
    skip_separators(tags);
    while (tags->rest.len == 0) {
        if (!next_field(tags)) {
            return false;
        }
        skip_separators(tags);
    }
    *ret_weak = hf_str_starts(tags->rest, HF_STR("W/\""));
    skip(tags, *ret_weak ? 2 : 0);
    size_t len = 1;
    while (len < tags->rest.len && is_tag_char(tags->rest.ptr[len])) {
        len++;
    }
    bool good = tags->rest.ptr[0] == '"' && len < tags->rest.len && tags->rest.ptr[len] == '"';
    struct hf_str tag = {tags->rest.ptr + 1, len - 1};
    skip(tags, good ? len + 1 : 0);
    while (good && tags->rest.len > 0 && is_space(tags->rest.ptr[0])) {
        skip(tags, 1);
    }
    if (!good || (tags->rest.len > 0 && tags->rest.ptr[0] != ',')) {
        tags->bad = true;
        return false;
    }
    *ret_tag = tag;
    return true;
}
