/* tools/holdfast/artifact.h: adding and activating artifacts, for `artifact` and for `policy`. */
#ifndef HF_TOOLS_HOLDFAST_ARTIFACT_H
#define HF_TOOLS_HOLDFAST_ARTIFACT_H

#include "tools/holdfast/hub_call.h"

extern const struct hf_hub_table hf_artifacts_listed;
/* Of one artifact, in the same columns; and its manifest below. */
enum hf_rc hf_artifact_show_row(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err);
enum hf_rc hf_artifact_show_whole(struct hf_cli *cli, const struct hf_json *json,
                                  struct hf_err *err);

/* Whole commands: sends a package to the Hub; tells tenants to activate an artifact, with
 * HF_DIRECTIVE_OPTIONS. */
int hf_artifact_add(struct hf_cli *cli, struct hf_bytes note, struct hf_bytes bytes);
int hf_artifact_activate(struct hf_cli *cli, const char *slot, const char *digest);

#define HF_ACTIVATE_DESCRIPTION                                                                    \
    "The agent fetches it, verifies it with the release keys that are pinned there, and offers "   \
    "it to the program that runs it. Going back to an older one is done the same way, down to "    \
    "the floor. Unless it only tightens what the tenant was told last, it needs the role "         \
    "approver."

#endif
