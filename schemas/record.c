/* schemas/record.c: walks a table, and a struct beside it. */
#include "schemas/record.h"

#include <stdio.h>

#include "base/assert.h"
#include "schemas/pack.h"
#include "schemas/unpack.h"

static unsigned count_of(const struct hf_record_field *field, const uint8_t *from)
{
    unsigned count = 0;
    memcpy(&count, from + field->count_at, sizeof count);
    return count;
}

/* encoding */

static void encode_number(const struct hf_record_field *field, const uint8_t *at,
                          struct hf_writer *w)
{
    uint64_t wide = 0;
    int64_t signed_wide = 0;
    uint32_t narrow = 0;
    bool truth = false;
    switch (field->kind) {
    case HF_RECORD_U64:
        memcpy(&wide, at, sizeof wide);
        hf_pack_u64(w, wide);
        break;
    case HF_RECORD_I64:
        memcpy(&signed_wide, at, sizeof signed_wide);
        hf_pack_i64(w, signed_wide);
        break;
    case HF_RECORD_U32:
        memcpy(&narrow, at, sizeof narrow);
        HF_ASSERT(narrow <= field->max);
        hf_pack_u64(w, narrow);
        break;
    case HF_RECORD_BOOL:
        memcpy(&truth, at, sizeof truth);
        hf_pack_bool(w, truth);
        break;
    case HF_RECORD_TEXT:
    case HF_RECORD_BYTES:
    case HF_RECORD_BLOB:
    case HF_RECORD_LIST: HF_ASSERT(false);
    }
}

static void encode_fields(const struct hf_record *record, const uint8_t *from, struct hf_writer *w);

