/* log/core/verify.h: re-hashes all data of a log and compares it with everything that was
 * promised.
 *
 * Nothing stored is believed: leaf hashes are made from the entries, tiles and volume roots from
 * leaf hashes, the root from volume roots; all are compared with what is stored, the root with the
 * newest commit and with the signed checkpoint beside the log. In a log of events each entry's
 * form, each stream's versions and each producer's sequences are checked too, the blobs hashed,
 * and the indexes compared. Blocking, any thread; the log need not be loaded.
 */
#ifndef HF_LOG_CORE_VERIFY_H
#define HF_LOG_CORE_VERIFY_H

#include "log/core/log.h"

struct hf_verify_options {
    const struct hf_vkey *vkey; /* NULL: the log's own */
    struct hf_bytes against;    /* an older checkpoint's note, or empty */
    /* Told now and then; may be NULL. */
    void (*progress)(void *arg, uint64_t done, uint64_t total);
    void *arg;
};

struct hf_verify_result {
    uint64_t size;   /* entries verified */
    uint64_t pruned; /* of them: by their hashes alone, their bytes are not here */
    struct hf_hash root;
    bool found_bad;
    uint64_t bad_index; /* the first bad entry, when found_bad */
};

/* HF_OK: everything is as promised. HF_ECORRUPT, HF_EBADSIG, HF_EMISMATCH: it is not, err says
 * what; ret->bad_index names the first entry that is affected. HF_EIO, HF_ENOMEM: could not tell.
 * */
enum hf_rc hf_log_verify(struct hf_log *log, const struct hf_verify_options *options,
                         struct hf_verify_result *ret, struct hf_err *err);

/* The "verified" mark beside a log: how far and when it was verified last. */
struct hf_verified {
    uint64_t size;
    struct hf_hash root;
    int64_t at_us;
};

void hf_verified_write(struct hf_place *place, const struct hf_verified *verified);
/* HF_ENOTFOUND when it never was (or the mark is damaged). */
enum hf_rc hf_verified_read(struct hf_place *place, struct hf_verified *ret);

#endif
