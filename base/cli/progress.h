/* base/cli/progress.h: how far a long job is, shown on standard error.
 *
 * On a terminal one line that is drawn over itself at most 10 times a second, with a bar, rate and
 * time left; elsewhere a plain line every few seconds (none for a job that is quicker); nothing
 * with --quiet. It reads the clock through hf_env. One thread. Caller's memory, nothing to free,
 * but a started one must be ended, or the next message lands in the bar's line.
 */
#ifndef HF_BASE_CLI_PROGRESS_H
#define HF_BASE_CLI_PROGRESS_H

#include <stdio.h>

#include "base/cli/cli.h"
#include "base/env.h"

enum hf_progress_mode {
    HF_PROGRESS_SILENT,
    HF_PROGRESS_LINES,
    HF_PROGRESS_TERMINAL,
};

struct hf_progress {
    /* private */
    FILE *out;
    struct hf_env *env;
    enum hf_progress_mode mode;
    const char *label;
    const char *unit;
    uint64_t total;
    uint64_t count;
    uint64_t start_ns;
    uint64_t drawn_ns;
    size_t columns;
    bool drawn;
};

#define HF_PROGRESS_TERMINAL_NS 100000000u  /* 10 drawings a second */
#define HF_PROGRESS_LINES_NS    5000000000u /* a line every 5 s */

/* Starts: label "verifying", unit "entries" (borrowed until the end); total 0 is not known. */
void hf_progress_start(struct hf_progress *progress, struct hf_cli *cli, const char *label,
                       const char *unit, uint64_t total);

/* The same without a cli; columns is the terminal's width, 0 for 80. */
void hf_progress_init(struct hf_progress *progress, FILE *out, struct hf_env *env,
                      enum hf_progress_mode mode, size_t columns);
void hf_progress_begin(struct hf_progress *progress, const char *label, const char *unit,
                       uint64_t total);

/* count things are done; draws when it is time to. Cheap enough to call for every thing. */
void hf_progress_set(struct hf_progress *progress, uint64_t count);

/* Draws the final state if anything was drawn, and ends the line. */
void hf_progress_end(struct hf_progress *progress);

#endif
