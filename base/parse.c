/* base/parse.c: strict numbers, sizes and times. */
#include "base/parse.h"

#include <stdio.h>

#include "base/calendar.h"

/* Digits into a number; HF_ESYNTAX, HF_ERANGE on overflow. */
static enum hf_rc digits(struct hf_str text, uint64_t *ret)
{
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0')) {
        return HF_ESYNTAX;
    }
    uint64_t value = 0;
    bool too_big = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c < '0' || c > '9') {
            return HF_ESYNTAX;
        }
        too_big = too_big || __builtin_mul_overflow(value, 10, &value) ||
                  __builtin_add_overflow(value, (uint64_t)(c - '0'), &value);
    }
    *ret = value;
    return too_big ? HF_ERANGE : HF_OK;
}

enum hf_rc hf_parse_u64(struct hf_str text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t value = 0;
    enum hf_rc rc = digits(text, &value);
    if (rc == HF_OK && (value < min || value > max)) {
        rc = HF_ERANGE;
    }
    if (rc == HF_OK) {
        *ret = value;
    }
    return rc;
}

enum hf_rc hf_parse_i64(struct hf_str text, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t size = 0;
    struct hf_str rest = {text.ptr + negative, text.len - negative};
    enum hf_rc rc = digits(rest, &size);
    if (rc != HF_OK) {
        return rc;
    }
    if (negative && size == 0) {
        return HF_ESYNTAX;
    }
    if (size > (uint64_t)INT64_MAX + negative) {
        return HF_ERANGE;
    }
    int64_t value = negative ? (int64_t)(0 - size) : (int64_t)size;
    if (value < min || value > max) {
        return HF_ERANGE;
    }
    *ret = value;
    return HF_OK;
}

enum hf_rc hf_parse_size(struct hf_str text, uint64_t *ret_bytes)
{
    static const char units[] = "KMGT";
    unsigned shift = 0;
    const char *unit =
        text.len == 0 ? NULL : memchr(units, text.ptr[text.len - 1], sizeof units - 1);
    if (unit != NULL) {
        shift = 10 * (unsigned)(unit - units + 1);
        text.len--;
    }
    uint64_t value = 0;
    enum hf_rc rc = digits(text, &value);
    if (rc == HF_OK && value > UINT64_MAX >> shift) {
        rc = HF_ERANGE;
    }
    if (rc == HF_OK) {
        *ret_bytes = value << shift;
    }
    return rc;
}

bool hf_parse_pair(struct hf_str *io_text, struct hf_str key, struct hf_str *ret_value)
{
    if (!hf_str_starts(*io_text, key)) {
        return false;
    }
    const char *begin = io_text->ptr + key.len;
    size_t left = io_text->len - key.len;
    const char *comma = left == 0 ? NULL : memchr(begin, ',', left);
    ret_value->ptr = begin;
    ret_value->len = comma == NULL ? left : (size_t)(comma - begin);
    size_t taken = key.len + ret_value->len + (comma == NULL ? 0 : 1);
    if (comma != NULL && taken == io_text->len) {
        return false; /* nothing follows the comma */
    }
    *io_text = (struct hf_str){io_text->ptr + taken, io_text->len - taken};
    return true;
}

static bool field(struct hf_str text, size_t at, size_t len, uint64_t max, int64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = at; i < at + len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        value = 10 * value + (uint64_t)(text.ptr[i] - '0');
    }
    *ret = (int64_t)value;
    return value <= max;
}

static bool fraction(struct hf_str text, int64_t *ret_us)
{
    *ret_us = 0;
    if (text.len == 20) {
        return true;
    }
    size_t count = text.len - 21;
    if (text.ptr[19] != '.' || count < 1 || count > 6 || !field(text, 20, count, 999999, ret_us)) {
        return false;
    }
    for (; count < 6; count++) {
        *ret_us *= 10;
    }
    return true;
}

enum hf_rc hf_parse_time_us(struct hf_str text, int64_t *ret_us)
{
    static const char shape[] = "0000-00-00T00:00:00";
    int64_t year, month, day, hour, minute, second, us;
    if (text.len < 20 || text.len > 27 || text.len == 21 || text.ptr[text.len - 1] != 'Z') {
        return HF_ESYNTAX;
    }
    for (size_t i = 0; i < 19; i++) {
        if (shape[i] != '0' && shape[i] != text.ptr[i]) {
            return HF_ESYNTAX;
        }
    }
    if (!field(text, 0, 4, 9999, &year) || !field(text, 5, 2, 12, &month) ||
        !field(text, 8, 2, 31, &day) || !field(text, 11, 2, 23, &hour) ||
        !field(text, 14, 2, 59, &minute) || !field(text, 17, 2, 59, &second) ||
        !fraction(text, &us)) {
        return HF_ESYNTAX;
    }
    if (year < 1970 || month < 1 || day < 1) {
        return HF_ERANGE;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    static const int8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (day > lengths[month - 1] + (month == 2 && leap)) {
        return HF_ERANGE;
    }
    const struct hf_date date = {year, month, day};
    *ret_us = (((hf_date_days(&date) * 24 + hour) * 60 + minute) * 60 + second) * 1000000 + us;
    return HF_OK;
}

void hf_format_time_us(int64_t us, char out[HF_TIME_TEXT])
{
    const int64_t last = INT64_C(253402300799999999); /* 9999-12-31T23:59:59.999999Z */
    us = us < 0 ? 0 : us > last ? last : us;
    int64_t seconds = us / 1000000;
    struct hf_date date = hf_date_of_days(seconds / 86400);
    int64_t rest = seconds % 86400;
    char text[64];
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)date.year,
                   (int)date.month, (int)date.day, (int)(rest / 3600), (int)(rest / 60 % 60),
                   (int)(rest % 60), (int)(us % 1000000));
    memcpy(out, text, HF_TIME_TEXT - 1);
    out[HF_TIME_TEXT - 1] = '\0';
}
