/* log/tlog/note.h: signed notes and their keys (c2sp.org/signed-note, v1.0.0).
 *
 *   <text ending in \n> \n  then lines  "— NAME BASE64(4-byte key id || signature)\n"
 *
 * Text is UTF-8 without control characters other than \n; it ends at the last empty line.
 * Key id = first 4 bytes of SHA-256(name || 0x0A || type || public key), big-endian.
 * Types: 0x01 Ed25519 over the text; 0x04 timestamped cosignature (c2sp.org/tlog-cosignature):
 * the payload is id || u64 seconds || signature over "cosignature/v1\ntime T\n" + text.
 * Verifier key (vkey): NAME+HEXID+BASE64(type || public key).
 */
#ifndef HF_LOG_TLOG_NOTE_H
#define HF_LOG_TLOG_NOTE_H

#include "base/crypto.h"

#define HF_KEY_NAME_MAX        255
#define HF_VKEY_TEXT_MAX       (HF_KEY_NAME_MAX + 1 + 8 + 1 + 44 + 1)
#define HF_NOTE_MAX            65536 /* bytes of a whole note */
#define HF_NOTE_SIGNATURES_MAX 64

enum hf_key_type {
    HF_KEY_ED25519 = 0x01,
    HF_KEY_COSIGNATURE = 0x04
};

struct hf_vkey {
    char name[HF_KEY_NAME_MAX + 1]; /* NUL-terminated */
    uint8_t name_len;
    enum hf_key_type type;
    uint32_t id;
    struct hf_public_key public_key;
};

/* Non-empty, at most HF_KEY_NAME_MAX bytes of UTF-8, no white space (also Unicode's), no '+',
 * no control characters. err says what is wrong. */
enum hf_rc hf_key_name_check(struct hf_str name, struct hf_err *err);

/* Fills *ret_key, computing its id. */
enum hf_rc hf_vkey_make(struct hf_str name, enum hf_key_type type,
                        const struct hf_public_key *public_key, struct hf_vkey *ret_key,
                        struct hf_err *err);
/* HF_ESYNTAX; HF_EBADSIG when the id does not belong to the key; HF_ENOSYS for other types. */
enum hf_rc hf_vkey_parse(struct hf_str text, struct hf_vkey *ret_key, struct hf_err *err);
/* The same name and key? */
bool hf_vkey_eq(const struct hf_vkey *a, const struct hf_vkey *b);
/* Returns the length; NUL-terminated. */
size_t hf_vkey_format(const struct hf_vkey *key, char out[HF_VKEY_TEXT_MAX]);

struct hf_note_signature {
    struct hf_str name;
    uint32_t id;
    struct hf_bytes payload; /* after the id; points into hf_note.payloads */
};

/* A parsed note; slices borrow from the parsed bytes, payloads from the struct. */
struct hf_note {
    struct hf_str text; /* with its last newline */
    struct hf_note_signature signature[HF_NOTE_SIGNATURES_MAX];
    unsigned count;
    /* private */
    uint8_t payloads[HF_NOTE_SIGNATURES_MAX][128];
};

/* Checks the form only. HF_ESYNTAX with a line number, HF_ETOOBIG beyond the limits. Signature
 * payloads longer than 124 bytes are of kinds that we do not know; they are kept with an empty
 * payload. */
enum hf_rc hf_note_parse(struct hf_bytes bytes, struct hf_note *ret_note, struct hf_err *err);

/* Verifies the signature of `key` on the note. HF_ENOTFOUND when the note has none by this
 * (name, id); HF_EBADSIG when one is there and fails. ret_time_s (may be NULL) gets the
 * cosignature's time, 0 for a plain signature. */
enum hf_rc hf_note_verify(const struct hf_note *note, const struct hf_vkey *key,
                          uint64_t *ret_time_s, struct hf_err *err);

/* Writes the signature line (with newline) of a plain signature over text. */
void hf_note_sign(struct hf_str text, const struct hf_vkey *vkey, const struct hf_signing_key *key,
                  struct hf_writer *w);
/* Writes a cosignature line at time_s over text. */
void hf_note_cosign(struct hf_str text, const struct hf_vkey *vkey,
                    const struct hf_signing_key *key, uint64_t time_s, struct hf_writer *w);

#endif
