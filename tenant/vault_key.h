/* tenant/vault_key.h: the key that the vault's values are sealed under, on disk.
 *
 * 32 random bytes, sealed under this host's key, in a file beside the vault's database: never in
 * it, so a copy of the database tells nothing. Bytes in docs/FORMATS.md, custody in docs/KEYS.md.
 */
#ifndef HF_TENANT_VAULT_KEY_H
#define HF_TENANT_VAULT_KEY_H

#include "base/crypto.h"
#include "log/store/disk.h"

struct hf_vault_key_conf {
    struct hf_env *env;
    struct hf_disk *disk;
    const struct hf_secret *host_key;
    const char *path;
};

/* Gives *ret_key. HF_EMISMATCH: it is sealed under another host's key (the text says what to do),
 * HF_EBADSIG: it was altered, HF_ESYNTAX. */
enum hf_rc hf_vault_key_load(const struct hf_vault_key_conf *conf, struct hf_secret *ret_key,
                             struct hf_err *err);
/* Draws a key and writes the file, whole or not at all. Gives *ret_key. */
enum hf_rc hf_vault_key_make(const struct hf_vault_key_conf *conf, struct hf_secret *ret_key,
                             struct hf_err *err);

#endif
