/* base/parse.h: numbers, times and sizes from text, whole input or nothing. */
#ifndef HF_BASE_PARSE_H
#define HF_BASE_PARSE_H

#include "base/bytes.h"

/* Decimal digits only: no sign, no space, no leading zero but "0" itself. HF_ESYNTAX, or
 * HF_ERANGE outside of [min, max]. */
enum hf_rc hf_parse_u64(struct hf_str text, uint64_t min, uint64_t max, uint64_t *ret);
/* The same with an optional '-'. "-0" is not a number. */
enum hf_rc hf_parse_i64(struct hf_str text, int64_t min, int64_t max, int64_t *ret);

/* Bytes with an optional K, M, G, T (powers of 1024): "64M". */
enum hf_rc hf_parse_size(struct hf_str text, uint64_t *ret_bytes);

/* Cuts "KEY" and the value behind it, up to a comma or the end, off the begin of *io_text: with the
 * keys "a=" and "b=" in turn, "a=1,b=2" gives 1 and 2. False, and nothing is cut, when it does not
 * begin with the key, or when nothing follows the comma. Borrows. */
bool hf_parse_pair(struct hf_str *io_text, struct hf_str key, struct hf_str *ret_value);

/* RFC 3339 in UTC with up to 6 fraction digits and 'Z': "2026-01-02T03:04:05.678901Z", years
 * 1970 to 9999. Formatting always writes 6 digits: 27 characters and a NUL. */
#define HF_TIME_TEXT 28
enum hf_rc hf_parse_time_us(struct hf_str text, int64_t *ret_us);
/* Times outside of the years 1970 to 9999 are written as the nearest one inside. */
void hf_format_time_us(int64_t us, char out[HF_TIME_TEXT]);

#endif
