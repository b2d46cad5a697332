/* log/tlog/checkpoint.h: checkpoints, the signed heads of a tree (c2sp.org/tlog-checkpoint).
 *
 *   ORIGIN\n SIZE\n BASE64(ROOT)\n [extension lines\n]
 *
 * A checkpoint's text is a pure function of origin, size and root. A log must never sign two
 * checkpoints that are inconsistent, so only durable state is signed.
 */
#ifndef HF_LOG_TLOG_CHECKPOINT_H
#define HF_LOG_TLOG_CHECKPOINT_H

#include "base/buf.h"
#include "log/tlog/note.h"

struct hf_checkpoint {
    struct hf_str origin; /* borrows from what was parsed */
    uint64_t size;
    struct hf_hash root;
    struct hf_str extensions; /* all extension lines, may be empty */
};

#define HF_CHECKPOINT_TEXT_MAX (HF_KEY_NAME_MAX + 1 + 20 + 1 + 44 + 1)
/* A checkpoint of ours with its log's signature alone. */
#define HF_CHECKPOINT_NOTE_MAX (HF_CHECKPOINT_TEXT_MAX + 1 + 4 + HF_KEY_NAME_MAX + 1 + 92 + 1)

/* Parses a note's text. HF_ESYNTAX with a line number. */
enum hf_rc hf_checkpoint_parse(struct hf_str text, struct hf_checkpoint *ret_checkpoint,
                               struct hf_err *err);
/* Writes the text, without the empty line that precedes signatures. */
void hf_checkpoint_format(const struct hf_checkpoint *checkpoint, struct hf_writer *w);

/* Writes the whole note signed by key: text, empty line, signature line. */
void hf_checkpoint_sign(const struct hf_checkpoint *checkpoint, const struct hf_vkey *vkey,
                        const struct hf_signing_key *key, struct hf_writer *w);

/* Appends the note, which was opened, with a cosignature by key at time_s under it: its owner saw
 * this checkpoint, and it continues those that it saw before. */
void hf_checkpoint_cosign(struct hf_bytes note, const struct hf_vkey *vkey,
                          const struct hf_signing_key *key, uint64_t time_s, struct hf_buf *buf);

/* Parses a note and demands the signature of `key` and, as tlog-checkpoint asks, an origin equal
 * to the key's name. HF_EMISMATCH when the checkpoint is of another log; else as the parsers
 * and hf_note_verify. *note is the caller's scratch; the checkpoint borrows from `bytes`. */
enum hf_rc hf_checkpoint_open(struct hf_bytes bytes, const struct hf_vkey *key,
                              struct hf_note *note, struct hf_checkpoint *ret_checkpoint,
                              struct hf_err *err);

#endif
