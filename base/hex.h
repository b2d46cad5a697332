/* base/hex.h: lower-case hexadecimal. Decoding takes both cases. */
#ifndef HF_BASE_HEX_H
#define HF_BASE_HEX_H

#include "base/bytes.h"

/* The value of a digit, of either case; -1: it is none. */
int hf_hex_digit(char c);

/* Writes 2 * data.len characters and a NUL; out holds 2 * data.len + 1. */
void hf_hex_encode(struct hf_bytes data, char *out);

/* Decodes text of even length into out (cap bytes). HF_ESYNTAX with *ret_at (may be NULL) at the
 * first wrong character, or at text.len for an odd length; HF_ETOOBIG when it does not fit. */
enum hf_rc hf_hex_decode(struct hf_str text, uint8_t *out, size_t cap, size_t *ret_len,
                         size_t *ret_at);

#endif
