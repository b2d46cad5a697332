/* log/core/reader.h: walks the entries of a log, oldest first: all, or those of one name.
 *
 * Order: hf_reader_open, then hf_reader_next until HF_EEND, then hf_reader_close. After HF_EEND the
 * reader stays usable: when the log has grown (the writer's `changed`, or hf_log_refresh in
 * another process) the next call goes on. Open and sealed parts read the same.
 * The entry borrows from the reader until its next call. No transaction is held between calls.
 * Threads: one reader, one thread; many readers a log are fine. A reader by name in the owner's
 * process belongs on the loop's thread, because it looks at the tail.
 * Failure: HF_ECORRUPT is final for the entry; hf_reader_seek may skip it. HF_EPRUNED too:
 * hf_log_kept says where to go on.
 */
#ifndef HF_LOG_CORE_READER_H
#define HF_LOG_CORE_READER_H

#include "log/core/heads.h"
#include "log/core/log.h"

struct hf_reader;

struct hf_reader_options {
    uint64_t from;          /* first index */
    enum hf_head_kind kind; /* with name: only entries of this stream, producer or type */
    struct hf_str name;     /* empty: all entries. Copied */
    bool skip_pruned;       /* goes on with the first entry that is here; else HF_EPRUNED */
};

/* log is borrowed until hf_reader_close. Gives *ret_reader. HF_EINVAL: a name on an opaque log. */
enum hf_rc hf_reader_open(struct hf_log *log, const struct hf_reader_options *options,
                          struct hf_reader **ret_reader, struct hf_err *err);
void hf_reader_close(struct hf_reader *reader);

/* The next entry and its index. HF_EEND: no more now. */
enum hf_rc hf_reader_next(struct hf_reader *reader, uint64_t *ret_index, struct hf_bytes *ret_entry,
                          struct hf_err *err);
/* Goes on at `index`. */
void hf_reader_seek(struct hf_reader *reader, uint64_t index);

/* The index of the first entry recorded at or after time_us, of those that are not pruned; the size
 * when there is none. */
enum hf_rc hf_log_find_time(struct hf_log *log, int64_t time_us, uint64_t *ret_index,
                            struct hf_err *err);

#endif
