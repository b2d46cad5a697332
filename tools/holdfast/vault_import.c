/* tools/holdfast/vault_import.c: holdfast vault import: a file of secrets goes into the vault. */
#include <stdio.h>

#include "tools/holdfast/agent_call.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/secret_in.h"
#include "tools/holdfast/secret_lines.h"

struct import {
    struct hf_cli *cli;
    struct hf_hub_session session;
    unsigned added;
    unsigned known;
};

static enum hf_rc look(void *arg, const struct hf_secret_line *line, struct hf_err *err)
{
    (void)arg;
    (void)line;
    (void)err;
    return HF_OK;
}

static enum hf_rc put(void *arg, const struct hf_secret_line *line, struct hf_err *err)
{
    struct import *import = arg;
    char path[200];
    const struct hf_json *json = NULL;
    (void)snprintf(path, sizeof path, "/v1/vault/secrets/%.*s?kind=%.*s", HF_STR_ARG(line->name),
                   HF_STR_ARG(line->kind));
    enum hf_rc rc =
        hf_agent_ask(&import->session, "PUT", path, hf_secret_reveal(line->value), &json, err);
    bool added = rc == HF_OK && hf_json_get_bool(json, "changed");
    import->added += added ? 1 : 0;
    import->known += rc == HF_OK && !added ? 1 : 0;
    return rc;
}

/* All lines are looked at before the first one is put. */
static enum hf_rc take_file(struct import *import, const struct hf_secret_file *file,
                            struct hf_err *err)
{
    struct hf_secret text = {0};
    enum hf_rc rc = hf_secret_read(file->fd, HF_SECRET_LINES_MAX, false, &text, err);
    if (rc == HF_OK) {
        rc = hf_secret_lines(hf_secret_reveal(&text), look, import, err);
    }
    if (rc == HF_OK) {
        rc = hf_secret_lines(hf_secret_reveal(&text), put, import, err);
    }
    hf_secret_free(&text);
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct import import = {.cli = cli};
    struct hf_secret_file file = {.fd = -1};
    struct hf_err err = {0};
    enum hf_rc rc = hf_agent_session_open(&import.session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_secret_file_open(hf_cli_operand(cli, 0), hf_cli_flag(cli, "on-disk"), &file, &err);
    }
    if (rc == HF_OK) {
        rc = take_file(&import, &file, &err);
        rc = rc == HF_OK ? rc : hf_err_wrap(&err, rc, "%s is kept, run this again", file.path);
    }
    if (rc == HF_OK) {
        rc = hf_secret_file_shred(&file, &err);
    }
    hf_secret_file_close(&file);
    hf_hub_session_close(&import.session);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    if (cli->json) {
        hf_cli_printf(cli, "{\"added\":%u,\"known\":%u}\n", import.added, import.known);
    } else {
        hf_cli_printf(cli, "%u secrets are in the vault, %u were there; the file is shredded\n",
                      import.added, import.known);
    }
    return HF_EXIT_OK;
}

static const struct hf_cli_operand operands[] = {
    {.name = "FILE", .help = "lines \"KIND NAME VALUE\", the value in base64; # begins a comment"}};
static const struct hf_cli_option options[] = {
    HF_AGENT_OPTION, {.name = "on-disk", .help = "take a file that does not lie in memory too"}};

const struct hf_cli_command hf_command_vault_import = {
    .name = "import",
    .summary = "take a file of secrets into the vault and shred it",
    .description = "For the first secrets of a server, which its provisioner leaves in a file of "
                   "mode 0600 on a tmpfs. The file is overwritten and removed when all of it is in "
                   "the vault; when anything fails it is kept, and the same command again goes on.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run};
