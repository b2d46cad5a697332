/* hub/entries.h: events of the region's log as the API shows them, by position.
 *
 * A position is an entry of the region's log and, inside a segment, the number of the event from 1
 * on; 0 is the entry itself ("12", "12.3"). The newest entries are kept with their JSON, so that
 * hundreds who follow the log cost one rendering.
 * Threads: the loop's.
 */
#ifndef HF_HUB_ENTRIES_H
#define HF_HUB_ENTRIES_H

#include "log/core/log.h"
#include "schemas/envelope.h"

#define HF_POSITION_TEXT 32

struct hf_hub_position {
    uint64_t index;
    uint32_t offset;
};

/* "12" or "12.3". HF_ESYNTAX. */
enum hf_rc hf_hub_position_parse(struct hf_str text, struct hf_hub_position *ret);
struct hf_str hf_hub_position_format(struct hf_hub_position position, char out[HF_POSITION_TEXT]);

struct hf_hub_filter {
    char type[HF_ENVELOPE_TYPE_MAX + 1]; /* prefix of the type; empty: any */
    char stream[HF_ENVELOPE_NAME_MAX + 1];
    char tenant[64];
    bool segments; /* events inside of segments too */
};

struct hf_hub_entries;

enum hf_rc hf_hub_entries_new(struct hf_log *log, struct hf_hub_entries **ret_entries,
                              struct hf_err *err);
void hf_hub_entries_free(struct hf_hub_entries *entries);

/* The bytes at the position: an entry, or an event inside of a segment. Borrowed until the next
 * call. HF_EEND: there is none (yet); HF_ENOTFOUND: the entry is no segment; HF_ECORRUPT. */
enum hf_rc hf_hub_entries_leaf(struct hf_hub_entries *entries, struct hf_hub_position position,
                               struct hf_bytes *ret_leaf, struct hf_err *err);

/* Looks at the event at *io_position and moves to the next one. HF_OK: it passes the filter,
 * *ret_at is where it is and *ret_json its JSON, borrowed until the next call. HF_ENOTFOUND: it
 * does not pass. HF_EEND: there is none (yet). HF_ECORRUPT: it cannot be read, and the position
 * stays. */
enum hf_rc hf_hub_entries_next(struct hf_hub_entries *entries, const struct hf_hub_filter *filter,
                               struct hf_hub_position *io_position, struct hf_hub_position *ret_at,
                               struct hf_bytes *ret_json, struct hf_err *err);

#endif
