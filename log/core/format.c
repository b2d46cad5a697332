/* log/core/format.c: encodes and decodes a log's records. */
#include "log/core/format.h"

#include <stdio.h>

#include "base/hex.h"
#include "base/parse.h"

#define FORMAT_VERSION 1

uint32_t hf_check32(struct hf_bytes bytes)
{
    struct hf_hash hash;
    hf_sha256(bytes, &hash);
    return hf_be32_get(hash.b);
}

void hf_identity_encode(const struct hf_identity *identity, struct hf_writer *w)
{
    char vkey[HF_VKEY_TEXT_MAX];
    (void)hf_vkey_format(&identity->vkey, vkey);
    size_t start = w->len;
    hf_writer_printf(w, "holdfast/log@v%d\nkind %s\nvkey %s\n", FORMAT_VERSION, identity->kind,
                     vkey);
    if (w->overflow) {
        return;
    }
    uint32_t check = hf_check32(hf_bytes_of(w->ptr + start, w->len - start));
    hf_writer_printf(w, "check %08x\n", (unsigned)check);
}

static bool take_field(struct hf_cursor *c, struct hf_str name, struct hf_str *ret_value)
{
    struct hf_str line;
    if (!hf_cursor_line(c, &line) || !hf_str_starts(line, name)) {
        return false;
    }
    *ret_value = (struct hf_str){line.ptr + name.len, line.len - name.len};
    return true;
}

enum hf_rc hf_identity_decode(struct hf_bytes bytes, struct hf_identity *ret, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(bytes);
    struct hf_str version = {0}, kind = {0}, vkey = {0}, check = {0};
    if (!take_field(&c, HF_STR("holdfast/log@v"), &version)) {
        return hf_err_set(
            err, HF_ECORRUPT,
            "the log's identity record is damaged; restore the folder from a backup or a mirror");
    }
    uint64_t number = 0;
    if (hf_parse_u64(version, 1, UINT32_MAX, &number) == HF_OK && number > FORMAT_VERSION) {
        return hf_err_set(err, HF_EVERSION,
                          "the log has format version %u, this program knows %d; use a newer one",
                          (unsigned)number, FORMAT_VERSION);
    }
    bool ok = take_field(&c, HF_STR("kind "), &kind) && take_field(&c, HF_STR("vkey "), &vkey);
    size_t covered = bytes.len - c.left;
    ok = ok && take_field(&c, HF_STR("check "), &check) && c.left == 0;
    uint8_t sum[4];
    size_t sum_len = 0;
    ok = ok && hf_hex_decode(check, sum, sizeof sum, &sum_len, /* ret_at= */ NULL) == HF_OK &&
         sum_len == sizeof sum && hf_be32_get(sum) == hf_check32(hf_bytes_of(bytes.ptr, covered));
    if (!ok || kind.len == 0 || kind.len >= HF_KIND_MAX) {
        return hf_err_set(
            err, HF_ECORRUPT,
            "the log's identity record is damaged; restore the folder from a backup or a mirror");
    }
    memset(ret, 0, sizeof *ret);
    memcpy(ret->kind, kind.ptr, kind.len);
    enum hf_rc rc = hf_vkey_parse(vkey, &ret->vkey, err);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, HF_ECORRUPT, "the log's identity record");
}

void hf_tip_encode(const struct hf_tip *tip, uint8_t out[HF_TIP_SIZE])
{
    hf_be64_put(out, tip->size);
    hf_be64_put(out + 8, tip->sealed);
    hf_be64_put(out + 16, tip->dropped);
    hf_be64_put(out + 24, (uint64_t)tip->committed_us);
    memcpy(out + 32, tip->root.b, HF_HASH_SIZE);
    hf_be32_put(out + 64, hf_check32(hf_bytes_of(out, 64)));
}

