/* base/host_key.h: the key of this host, under which secrets on its disk are sealed.
 *
 * 32 random bytes in a file of mode 0600 outside of every data folder, so that copies and
 * backups of data do not carry the secrets in it. In production it comes from the service
 * manager (systemd credential) by $HOLDFAST_HOST_KEY. Custody: docs/KEYS.md.
 */
#ifndef HF_BASE_HOST_KEY_H
#define HF_BASE_HOST_KEY_H

#include "base/crypto.h"

/* Loads the file at path, or at hf_host_key_default_path when path is NULL; in that case a
 * missing file is made (race-free when two processes start at once). A file that others than its
 * owner can read, or of another size than 32 bytes, is refused; in $CREDENTIALS_DIRECTORY, which
 * systemd makes, its group may read it. */
enum hf_rc hf_host_key_load(struct hf_env *env, const char *path, struct hf_secret *ret_key,
                            struct hf_err *err);

/* $HOLDFAST_HOST_KEY, else /var/lib/holdfast/host.key for root, else
 * $XDG_STATE_HOME/holdfast/host.key, else .local/state/holdfast/host.key in the user's home
 * folder (from $HOME or the user database). NUL-terminated. */
enum hf_rc hf_host_key_default_path(char *out, size_t cap, struct hf_err *err);

/* First 8 bytes of SHA-256("holdfast/host-key-id/v1\n" || key): names a host key in files
 * sealed under it without telling anything about it. */
void hf_host_key_id(const struct hf_secret *key, uint8_t out[8]);

#endif
