/* base/cli/args.h: where values come from: arguments, environment, file. Private to base/cli. */
#ifndef HF_BASE_CLI_ARGS_H
#define HF_BASE_CLI_ARGS_H

#include "base/cli/cli.h"

/* Checks text against the option and stores it; the error begins with `where`. The text is
 * borrowed. */
enum hf_rc hf_cli_store(const struct hf_cli_option *option, const char *text,
                        enum hf_cli_source source, const char *where,
                        struct hf_cli_value *ret_value, struct hf_err *err);

/* Fills what is unset from $HOLDFAST_CONFIG; a file that is wrong anywhere is refused. */
enum hf_rc hf_cli_config_read(struct hf_cli *cli, struct hf_err *err);

#endif
