/* tools/holdfast/artifact.c: what a region hands to its tenants: `holdfast artifact`. */
#include "tools/holdfast/commands.h"

const struct hf_cli_command hf_command_artifact = {
    .name = "artifact",
    .summary = "what a region hands to its tenants, under release keys",
    HF_CLI_CHILDREN(&hf_command_artifact_key, &hf_command_artifact_sign,
                    &hf_command_artifact_verify),
};
