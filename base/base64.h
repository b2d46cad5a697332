/* base/base64.h: base64 of RFC 4648: section 4 (standard alphabet, padded), section 5 (base64url,
 * here without padding), both strict.
 *
 * Decoding rejects white space, missing or superfluous padding and non-zero trailing bits, so
 * that every value has exactly one spelling. No library at hand is strict in all three.
 */
#ifndef HF_BASE_BASE64_H
#define HF_BASE_BASE64_H

#include "base/bytes.h"

#define HF_BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Writes HF_BASE64_LEN(data.len) characters and a NUL. */
void hf_base64_encode(struct hf_bytes data, char *out);

/* HF_ESYNTAX for anything but the one spelling; HF_ETOOBIG when it does not fit cap bytes. */
enum hf_rc hf_base64_decode(struct hf_str text, uint8_t *out, size_t cap, size_t *ret_len);

/* base64url. Writes at most HF_BASE64_LEN(data.len) characters and a NUL. */
void hf_base64url_encode(struct hf_bytes data, char *out);

/* The same refusals. */
enum hf_rc hf_base64url_decode(struct hf_str text, uint8_t *out, size_t cap, size_t *ret_len);

#endif
