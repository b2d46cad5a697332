/* base/secret.c: guarded memory for secrets, by libsodium. */
#include "base/secret.h"

#include <sodium.h>

enum hf_rc hf_secret_alloc(size_t len, struct hf_secret *ret_secret)
{
    uint8_t *ptr = sodium_malloc(len == 0 ? 1 : len);
    if (ptr == NULL) {
        return HF_ENOMEM;
    }
    memset(ptr, 0, len);
    *ret_secret = (struct hf_secret){ptr, len};
    return HF_OK;
}

enum hf_rc hf_secret_copy(struct hf_bytes bytes, struct hf_secret *ret_secret)
{
    enum hf_rc rc = hf_secret_alloc(bytes.len, ret_secret);
    if (rc == HF_OK && bytes.len > 0) {
        memcpy(ret_secret->sealed_ptr, bytes.ptr, bytes.len);
    }
    return rc;
}

uint8_t *hf_secret_fill(struct hf_secret *secret)
{
    return secret->sealed_ptr;
}

struct hf_bytes hf_secret_reveal(const struct hf_secret *secret)
{
    return hf_bytes_of(secret->sealed_ptr, secret->sealed_len);
}

void hf_secret_free(struct hf_secret *secret)
{
    sodium_free(secret->sealed_ptr);
    *secret = (struct hf_secret){NULL, 0};
}

void hf_wipe(void *ptr, size_t len)
{
    sodium_memzero(ptr, len);
}
