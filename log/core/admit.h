/* log/core/admit.h: decides whether a request may be appended, and encodes it.
 *
 * The writer's rules in one place: form, idempotence, expected versions, growing sequences. A
 * request is admitted as a whole or leaves no trace. One thread (the loop's).
 */
#ifndef HF_LOG_CORE_ADMIT_H
#define HF_LOG_CORE_ADMIT_H

#include "log/core/append.h"
#include "log/core/batch.h"
#include "log/core/heads.h"
#include "log/core/log.h"

struct hf_admission {
    struct hf_log *log;
    bool mirror; /* what comes are entries of another log, in their order, not submissions */
    struct hf_heads heads;
    struct hf_batch *gather;       /* takes what is admitted */
    const struct hf_batch *flight; /* entries on their way to disk */
    struct hf_packer *packer;
    struct hf_buf scratch; /* an entry that was read back */
    struct hf_buf metas;   /* of struct hf_entry_meta: the request's items */
    struct hf_buf undo;
};

enum hf_rc hf_admission_init(struct hf_admission *admission, struct hf_log *log,
                             const uint8_t key[16]);
void hf_admission_fini(struct hf_admission *admission);

/* The fold over stored entries: the hf_log_fold_fn of hf_log_load; arg is the admission. */
enum hf_rc hf_admission_fold(void *arg, uint64_t index, struct hf_bytes entry,
                             struct hf_tail_link *ret_link, struct hf_err *err);

/* HF_OK with append->first and append->repeated set, and the entries (if not repeated) in the
 * gathering batch, the tail and the heads. Anything else: nothing changed. */
enum hf_rc hf_admit(struct hf_admission *admission, struct hf_append *append, int64_t now_us,
                    struct hf_err *err);

/* A stream's version or a producer's sequence, from memory or from the views. */
enum hf_rc hf_admission_head(struct hf_admission *admission, enum hf_head_kind kind,
                             struct hf_bytes name, struct hf_head **ret_head, struct hf_err *err);

/* As hf_log_writer_find; the entry is borrowed until the admission's next call. */
enum hf_rc hf_admission_find(struct hf_admission *admission, struct hf_str producer,
                             uint64_t sequence, struct hf_bytes *ret_entry, struct hf_err *err);

#endif
