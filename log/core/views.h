/* log/core/views.h: rebuildable indexes of a log: by stream, producer, type, blob and time.
 *
 * An environment of its own (views.mdb), written one sealed volume at a time and a pure function
 * of the sealed volumes, pruned or not: it can be deleted and is rebuilt to the same records. The
 * newest entries are not in it; they are in the tail (log/core/tail.h).
 *
 * Table "postings": key = kind || u8 name length || name || be64 first ordinal; value = check32 ||
 * be64 last ordinal || be64 volume || u16 offsets in the volume, ascending. An ordinal is the
 * stream version, the producer's sequence, or for types and blobs the count of entries so far.
 * Table "times": key = be64 index of a bundle's first entry, value = check32 || be64 recorded
 * time. Table "state": key "volumes", value = be64 number of volumes covered || check32.
 */
#ifndef HF_LOG_CORE_VIEWS_H
#define HF_LOG_CORE_VIEWS_H

#include "log/core/codec.h"
#include "log/core/heads.h"
#include "log/core/volume.h"

struct hf_views;

/* Owner modes create what is missing; in READ mode a missing file gives HF_ENOTFOUND. codec is
 * borrowed for the views' life. sealed: volumes of the log. The owner looks through all of it: a
 * damaged file, or one that covers more than the log has, is put beside (views.mdb.damaged) and
 * begun anew, and *ret_damage says what was wrong (HF_OK: nothing). */
enum hf_rc hf_views_open(struct hf_place *place, const struct hf_codec *codec, uint64_t sealed,
                         struct hf_views **ret_views, struct hf_err *ret_damage,
                         struct hf_err *err);
void hf_views_close(struct hf_views *views);

/* Volumes covered so far. */
enum hf_rc hf_views_volumes(struct hf_views *views, uint64_t *ret_volumes, struct hf_err *err);

/* Adds the next volume (must be number hf_views_volumes). Blocking; any one thread at a time. */
enum hf_rc hf_views_add(struct hf_views *views, struct hf_volume *volume, uint64_t number,
                        struct hf_err *err);

/* Sets *io_head from the covered volumes; leaves it when the name is not in them. */
enum hf_rc hf_views_head(struct hf_views *views, enum hf_head_kind kind, struct hf_bytes name,
                         uint64_t *ret_last, uint64_t *ret_index, struct hf_err *err);

/* The posting that holds the ordinal, or the first one after it. HF_ENOTFOUND at the end.
 * Appends the absolute indexes to buf as native uint64_t. */
enum hf_rc hf_views_posting(struct hf_views *views, enum hf_head_kind kind, struct hf_bytes name,
                            uint64_t ordinal, uint64_t *ret_first, uint64_t *ret_last,
                            struct hf_buf *buf, struct hf_err *err);

/* The index of a bundle at or before the first entry recorded at or after time_us, in the covered
 * volumes. */
enum hf_rc hf_views_time(struct hf_views *views, int64_t time_us, uint64_t *ret_index,
                         struct hf_err *err);

/* The index records of a volume, made from its entries or kept by a pruned one: postings in key
 * order, and the recorded time of each bundle's first entry. All volumes before it are covered. */
enum hf_rc hf_views_records(struct hf_views *views, struct hf_volume *volume, uint64_t number,
                            hf_volume_posting_fn *take, void *arg,
                            int64_t ret_times[HF_VOLUME_BUNDLES], struct hf_err *err);

/* Rebuilds the records of a covered volume in memory and compares them with what is stored.
 * HF_ECORRUPT names what differs. */
enum hf_rc hf_views_check(struct hf_views *views, struct hf_volume *volume, uint64_t number,
                          struct hf_err *err);

uint64_t hf_views_bytes(struct hf_views *views);

#endif
