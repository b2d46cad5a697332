/* hub/custody_key.h: the key that one tenant's subjects are kept under, on disk.
 *
 * 32 random bytes, sealed under this host's key and bound to the tenant, in a file of its own:
 * never beside what it opens, so that an old copy of that alone tells nothing. While a key is
 * changed the file holds both, the one before first. Bytes in docs/FORMATS.md, custody in
 * docs/KEYS.md. Pure but for randomness. Threads: any.
 */
#ifndef HF_HUB_CUSTODY_KEY_H
#define HF_HUB_CUSTODY_KEY_H

#include "base/crypto.h"

#define HF_CUSTODY_KEY_ID       8
#define HF_CUSTODY_KEY_FILE_MAX 320

/* As it stands in the file. */
struct hf_custody_key {
    uint8_t id[HF_CUSTODY_KEY_ID]; /* of SHA-256("holdfast/custody-key/v1\n" || key) */
    uint8_t sealed[HF_SEAL_KEY_SIZE + HF_SEAL_OVERHEAD];
};

struct hf_custody_keys {
    unsigned count; /* 1; 2 while the second replaces the first */
    struct hf_custody_key of[2];
};

/* Draws one. Gives *ret_key, if it is not NULL. HF_ENOMEM. */
enum hf_rc hf_custody_key_draw(struct hf_env *env, const struct hf_secret *host_key,
                               struct hf_str tenant, struct hf_custody_key *ret,
                               struct hf_secret *ret_key);
/* Gives *ret_key. HF_EBADSIG: it was altered, or is another tenant's. HF_ENOMEM. */
enum hf_rc hf_custody_key_open(const struct hf_secret *host_key, struct hf_str tenant,
                               const struct hf_custody_key *key, struct hf_secret *ret_key);

/* out: HF_CUSTODY_KEY_FILE_MAX. */
struct hf_bytes hf_custody_keys_write(const struct hf_custody_keys *keys,
                                      const struct hf_secret *host_key, uint8_t *out);
/* HF_ESYNTAX; HF_EMISMATCH: sealed under another host's key. The text says what to do. */
enum hf_rc hf_custody_keys_parse(struct hf_bytes text, const struct hf_secret *host_key,
                                 struct hf_custody_keys *ret, struct hf_err *err);

#endif
