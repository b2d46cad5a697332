/* hub/settings.h: what holdfast-hub can be told, and what of it cannot be.
 *
 * One list for all roles: a server's configuration file serves several of them.
 */
#ifndef HF_HUB_SETTINGS_H
#define HF_HUB_SETTINGS_H

#include "base/cli/cli.h"

/* The last one, --reset-admin, belongs to `run` alone. */
#define HF_HUB_OPTIONS 23
extern const struct hf_cli_option hf_hub_options[HF_HUB_OPTIONS];

bool hf_hub_has_role(const struct hf_cli *cli, const char *name);

/* What the role cannot be run with; said before anything is made. HF_EUSAGE. */
enum hf_rc hf_hub_settings_check(struct hf_cli *cli, struct hf_err *err);

/* The command check-config. */
int hf_hub_check_config(struct hf_cli *cli);

#endif
