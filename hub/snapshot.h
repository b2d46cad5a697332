/* hub/snapshot.h: the Hub's memory on its disk, so that a start need not read the whole log.
 *
 * The file "memory" in the Hub's folder is bound to a position of the log and its root there, to
 * the tables that wrote it (hub/memory.h), and by a MAC to the Hub's keys: who can write to the
 * folder cannot make the Hub believe what its log does not say. It is replaced as a whole. What
 * does not fit is ignored, with a line in the Hub's log, and everything is folded from the first
 * entry on. docs/FORMATS.md has the bytes.
 * Order: _load when the memory is empty, _start when it is complete, _close when the log is closed.
 * Threads: the loop's; a worker writes the file.
 */
#ifndef HF_HUB_SNAPSHOT_H
#define HF_HUB_SNAPSHOT_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/secret.h"
#include "log/core/log.h"

struct hf_hub;

struct hf_hub_snapshot {
    uint64_t position; /* read-only; of the newest one on the disk; 0: there is none */
    /* private */
    struct hf_hub *hub;
    struct hf_secret key;
    char path[HF_PATH_MAX];
    struct hf_timer timer;
    uint64_t every_ns;
    struct hf_tip tip; /* the log's, as long as it can be written */
    bool started;
    bool working;
    struct hf_work work;
    struct hf_buf bytes;
    uint64_t writing; /* the position */
    enum hf_rc rc;
    struct hf_err err;
    void (*closed)(struct hf_hub *hub); /* when the worker is done */
};

/* *ret_from: the first entry that is to be folded. HF_ENOMEM, HF_ETOOBIG. */
enum hf_rc hf_hub_snapshot_load(struct hf_hub *hub, uint64_t *ret_from, struct hf_err *err);
/* Writes one each `every_ns` (0: ten minutes), the first one at once when `folded` entries were
 * many. */
void hf_hub_snapshot_start(struct hf_hub *hub, uint64_t every_ns, uint64_t folded);
/* The log has changed, or cannot be written any more. */
void hf_hub_snapshot_log(struct hf_hub *hub, bool broken);
/* Writes the last one, when everything in the log is known and was told. Then closed(hub), perhaps
 * at once. Also for one that was not started. */
void hf_hub_snapshot_close(struct hf_hub *hub, void (*closed)(struct hf_hub *hub));

#endif
