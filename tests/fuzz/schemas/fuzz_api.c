/* tests/fuzz/schemas/fuzz_api.c: a request is taken, or refused with a reason, however spelled.
 *
 * The first line is the target, the rest the body. A query that is taken is taken the same when
 * every byte of it is percent-encoded. */
#include "base/assert.h"
#include "base/buf.h"
#include "schemas/api_gen.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct taken {
    struct hf_arena arena;
    struct hf_json_doc *doc;
    union hf_api_query values;
};

static enum hf_rc take(const struct hf_api_operation *op, struct hf_str query, struct taken *taken)
{
    struct hf_err err = {0};
    *taken = (struct taken){.doc = NULL};
    hf_arena_init(&taken->arena, HF_API_BODY_MAX);
    enum hf_rc rc = hf_api_take_query(op, query, &taken->arena, &taken->doc, &taken->values, &err);
    HF_ASSERT(rc == HF_OK || (rc == HF_EINVAL && err.text[0] != '\0'));
    return rc;
}

static void drop(struct taken *taken)
{
    hf_json_free(taken->doc);
    hf_arena_fini(&taken->arena);
}

/* The separators stay, each other byte becomes an escape. */
static void encode(struct hf_str query, struct hf_buf *out)
{
    bool in_value = false;
    for (size_t i = 0; i < query.len; i++) {
        char c = query.ptr[i];
        if (c == '%') {
            hf_buf_put(out, query.ptr + i, 3);
            i += 2;
        } else if (c == '&' || (c == '=' && !in_value)) {
            hf_buf_put(out, &c, 1);
            in_value = c == '=';
        } else {
            hf_buf_printf(out, "%%%02x", (unsigned)(uint8_t)c);
        }
    }
}

static void check_query(const struct hf_api_operation *op, struct hf_str query)
{
    struct taken first;
    struct taken second;
    struct hf_buf text = hf_buf_init(1u << 20);
    if (take(op, query, &first) == HF_OK && 3 * query.len < HF_API_QUERY_MAX) {
        encode(query, &text);
        HF_ASSERT(take(op, hf_bytes_str(hf_buf_bytes(&text)), &second) == HF_OK);
        if (first.doc != NULL) {
            const struct hf_json *a = hf_json_root(first.doc);
            const struct hf_json *b = hf_json_root(second.doc);
            HF_ASSERT(hf_json_count(a) == hf_json_count(b));
            for (size_t i = 0; i < hf_json_count(a); i++) {
                struct hf_str name_a;
                struct hf_str name_b;
                struct hf_str value_a = hf_json_as_str(hf_json_member(a, i, &name_a));
                struct hf_str value_b = hf_json_as_str(hf_json_member(b, i, &name_b));
                HF_ASSERT(hf_str_eq(name_a, name_b) && hf_str_eq(value_a, value_b));
            }
        }
        drop(&second);
    }
    drop(&first);
    hf_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_api_path path;
    const char *newline = size == 0 ? NULL : memchr(data, '\n', size);
    size_t len = newline == NULL ? size : (size_t)(newline - (const char *)data);
    if (!hf_api_split((struct hf_str){(const char *)data, len}, &path)) {
        return 0;
    }
    for (size_t i = 0; i < HF_API_COUNT; i++) {
        const struct hf_api_operation *op = &hf_api_operations[i];
        bool known = false;
        if (hf_api_find(&path, hf_str_c(op->method), &known) == op) {
            struct hf_err err = {0};
            struct taken body = {.doc = NULL};
            union hf_api_in values;
            HF_ASSERT(known);
            hf_arena_init(&body.arena, HF_API_BODY_MAX);
            (void)hf_api_check_params(op, &path, &err);
            enum hf_rc rc =
                hf_api_take_body(op,
                                 newline == NULL ? (struct hf_bytes){NULL, 0}
                                                 : hf_bytes_of(data + len + 1, size - len - 1),
                                 &body.arena, &body.doc, &values, &err);
            HF_ASSERT(rc == HF_OK || err.text[0] != '\0');
            drop(&body);
        }
    }
    for (size_t i = 0; i < HF_API_COUNT; i++) {
        check_query(&hf_api_operations[i], path.query);
    }
    return 0;
}
