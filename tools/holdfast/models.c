/* tools/holdfast/models.c: a region's log and the store of its read models. */
#include "tools/holdfast/models.h"

#include <string.h>

#include "base/cli/progress.h"
#include "projections/postgres/store_postgres.h"
#include "projections/source_log.h"
#include "projections/sqlite/store_sqlite.h"

#define STEP_EVENTS 50000

static bool is_postgres(const char *url)
{
    return strncmp(url, "postgresql://", sizeof "postgresql://" - 1) == 0 ||
           strncmp(url, "postgres://", sizeof "postgres://" - 1) == 0;
}

enum hf_rc hf_models_open(struct hf_models *m, struct hf_cli *cli, const char *url,
                          struct hf_err *err)
{
    *m = (struct hf_models){.cli = cli};
    enum hf_rc rc = hf_session_open(&m->session, cli, HF_PLACE_READ, err);
    if (rc == HF_OK) { /* roots are needed to know the log of a store again */
        rc = hf_log_load(m->session.log, /* fold= */ NULL, /* arg= */ NULL, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    m->until = hf_log_size(m->session.log);
    return is_postgres(url) ? hf_store_postgres_open(url, &m->store, err)
                            : hf_store_sqlite_open(url, &m->store, err);
}

enum hf_rc hf_models_open_to_read(struct hf_models *m, struct hf_cli *cli, const char *url,
                                  struct hf_err *err)
{
    enum hf_rc rc = hf_models_open(m, cli, url, err);
    bool written = rc == HF_ELOCKED && m->session.log != NULL && is_postgres(url);
    return written ? hf_store_postgres_open_reading(url, &m->store, err) : rc;
}

enum hf_rc hf_models_check(struct hf_models *m, struct hf_err *err)
{
    struct hf_source *source = NULL;
    struct hf_source_mark mark;
    enum hf_rc rc = hf_source_mark_read(m->store, &mark, err);
    if (rc == HF_OK) {
        rc = hf_source_log_new(m->session.log, &source, err);
    }
    if (rc == HF_OK) {
        rc = hf_source_mark_check(&mark, source, err);
    }
    hf_source_close(source);
    return rc;
}

void hf_models_close(struct hf_models *m)
{
    hf_store_close(m->store);
    hf_session_close(&m->session);
}

int hf_models_finish(struct hf_models *m, enum hf_rc rc, const struct hf_err *err)
{
    struct hf_cli *cli = m->cli;
    hf_models_close(m);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, err);
}

static void tell_dead(struct hf_models *m, const struct hf_projector_counts *counts)
{
    if (counts->dead_letters > 0) {
        hf_cli_note(m->cli,
                    "events could not be read, %llu times in all models, the last at entry %llu, "
                    "event %u; holdfast projections dead shows them",
                    (unsigned long long)counts->dead_letters,
                    (unsigned long long)counts->last_dead.index, counts->last_dead.offset);
    }
}

enum hf_rc hf_models_update(struct hf_models *m, const struct hf_projection *const *projections,
                            struct hf_err *err)
{
    struct hf_progress bar;
    struct hf_projector *projector = NULL;
    bool more = true;
    const struct hf_projector_conf conf = {.env = m->cli->env,
                                           .store = m->store,
                                           .log = m->session.log,
                                           .projections = projections,
                                           .until = m->until,
                                           .strict = m->strict};
    enum hf_rc rc = hf_projector_open(&conf, &projector, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_progress_start(&bar, m->cli, "read models", "entries", conf.until);
    while (rc == HF_OK && more) {
        rc = hf_projector_step(projector, STEP_EVENTS, &more, err);
        hf_progress_set(&bar, hf_projector_position(projector));
    }
    hf_progress_end(&bar);
    if (rc == HF_OK) {
        tell_dead(m, hf_projector_counts(projector));
    }
    hf_projector_close(projector);
    return rc;
}

enum hf_rc hf_models_find(const char *name, const struct hf_projection **ret, struct hf_err *err)
{
    *ret = hf_projection_find(hf_str_c(name));
    return *ret != NULL ? HF_OK
                        : hf_err_set(err, HF_EUSAGE,
                                     "there is no read model \"%.60s\"; see holdfast projections "
                                     "status",
                                     name);
}
