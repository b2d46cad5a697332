/* tools/holdfast/projections.c: holdfast projections: read models out of a region's log. */
#include <stdio.h>
#include <unistd.h>

#include "base/cli/progress.h"
#include "base/cli/table.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "projections/engine.h"
#include "projections/sqlite/store_sqlite.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

#define BATCH 2000

struct models {
    struct hf_cli *cli;
    struct hf_session session;
    struct hf_store *store;
};

static enum hf_rc open_models(struct models *m, struct hf_cli *cli, const char *db,
                              struct hf_err *err)
{
    *m = (struct models){.cli = cli};
    enum hf_rc rc = hf_session_open(&m->session, cli, HF_PLACE_READ, err);
    return rc == HF_OK ? hf_store_sqlite_open(db, &m->store, err) : rc;
}

static void close_models(struct models *m)
{
    hf_store_close(m->store);
    hf_session_close(&m->session);
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
    (void)total;
    hf_progress_set(arg, done);
}

static enum hf_rc run_models(struct models *m, struct hf_projection_run *ret, struct hf_err *err)
{
    struct hf_progress bar;
    hf_progress_start(&bar, m->cli, "read models", "entries", hf_log_size(m->session.log));
    enum hf_rc rc = hf_projections_run(m->store, m->session.log, BATCH, progress, &bar, ret, err);
    hf_progress_end(&bar);
    return rc;
}

/* One projection's name, position, rows and digest. */
static enum hf_rc put_status(struct models *m, const struct hf_projection *p,
                             struct hf_table *table, struct hf_json_out *json, struct hf_err *err)
{
    struct hf_hash digest;
    uint64_t rows = 0;
    uint64_t position = 0;
    char hex[2 * HF_HASH_SIZE + 1];
    enum hf_rc rc = hf_projection_digest(m->store, p, &digest, &rows, err);
    if (rc == HF_OK) {
        rc = hf_store_get_position(m->store, p->name, &position, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    uint64_t size = hf_log_size(m->session.log);
    hf_hex_encode(hf_bytes_of(digest.b, sizeof digest.b), hex);
    if (json != NULL) {
        hf_json_object_begin(json);
        hf_json_key_str(json, "projection", hf_str_c(p->name));
        hf_json_key_u64(json, "position", position);
        hf_json_key_u64(json, "lag", size > position ? size - position : 0);
        hf_json_key_u64(json, "rows", rows);
        hf_json_key_str(json, "digest", hf_str_c(hex));
        hf_json_object_end(json);
        return HF_OK;
    }
    hf_table_cell(table, hf_str_c(p->name));
    hf_table_u64(table, position);
    hf_table_u64(table, size > position ? size - position : 0);
    hf_table_u64(table, rows);
    hf_table_cell(table, hf_str_c(hex));
    hf_table_cell(table, hf_str_c(p->about));
    return HF_OK;
}

static enum hf_rc print_status(struct models *m, struct hf_err *err)
{
    static const struct hf_table_column columns[] = {{.title = "PROJECTION"},
                                                     {.title = "POSITION", .right = true},
                                                     {.title = "LAG", .right = true},
                                                     {.title = "ROWS", .right = true},
                                                     {.title = "DIGEST"},
                                                     {.title = "WHAT"}};
    struct hf_table table;
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(1u << 20);
    enum hf_rc rc = HF_OK;
    hf_table_init(&table, columns, HF_LEN(columns));
    hf_json_init(&json, &text);
    hf_json_array_begin(&json);
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        rc = put_status(m, hf_projections[i], &table, m->cli->json ? &json : NULL, err);
    }
    hf_json_array_end(&json);
    if (rc == HF_OK && m->cli->json) {
        hf_cli_printf(m->cli, "%.*s\n", (int)text.len, (const char *)text.ptr);
    } else if (rc == HF_OK) {
        rc = hf_table_write(&table, m->cli->out, err);
    }
    hf_table_free(&table);
    hf_buf_free(&text);
    return rc;
}

static int finish(struct models *m, enum hf_rc rc, const struct hf_err *err)
{
    struct hf_cli *cli = m->cli;
    close_models(m);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, err);
}

static int run_status(struct hf_cli *cli)
{
    struct models m;
    struct hf_err err = {0};
    enum hf_rc rc = open_models(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = print_status(&m, &err);
    }
    return finish(&m, rc, &err);
}

static void tell_dead(struct models *m, const struct hf_projection_run *run)
{
    if (run->dead_letters > 0) {
        hf_cli_note(m->cli, "%llu events could not be read, the last at entry %llu, event %u",
                    (unsigned long long)run->dead_letters, (unsigned long long)run->last_dead.index,
                    run->last_dead.offset);
    }
}

