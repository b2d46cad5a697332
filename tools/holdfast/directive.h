/* tools/holdfast/directive.h: directives to tenants' agents, for every command that gives one. */
#ifndef HF_TOOLS_HOLDFAST_DIRECTIVE_H
#define HF_TOOLS_HOLDFAST_DIRECTIVE_H

#include "tools/holdfast/hub_call.h"

struct hf_directive_wish {
    const char *kind;
    const char *parameters; /* NULL: none */
    const char *artifact;   /* digest; NULL: none */
    hf_hub_show_fn *show;
};

/* A whole command with HF_DIRECTIVE_OPTIONS: gives the directive to whom they name. */
int hf_directive_command(struct hf_cli *cli, const struct hf_directive_wish *wish);
/* The same of a command with only HF_HUB_REASON_OPTION; tenant NULL: to all. */
int hf_directive_issue(struct hf_cli *cli, const char *tenant, uint64_t ttl_s,
                       const struct hf_directive_wish *wish);

#define HF_DIRECTIVE_OPTIONS(minutes)                                                              \
    {.name = "tenant", .kind = HF_CLI_STRING, .value = "TENANT", .help = "this one's agent"},      \
        {.name = "all", .help = "all agents of the region; needs the role approver"},              \
        {.name = "ttl",                                                                            \
         .kind = HF_CLI_U64,                                                                       \
         .value = "MINUTES",                                                                       \
         .fallback = (minutes),                                                                    \
         .min = 1,                                                                                 \
         .max = 10080,                                                                             \
         .help = "after that it is too late"},                                                     \
        HF_HUB_REASON_OPTION

#endif
