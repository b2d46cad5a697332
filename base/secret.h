/* base/secret.h: bytes that must not be printed, logged, swapped or dumped.
 *
 * A type of its own, without a formatter: neither the logger nor the JSON writer takes it. The
 * memory is locked, excluded from core dumps, guarded, and wiped when freed. Whoever must hand
 * the bytes to a library calls hf_secret_reveal, which is easy to search for.
 */
#ifndef HF_BASE_SECRET_H
#define HF_BASE_SECRET_H

#include "base/bytes.h"

struct hf_secret {
    /* private */
    uint8_t *sealed_ptr;
    size_t sealed_len;
};

/* Copies; the caller wipes its own copy (hf_wipe). HF_ENOMEM when memory cannot be had. */
enum hf_rc hf_secret_copy(struct hf_bytes bytes, struct hf_secret *ret_secret);
/* len bytes, zeroed, to be filled through hf_secret_fill. */
enum hf_rc hf_secret_alloc(size_t len, struct hf_secret *ret_secret);
uint8_t *hf_secret_fill(struct hf_secret *secret);
/* Borrows the bytes until hf_secret_free. */
struct hf_bytes hf_secret_reveal(const struct hf_secret *secret);
/* Wipes and frees; a zeroed struct is fine. */
void hf_secret_free(struct hf_secret *secret);

/* Wipes memory in a way that the compiler cannot drop. */
void hf_wipe(void *ptr, size_t len);

#endif