static int run_update(struct hf_cli *cli)
{
    struct models m;
    struct hf_err err = {0};
    struct hf_projection_run run;
    enum hf_rc rc = open_models(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = run_models(&m, &run, &err);
    }
    if (rc == HF_OK) {
        tell_dead(&m, &run);
        rc = print_status(&m, &err);
    }
    return finish(&m, rc, &err);
}

static int run_rebuild(struct hf_cli *cli)
{
    struct models m;
    struct hf_err err = {0};
    struct hf_projection_run run;
    const char *only = hf_cli_operand(cli, 1);
    bool found = only == NULL;
    enum hf_rc rc = open_models(&m, cli, hf_cli_str(cli, "db"), &err);
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        if (only == NULL || strcmp(only, hf_projections[i]->name) == 0) {
            found = true;
            rc = hf_projection_reset(m.store, hf_projections[i], &err);
        }
    }
    if (rc == HF_OK && !found) {
        rc = hf_err_set(&err, HF_EUSAGE,
                        "there is no read model \"%.60s\"; see holdfast "
                        "projections status",
                        only);
    }
    if (rc == HF_OK) {
        rc = run_models(&m, &run, &err);
    }
    if (rc == HF_OK) {
        tell_dead(&m, &run);
        rc = print_status(&m, &err);
    }
    return finish(&m, rc, &err);
}

/* verify: builds everything anew in a file beside it and compares digests. */

static enum hf_rc compare(struct models *have, struct models *fresh, const char **ret_differs,
                          struct hf_err *err)
{
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && hf_projections[i] != NULL; i++) {
        struct hf_hash a;
        struct hf_hash b;
        uint64_t rows = 0;
        rc = hf_projection_digest(have->store, hf_projections[i], &a, &rows, err);
        if (rc == HF_OK) {
            rc = hf_projection_digest(fresh->store, hf_projections[i], &b, &rows, err);
        }
        if (rc == HF_OK && !hf_hash_eq(&a, &b)) {
            *ret_differs = hf_projections[i]->name;
        }
    }
    return rc;
}

static void remove_fresh(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < HF_LEN(suffixes); i++) {
        char name[HF_PATH_MAX + 8];
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

static int run_verify(struct hf_cli *cli)
{
    struct models m;
    struct models fresh = {.cli = cli};
    struct hf_err err = {0};
    struct hf_projection_run run;
    char path[HF_PATH_MAX];
    const char *differs = NULL;
    (void)snprintf(path, sizeof path, "%s.verify", hf_cli_str(cli, "db"));
    remove_fresh(path);
    enum hf_rc rc = open_models(&m, cli, hf_cli_str(cli, "db"), &err);
    if (rc == HF_OK) {
        rc = run_models(&m, &run, &err); /* to the same position */
    }
    if (rc == HF_OK) {
        rc = open_models(&fresh, cli, path, &err);
    }
    if (rc == HF_OK) {
        rc = run_models(&fresh, &run, &err);
    }
    if (rc == HF_OK && hf_log_size(m.session.log) == hf_log_size(fresh.session.log)) {
        rc = compare(&m, &fresh, &differs, &err);
    }
    close_models(&fresh);
    remove_fresh(path);
    close_models(&m);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    if (differs != NULL) {
        return hf_cli_no(cli, "%s is not what the log says; holdfast projections rebuild mends it",
                         differs);
    }
    hf_cli_printf(cli, "every read model is what the log says\n");
    return HF_EXIT_OK;
}

static const struct hf_cli_option options[] = {
    {.name = "db",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .env = "HOLDFAST_PROJECTIONS",
     .setting = "projections",
     .help = "the SQLite file of the read models; made when it is not there"}};
static const struct hf_cli_operand operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"}};
static const struct hf_cli_operand rebuild_operands[] = {
    {.name = "DIR", .help = "the folder of the region's log"},
    {.name = "NAME", .help = "only this read model", .optional = true}};

static const struct hf_cli_command command_status = {.name = "status",
                                                     .summary =
                                                         "where each read model is, and its digest",
                                                     .options = options,
                                                     .option_count = HF_LEN(options),
                                                     .operands = operands,
                                                     .operand_count = HF_LEN(operands),
                                                     .run = run_status};
static const struct hf_cli_command command_update = {
    .name = "update",
    .summary = "bring the read models up to the log; goes on where it was interrupted",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_update};
static const struct hf_cli_command command_rebuild = {
    .name = "rebuild",
    .summary = "throw read models away and build them from the log",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = rebuild_operands,
    .operand_count = HF_LEN(rebuild_operands),
    .run = run_rebuild};
static const struct hf_cli_command command_verify = {
    .name = "verify",
    .summary = "build them again beside and compare; exit 1 names the one that differs",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_verify,
    .no_json = true};

const struct hf_cli_command hf_command_projections = {
    .name = "projections",
    .summary = "read models out of a region's log",
    HF_CLI_CHILDREN(&command_status, &command_update, &command_rebuild, &command_verify),
};
