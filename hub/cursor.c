/* hub/cursor.c: makes and opens cursors. */
#include "hub/cursor.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"

#define VERSION 1

static void write_head(const struct hf_hub *hub, struct hf_str list, struct hf_str name,
                       uint8_t out[HF_CURSOR_HEAD])
{
    struct hf_sha256_state state;
    struct hf_hash hash;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES("holdfast/cursor/v1\n"));
    hf_sha256_update(&state, hf_bytes_of(hub->cursor_key.b, HF_HASH_SIZE));
    hf_sha256_update(&state, hf_str_bytes(list));
    hf_sha256_update(&state, HF_BYTES("\n"));
    hf_sha256_update(&state, hf_str_bytes(name));
    hf_sha256_end(&state, &hash);
    out[0] = VERSION;
    memcpy(out + 1, hash.b, HF_CURSOR_HEAD - 1);
}

void hf_cursor_format(const struct hf_hub *hub, struct hf_str list, struct hf_str name,
                      char out[HF_CURSOR_TEXT])
{
    uint8_t bytes[HF_CURSOR_MAX];
    HF_ASSERT(name.len <= sizeof bytes - HF_CURSOR_HEAD);
    write_head(hub, list, name, bytes);
    memcpy(bytes + HF_CURSOR_HEAD, name.ptr, name.len);
    hf_hex_encode(hf_bytes_of(bytes, HF_CURSOR_HEAD + name.len), out);
}

enum hf_rc hf_cursor_open(const struct hf_hub *hub, struct hf_str list, struct hf_bytes cursor,
                          struct hf_str *ret_name, struct hf_err *err)
{
    uint8_t head[HF_CURSOR_HEAD];
    if (cursor.len > HF_CURSOR_HEAD && cursor.len <= HF_CURSOR_MAX) {
        struct hf_str name =
            hf_bytes_str(hf_bytes_of(cursor.ptr + HF_CURSOR_HEAD, cursor.len - HF_CURSOR_HEAD));
        write_head(hub, list, name, head);
        if (hf_equal_secret(hf_bytes_of(head, sizeof head), hf_bytes_of(cursor.ptr, sizeof head))) {
            *ret_name = name;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL,
                      "cursor: is not one that this list gave with these filters; begin again "
                      "without it");
}

void hf_cursor_put_next(struct hf_hub_call *call, struct hf_json_out *json, const char *target,
                        struct hf_str list, struct hf_str last)
{
    char cursor[HF_CURSOR_TEXT];
    char link[HF_CURSOR_TEXT + 256];
    hf_cursor_format(call->hub, list, last, cursor);
    hf_json_key_str(json, "next", hf_str_c(cursor));
    int len = snprintf(link, sizeof link, "<%s&cursor=%s>; rel=\"next\"", target, cursor);
    HF_ASSERT(len > 0 && (size_t)len < sizeof link);
    hf_http_add_field(call->exchange, "Link", (struct hf_str){link, (size_t)len});
}
