/* tools/holdfast/models.h: a region's log and the store of its read models, for the commands of
 * `holdfast projections`. */
#ifndef HF_TOOLS_HOLDFAST_MODELS_H
#define HF_TOOLS_HOLDFAST_MODELS_H

#include "projections/projector.h"
#include "tools/holdfast/session.h"

struct hf_models {
    struct hf_cli *cli;
    struct hf_session session; /* the log, as the first operand names it */
    struct hf_store *store;
    uint64_t until; /* the log's size when it was opened; may be lowered */
    bool strict;    /* set: an update ends at what cannot be read; HF_ECANCELED */
};

/* Opens the log and the store that `url` names: a path of a SQLite file, or postgresql://...; on
 * failure close all the same. */
enum hf_rc hf_models_open(struct hf_models *m, struct hf_cli *cli, const char *url,
                          struct hf_err *err);
/* The same for a command that only reads: what a Hub or its worker writes in PostgreSQL meanwhile
 * can be read all the same. */
enum hf_rc hf_models_open_to_read(struct hf_models *m, struct hf_cli *cli, const char *url,
                                  struct hf_err *err);
/* HF_EFORK: the store is another log's. */
enum hf_rc hf_models_check(struct hf_models *m, struct hf_err *err);
void hf_models_close(struct hf_models *m);
/* Closes, and answers the exit code. */
int hf_models_finish(struct hf_models *m, enum hf_rc rc, const struct hf_err *err);
/* Brings these projections (NULL: all) up to `until`, with a progress bar, and tells of what could
 * not be read. */
enum hf_rc hf_models_update(struct hf_models *m, const struct hf_projection *const *projections,
                            struct hf_err *err);
/* The projection that a command names; HF_EUSAGE when there is none. */
enum hf_rc hf_models_find(const char *name, const struct hf_projection **ret, struct hf_err *err);

/* The option that names the store; put it into a command's list. */
#define HF_MODELS_OPTION                                                                           \
    {                                                                                              \
        .name = "db", .kind = HF_CLI_STRING, .value = "URL", .required = true,                     \
        .env = "HOLDFAST_PROJECTIONS", .setting = "projections",                                   \
        .help = "the read models: a SQLite file, made when it is not there, or postgresql://..."   \
    }

#endif
