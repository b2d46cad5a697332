/* tools/holdfast/commands.h: the commands of the program, each in the file of its name. */
#ifndef HF_TOOLS_HOLDFAST_COMMANDS_H
#define HF_TOOLS_HOLDFAST_COMMANDS_H

#include "base/cli/cli.h"

extern const struct hf_cli_command hf_command_log_append;     /* log_append.c */
extern const struct hf_cli_command hf_command_log_init;       /* log_init.c */
extern const struct hf_cli_command hf_command_log_sample;     /* log_sample.c */
extern const struct hf_cli_command hf_command_log_show;       /* log_show.c */
extern const struct hf_cli_command hf_command_log_stat;       /* log_stat.c */
extern const struct hf_cli_command hf_command_log_checkpoint; /* log_prove.c: */
extern const struct hf_cli_command hf_command_log_root;
extern const struct hf_cli_command hf_command_log_prove;
extern const struct hf_cli_command hf_command_log_prune; /* log_prune.c */
extern const struct hf_cli_command hf_command_log_consistency;
extern const struct hf_cli_command hf_command_log_export;   /* log_export.c */
extern const struct hf_cli_command hf_command_log_verify;   /* log_verify.c */
extern const struct hf_cli_command hf_command_proof_verify; /* proof_verify.c */

extern const struct hf_cli_command hf_command_approvals;    /* approvals.c: a group */
extern const struct hf_cli_command hf_command_artifact;     /* artifact.c: a group */
extern const struct hf_cli_command hf_command_artifact_key; /* artifact_sign.c: */
extern const struct hf_cli_command hf_command_artifact_sign;
extern const struct hf_cli_command hf_command_artifact_cosign;
extern const struct hf_cli_command hf_command_artifact_verify;
extern const struct hf_cli_command hf_command_budget;         /* budget.c: a group */
extern const struct hf_cli_command hf_command_cutover;        /* cutover.c: a group */
extern const struct hf_cli_command hf_command_flag;           /* flag.c: a group */
extern const struct hf_cli_command hf_command_policy;         /* policy.c: a group */
extern const struct hf_cli_command hf_command_policy_diff;    /* policy_diff.c */
extern const struct hf_cli_command hf_command_policy_publish; /* policy_publish.c: */
extern const struct hf_cli_command hf_command_policy_show;
extern const struct hf_cli_command hf_command_policy_activate;
extern const struct hf_cli_command hf_command_policy_simulate;    /* policy_simulate.c */
extern const struct hf_cli_command hf_command_principal;          /* principal.c: a group */
extern const struct hf_cli_command hf_command_contact;            /* contact.c: of principal */
extern const struct hf_cli_command hf_command_vault;              /* vault.c: a group */
extern const struct hf_cli_command hf_command_vault_import;       /* vault_import.c */
extern const struct hf_cli_command hf_command_tenant;             /* tenant.c: a group */
extern const struct hf_cli_command hf_command_directive;          /* directive.c: a group */
extern const struct hf_cli_command hf_command_erase;              /* erase.c */
extern const struct hf_cli_command hf_command_erase_verify;       /* erase_verify.c */
extern const struct hf_cli_command hf_command_subject;            /* subject.c: a group */
extern const struct hf_cli_command hf_command_events;             /* events.c: a group */
extern const struct hf_cli_command hf_command_region;             /* region.c: a group */
extern const struct hf_cli_command hf_command_region_follow;      /* region_follow.c */
extern const struct hf_cli_command hf_command_audit;              /* audit.c: a group */
extern const struct hf_cli_command hf_command_audit_secrets;      /* audit_secrets.c */
extern const struct hf_cli_command hf_command_projections;        /* projections.c: a group */
extern const struct hf_cli_command hf_command_projections_verify; /* projections_verify.c */
extern const struct hf_cli_command hf_command_projections_digest; /* projections_digest.c */
extern const struct hf_cli_command hf_command_projections_dead;   /* projections_promote.c: */
extern const struct hf_cli_command hf_command_projections_promote;
extern const struct hf_cli_command hf_command_projections_show; /* projections_show.c */

/* The operand that every log command begins with. */
#define HF_OPERAND_DIR                                                                             \
    {                                                                                              \
        .name = "DIR", .help = "the log's folder"                                                  \
    }

/* An index or size operand: decimal digits; complains like the option parser does. */
bool hf_operand_u64(struct hf_cli *cli, size_t index, const char *name, uint64_t *ret,
                    int *ret_exit);

#endif
