/* schemas/personal.h: personal data of events, sealed under a key of whom it is about.
 *
 * What is sealed has the shape of schemas/canonical.h: the id of the subject, a nonce, the
 * ciphertext with its tag. Inside is an approval.personal (schemas/formats). Associated data, which
 * bind it to its place, are three lines: "holdfast/personal/v1", the tenant, the approval. The
 * nonce is the first 24 bytes of HMAC-SHA-256 under the subject's key of the line
 * "holdfast/personal-nonce/v1", the associated data and the plain text, so that an event that is
 * sent twice has the same bytes twice; two texts never share a nonce. Valid since version 4 of
 * approval.requested; a change needs another format byte.
 *
 * Who erases the key of a subject erases what was sealed about them, and no proof breaks. Keys are
 * HF_SEAL_KEY_SIZE random bytes. Pure; any thread. Errors never carry content.
 */
#ifndef HF_SCHEMAS_PERSONAL_H
#define HF_SCHEMAS_PERSONAL_H

#include "base/crypto.h"
#include "base/err.h"
#include "schemas/formats_gen.h"

#define HF_SUBJECT_SIZE 16
#define HF_SUBJECT_TEXT (2 * HF_SUBJECT_SIZE + 1) /* hexadecimal, as events of subjects have it */

struct hf_subject {
    uint8_t b[HF_SUBJECT_SIZE];
};

/* A key and whose it is. */
struct hf_subject_key {
    struct hf_subject subject;
    struct hf_secret key;
};

/* Where it stands. */
struct hf_personal_place {
    struct hf_str tenant;
    struct hf_str approval;
};

/* What was opened; content borrows from plain. */
struct hf_personal {
    struct hf_secret plain;
    struct hf_approval_personal content;
};

/* Most bytes that hf_personal_seal writes: of any content within its bounds. */
#define HF_PERSONAL_MAX 8192

/* Writes the sealed bytes, for a member with x-sealed. HF_EINVAL: the content or the place is out
 * of bounds. A writer that is too small overflows. */
enum hf_rc hf_personal_seal(const struct hf_subject_key *key, const struct hf_personal_place *place,
                            const struct hf_approval_personal *content, struct hf_writer *w,
                            struct hf_err *err);

/* Opens what was sealed at this place. Gives *ret; free it with hf_personal_free. HF_EINVAL: no
 * sealed data, or sealed by somebody who does not keep to the format; HF_EMISMATCH: it is about
 * another subject; HF_EBADSIG: another key, place, or bytes; HF_ENOMEM. */
enum hf_rc hf_personal_open(const struct hf_subject_key *key, const struct hf_personal_place *place,
                            struct hf_bytes sealed, struct hf_personal *ret, struct hf_err *err);
/* Wipes; a zeroed struct is fine. */
void hf_personal_free(struct hf_personal *personal);

/* Whom sealed bytes are about; false: they are no sealed data. */
bool hf_personal_subject(struct hf_bytes sealed, struct hf_subject *ret);

/* The digest by which events name a key: SHA-256("holdfast/subject-key/v1\n" || id || key). */
void hf_subject_key_digest(const struct hf_subject_key *key, struct hf_hash *ret);

static inline bool hf_subject_eq(const struct hf_subject *a, const struct hf_subject *b)
{
    return memcmp(a->b, b->b, HF_SUBJECT_SIZE) == 0;
}

/* As 32 small hexadecimal digits and a NUL. */
void hf_subject_text(const struct hf_subject *subject, char out[HF_SUBJECT_TEXT]);
/* False: not the text of one. */
bool hf_subject_parse(struct hf_str text, struct hf_subject *ret);

#endif
