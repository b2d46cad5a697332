/* base/cli/args.h: where values come from: arguments, environment, file. Private to base/cli. */
#ifndef HF_BASE_CLI_ARGS_H
#define HF_BASE_CLI_ARGS_H

#include "base/cli/cli.h"

/* Checks text against the option and stores it; the error begins with `where`. The text is
 * borrowed. */
enum hf_rc hf_cli_store(const struct hf_cli_option *option, const char *text,
                        enum hf_cli_source source, const char *where,
                        struct hf_cli_value *ret_value, struct hf_err *err);

/* Fills what is unset from the configuration file; one that is wrong anywhere is refused. */
enum hf_rc hf_cli_config_read(struct hf_cli *cli, struct hf_err *err);
/* Has the configuration file a section of this name? */
bool hf_cli_is_section(const char *name);

/* A setting is wrong, as err says, when rc is not HF_OK: a command that collects what is wrong goes
 * on (HF_OK), for any other it is the end (rc). */
enum hf_rc hf_cli_wrong(struct hf_cli *cli, enum hf_rc rc, const struct hf_err *err);

#endif