// NOLINTNEXTLINE(misc-no-recursion): a list's elements hold no lists
static void encode_field(const struct hf_record_field *field, const uint8_t *from,
                         struct hf_writer *w)
{
    const uint8_t *at = from + field->offset;
    if (field->kind == HF_RECORD_TEXT) {
        hf_pack_str(w, (struct hf_str){(const char *)at, strnlen((const char *)at, field->size)});
    } else if (field->kind == HF_RECORD_BYTES) {
        hf_pack_bin(w, hf_bytes_of(at, field->size));
    } else if (field->kind == HF_RECORD_BLOB) {
        HF_ASSERT(count_of(field, from) <= field->size);
        hf_pack_bin(w, hf_bytes_of(at, count_of(field, from)));
    } else if (field->kind == HF_RECORD_LIST) {
        unsigned count = count_of(field, from);
        HF_ASSERT(count <= field->max);
        hf_pack_array(w, count);
        for (unsigned i = 0; i < count; i++) {
            encode_fields(field->of, at + i * field->of->size, w);
        }
    } else {
        encode_number(field, at, w);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): a list's elements hold no lists
static void encode_fields(const struct hf_record *record, const uint8_t *from, struct hf_writer *w)
{
    hf_pack_map(w, record->count);
    for (size_t i = 0; i < record->count; i++) {
        hf_pack_str(w, hf_str_c(record->fields[i].name));
        encode_field(&record->fields[i], from, w);
    }
}

void hf_record_encode(const struct hf_record *record, const void *from, struct hf_writer *w)
{
    encode_fields(record, from, w);
}

/* decoding */

static bool decode_number(const struct hf_record_field *field, struct hf_unpack *u, uint8_t *at)
{
    uint64_t wide = 0;
    int64_t signed_wide = 0;
    bool truth = false;
    if (field->kind == HF_RECORD_I64) {
        bool good = hf_unpack_i64(u, &signed_wide);
        memcpy(at, &signed_wide, sizeof signed_wide);
        return good;
    }
    if (field->kind == HF_RECORD_BOOL) {
        bool good = hf_unpack_bool(u, &truth);
        memcpy(at, &truth, sizeof truth);
        return good;
    }
    bool good = hf_unpack_u64(u, &wide);
    if (field->kind == HF_RECORD_U64) {
        memcpy(at, &wide, sizeof wide);
        return good;
    }
    uint32_t narrow = (uint32_t)wide;
    memcpy(at, &narrow, sizeof narrow);
    return good && wide <= field->max;
}

static bool decode_bytes(const struct hf_record_field *field, struct hf_unpack *u, uint8_t *ret)
{
    uint8_t *at = ret + field->offset;
    struct hf_bytes bytes = {NULL, 0};
    struct hf_str text = {NULL, 0};
    if (field->kind == HF_RECORD_TEXT) {
        if (!hf_unpack_str(u, &text) || text.len >= field->size ||
            (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)) {
            return false;
        }
        bytes = hf_str_bytes(text);
    } else if (!hf_unpack_bin(u, &bytes) || bytes.len > field->size ||
               (field->kind == HF_RECORD_BYTES && bytes.len != field->size)) {
        return false;
    }
    memcpy(at, bytes.len == 0 ? (const uint8_t *)"" : bytes.ptr, bytes.len);
    if (field->kind == HF_RECORD_BLOB) {
        unsigned count = (unsigned)bytes.len;
        memcpy(ret + field->count_at, &count, sizeof count);
    }
    return true;
}

static bool decode_fields(const struct hf_record *record, struct hf_unpack *u, uint8_t *ret);

// NOLINTNEXTLINE(misc-no-recursion): a list's elements hold no lists
static bool decode_list(const struct hf_record_field *field, struct hf_unpack *u, uint8_t *ret)
{
    size_t count = 0;
    if (!hf_unpack_array(u, &count) || count > field->max) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!decode_fields(field->of, u, ret + field->offset + i * field->of->size)) {
            return false;
        }
    }
    unsigned kept = (unsigned)count;
    memcpy(ret + field->count_at, &kept, sizeof kept);
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion): a list's elements hold no lists
static bool decode_fields(const struct hf_record *record, struct hf_unpack *u, uint8_t *ret)
{
    size_t count = 0;
    bool good = hf_unpack_map(u, &count) && count == record->count;
    for (size_t i = 0; good && i < record->count; i++) {
        const struct hf_record_field *field = &record->fields[i];
        struct hf_str name;
        good = hf_unpack_str(u, &name) && hf_str_eq(name, hf_str_c(field->name));
        if (good && field->kind == HF_RECORD_LIST) {
            good = decode_list(field, u, ret);
        } else if (good && (field->kind == HF_RECORD_TEXT || field->kind == HF_RECORD_BYTES ||
                            field->kind == HF_RECORD_BLOB)) {
            good = decode_bytes(field, u, ret);
        } else if (good) {
            good = decode_number(field, u, ret + field->offset);
        }
    }
    return good;
}

enum hf_rc hf_record_decode(const struct hf_record *record, struct hf_bytes bytes, void *ret,
                            struct hf_err *err)
{
    struct hf_unpack u = hf_unpack_init(bytes);
    memset(ret, 0, record->size);
    return decode_fields(record, &u, ret) && hf_unpack_left(&u) == 0
               ? HF_OK
               : hf_err_set(err, HF_EINVAL, "a record that is not of its table");
}

/* telling tables apart */

// NOLINTNEXTLINE(misc-no-recursion): a list's elements hold no lists
void hf_record_fingerprint(const struct hf_record *record, struct hf_sha256_state *state)
{
    for (size_t i = 0; i < record->count; i++) {
        const struct hf_record_field *field = &record->fields[i];
        char line[128];
        int len = snprintf(line, sizeof line, "%s %d %zu %u\n", field->name, (int)field->kind,
                           field->kind == HF_RECORD_LIST ? 0 : field->size, field->max);
        HF_ASSERT(len > 0 && (size_t)len < sizeof line);
        hf_sha256_update(state, hf_bytes_of(line, (size_t)len));
        if (field->of != NULL) {
            hf_record_fingerprint(field->of, state);
        }
    }
    hf_sha256_update(state, HF_BYTES(".\n"));
}