enum hf_rc hf_tip_decode(struct hf_bytes bytes, struct hf_tip *ret, struct hf_err *err)
{
    if (bytes.len != HF_TIP_SIZE ||
        hf_be32_get(bytes.ptr + 64) != hf_check32(hf_bytes_of(bytes.ptr, 64))) {
        return hf_err_set(err, HF_ECORRUPT,
                          "the record of the newest commit is damaged; restore the folder from a "
                          "backup or a mirror");
    }
    ret->size = hf_be64_get(bytes.ptr);
    ret->sealed = hf_be64_get(bytes.ptr + 8);
    ret->dropped = hf_be64_get(bytes.ptr + 16);
    ret->committed_us = (int64_t)hf_be64_get(bytes.ptr + 24);
    memcpy(ret->root.b, bytes.ptr + 32, HF_HASH_SIZE);
    if (ret->size > HF_VOLUME_ENTRIES << 40 || ret->sealed > ret->size >> HF_VOLUME_BITS ||
        ret->dropped > ret->sealed << HF_VOLUME_BITS) {
        return hf_err_set(err, HF_ECORRUPT, "the record of the newest commit makes no sense");
    }
    return HF_OK;
}

void hf_volume_record_encode(const struct hf_volume_record *record,
                             uint8_t out[HF_VOLUME_RECORD_SIZE])
{
    memcpy(out, record->root.b, HF_HASH_SIZE);
    hf_be64_put(out + 32, (uint64_t)record->first_us);
    hf_be64_put(out + 40, (uint64_t)record->last_us);
    hf_be32_put(out + 48, hf_check32(hf_bytes_of(out, 48)));
}

enum hf_rc hf_volume_record_decode(struct hf_bytes bytes, struct hf_volume_record *ret,
                                   struct hf_err *err)
{
    if (bytes.len != HF_VOLUME_RECORD_SIZE ||
        hf_be32_get(bytes.ptr + 48) != hf_check32(hf_bytes_of(bytes.ptr, 48))) {
        return hf_err_set(
            err, HF_ECORRUPT,
            "the volume's record is damaged; restore the folder from a backup or a mirror");
    }
    memcpy(ret->root.b, bytes.ptr, HF_HASH_SIZE);
    ret->first_us = (int64_t)hf_be64_get(bytes.ptr + 32);
    ret->last_us = (int64_t)hf_be64_get(bytes.ptr + 40);
    return HF_OK;
}

void hf_frame_header_encode(const struct hf_frame *frame, uint8_t out[HF_FRAME_HEADER_SIZE])
{
    memset(out, 0, HF_FRAME_HEADER_SIZE);
    out[0] = FORMAT_VERSION;
    hf_be32_put(out + 4, frame->count);
    hf_be64_put(out + 8, (uint64_t)frame->committed_us);
    hf_be32_put(out + 16, (uint32_t)frame->bundle.len);
    hf_be32_put(out + 20, hf_check32(hf_bytes_of(out, 20)));
}

enum hf_rc hf_frame_decode(struct hf_bytes bytes, struct hf_frame *ret, struct hf_err *err)
{
    const uint8_t *p = bytes.ptr;
    if (bytes.len < HF_FRAME_HEADER_SIZE || hf_be32_get(p + 20) != hf_check32(hf_bytes_of(p, 20))) {
        return hf_err_set(
            err, HF_ECORRUPT,
            "the frame's header is damaged; restore the folder from a backup or a mirror");
    }
    if (p[0] != FORMAT_VERSION) {
        return hf_err_set(err, HF_EVERSION, "the frame has version %u, this program knows %d", p[0],
                          FORMAT_VERSION);
    }
    if (p[1] != 0 || p[2] != 0 || p[3] != 0) {
        return hf_err_set(err, HF_ECORRUPT, "the frame's header has bytes that must be zero");
    }
    uint64_t count = hf_be32_get(p + 4);
    uint64_t bundle = hf_be32_get(p + 16);
    if (count == 0 || count > HF_VOLUME_ENTRIES ||
        HF_FRAME_HEADER_SIZE + bundle + 4 * count != bytes.len) {
        return hf_err_set(err, HF_ECORRUPT, "the frame's lengths do not add up");
    }
    *ret = (struct hf_frame){
        .count = (uint32_t)count,
        .committed_us = (int64_t)hf_be64_get(p + 8),
        .bundle = hf_bytes_of(p + HF_FRAME_HEADER_SIZE, bundle),
        .checks = hf_bytes_of(p + HF_FRAME_HEADER_SIZE + bundle, 4 * count),
    };
    return HF_OK;
}

void hf_volume_name(uint64_t number, char out[HF_VOLUME_NAME_MAX])
{
    (void)snprintf(out, HF_VOLUME_NAME_MAX, "v%010llu.mdb", (unsigned long long)number);
}
