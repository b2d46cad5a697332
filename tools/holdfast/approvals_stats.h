/* tools/holdfast/approvals_stats.h: holdfast approvals stats. */
#ifndef HF_TOOLS_HOLDFAST_APPROVALS_STATS_H
#define HF_TOOLS_HOLDFAST_APPROVALS_STATS_H

#include "base/cli/cli.h"

/* A whole command, with the options of the Hub, "hours" and "probes". */
int hf_run_approvals_stats(struct hf_cli *cli);

#endif
