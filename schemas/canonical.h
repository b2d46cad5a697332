/* schemas/canonical.h: is this MessagePack in the one canonical form?
 *
 * The profile gives every value exactly one spelling, so that the bytes can be hashed:
 * - nil, false, true; integers in the shortest form (non-negative ones in the unsigned family,
 *   negative ones in the signed family); no floating point;
 * - str in the shortest width and valid UTF-8; bin in the shortest width;
 * - array and map in the shortest width; map keys are str in strictly ascending bytewise order,
 *   hence without duplicates;
 * - the one extension type HF_SEALED_TYPE in the shortest width, in the shape given below;
 * - at most HF_CANONICAL_DEPTH_MAX arrays and maps inside each other, at most
 *   HF_CANONICAL_SIZE_MAX bytes, exactly one value, nothing after it.
 * The check is one pass without allocation or recursion; pure; any thread.
 */
#ifndef HF_SCHEMAS_CANONICAL_H
#define HF_SCHEMAS_CANONICAL_H

#include "base/bytes.h"
#include "base/err.h"

#define HF_CANONICAL_DEPTH_MAX 16
#define HF_CANONICAL_SIZE_MAX  65535

/* Sealed personal data: extension type 1. Offset 0: format, always 1; 1: 16 bytes that name the
 * subject's key; 17: nonce of 24 bytes, 41: ciphertext, at the end a tag of 16 bytes (both of
 * XChaCha20-Poly1305). Valid if and only if format is 1 and there are at least HF_SEALED_MIN bytes;
 * the ciphertext may be empty. */
#define HF_SEALED_TYPE   1
#define HF_SEALED_FORMAT 1
#define HF_SEALED_MIN    (1 + 16 + 24 + 16)

/* XX(name, text after "at offset N: ") */
#define HF_CANONICAL_MAP(XX)                                                                       \
    XX(OK, "canonical")                                                                            \
    XX(EMPTY, "there is no value")                                                                 \
    XX(TOO_LONG, "longer than 65,535 bytes")                                                       \
    XX(TRUNCATED, "length or count goes past the end of the input")                                \
    XX(TRAILING, "bytes after the end of the value")                                               \
    XX(DEPTH, "more than 16 arrays and maps inside each other")                                    \
    XX(WIDTH, "not the shortest encoding")                                                         \
    XX(SIGN, "a non-negative integer in the signed family")                                        \
    XX(FLOAT, "floating point is not allowed, use a scaled integer")                               \
    XX(RESERVED, "the byte 0xc1 has no meaning")                                                   \
    XX(UTF8, "text is not valid UTF-8")                                                            \
    XX(KEY_TYPE, "a map key that is not text")                                                     \
    XX(KEY_ORDER, "map keys are not in ascending order")                                           \
    XX(KEY_DUPLICATE, "the same map key twice")                                                    \
    XX(EXT_TYPE, "an extension type that is not known")                                            \
    XX(EXT_SHAPE, "sealed data of the wrong shape")

enum hf_canonical_reason {
#define XX(name, text) HF_CANONICAL_##name,
    HF_CANONICAL_MAP(XX)
#undef XX
};

/* offset: of the head byte of the value at fault; of the first wrong byte for UTF8; of the first
 * surplus byte for TRAILING and TOO_LONG. */
struct hf_canonical_fault {
    size_t offset;
    enum hf_canonical_reason reason;
};

/* HF_OK, or HF_EINVAL (HF_ETOOBIG for TOO_LONG) with *ret_fault, which is always written. */
enum hf_rc hf_canonical_check(struct hf_bytes bytes, struct hf_canonical_fault *ret_fault);

/* The same with a text: "offset 17: map keys are not in ascending order". */
enum hf_rc hf_canonical_check_err(struct hf_bytes bytes, struct hf_err *err);

/* Static storage. */
const char *hf_canonical_reason_text(enum hf_canonical_reason reason);

#endif
