/* tools/holdfast/policy_source.h: a policy from a file: a text that is compiled, or a bundle. */
#ifndef HF_TOOLS_HOLDFAST_POLICY_SOURCE_H
#define HF_TOOLS_HOLDFAST_POLICY_SOURCE_H

#include "base/cli/cli.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/text.h"

/* Compiles or reads the file; appends the bundle to out. Mistakes of a text are shown, on standard
 * output as FILE:LINE:COLUMN: TEXT, or with --json as one object; then HF_ESYNTAX with *ret_shown
 * set. */
enum hf_rc hf_policy_source_bundle(struct hf_cli *cli, const char *path, struct hf_buf *out,
                                   bool *ret_shown, struct hf_err *err);
/* The same, loaded. Gives *ret_policy. */
enum hf_rc hf_policy_source_load(struct hf_cli *cli, const char *path,
                                 struct hf_policy **ret_policy, bool *ret_shown,
                                 struct hf_err *err);

/* The exit code of a command on policies that ended with rc. */
int hf_policy_source_exit(struct hf_cli *cli, enum hf_rc rc, bool shown, const struct hf_err *err);

#endif
