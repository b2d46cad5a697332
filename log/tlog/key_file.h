/* log/tlog/key_file.h: a log's signing key on disk, sealed.
 *
 * A key file never holds the secret in plain text: the seed is sealed (XChaCha20-Poly1305) under
 * the host key, which lives outside of the data folder, so that copies and backups of a log do
 * not carry the power to sign. Bytes in docs/FORMATS.md, custody in docs/KEYS.md.
 *
 *   holdfast/key@v1\n
 *   VKEY\n
 *   BASE64(host key id, 8 bytes)\n
 *   BASE64(nonce || sealed seed)\n      associated data: the first three lines
 */
#ifndef HF_LOG_TLOG_KEY_FILE_H
#define HF_LOG_TLOG_KEY_FILE_H

#include "log/tlog/note.h"

#define HF_KEY_FILE_MAX 2048

/* Writes the file's text. */
void hf_key_file_format(struct hf_env *env, const struct hf_vkey *vkey,
                        const struct hf_secret *seed, const struct hf_secret *host_key,
                        struct hf_writer *w);

/* Gives *ret_key and fills *ret_vkey. HF_EMISMATCH when it is sealed under another host key (the
 * text says so and where to look), HF_EBADSIG when it was altered, HF_ESYNTAX. */
enum hf_rc hf_key_file_open(struct hf_bytes text, const struct hf_secret *host_key,
                            struct hf_vkey *ret_vkey, struct hf_signing_key **ret_key,
                            struct hf_err *err);

/* Writes the text of a file with the same seed for a key of another name: text is a key file of
 * this host. Fails as hf_key_file_open, and HF_EINVAL when it is no name. */
enum hf_rc hf_key_file_rename(struct hf_env *env, struct hf_bytes text,
                              const struct hf_secret *host_key, struct hf_str name,
                              struct hf_writer *w, struct hf_err *err);

#endif
