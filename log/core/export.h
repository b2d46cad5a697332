/* log/core/export.h: writes a log as a static tlog-tiles tree (c2sp.org/tlog-tiles).
 *
 *   OUT/checkpoint   OUT/tile/L/N[.p/W]   OUT/tile/entries/N[.p/W]
 *
 * Any web server can serve it and any client of the format can verify it. Files appear whole
 * (written aside, renamed); the checkpoint comes last. Full tiles that are there already are left
 * alone, so that a grown log is exported again at the cost of what is new. Blocking.
 */
#ifndef HF_LOG_CORE_EXPORT_H
#define HF_LOG_CORE_EXPORT_H

#include "log/core/log.h"

struct hf_export_options {
    const char *out;            /* the folder; made when missing */
    struct hf_bytes checkpoint; /* the signed note for the size that is exported */
    uint64_t size;              /* at most the log's */
    void (*progress)(void *arg, uint64_t done, uint64_t total); /* entries; may be NULL */
    void *arg;
};

/* The log must be loaded. HF_EMISMATCH when OUT holds a checkpoint of another log or of a longer
 * one. Files written are counted in *ret_files. */
enum hf_rc hf_log_export(struct hf_log *log, const struct hf_export_options *options,
                         uint64_t *ret_files, struct hf_err *err);

#endif
