/* tools/holdfast/vault_import.c: holdfast vault import: a file of secrets goes into the vault. */
#include <stdio.h>

#include "base/base64.h"
#include "tools/holdfast/agent_call.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/secret_in.h"

#define FILE_MAX  (2u << 20)
#define VALUE_MAX 8192

struct import {
    struct hf_cli *cli;
    struct hf_hub_session session;
    unsigned line; /* from 1 */
    unsigned added;
    unsigned known;
};

static struct hf_str word(struct hf_str *io_line)
{
    const char *space = memchr(io_line->ptr, ' ', io_line->len);
    size_t len = space == NULL ? io_line->len : (size_t)(space - io_line->ptr);
    struct hf_str first = {io_line->ptr, len};
    size_t skip = space == NULL ? len : len + 1;
    *io_line = (struct hf_str){io_line->ptr + skip, io_line->len - skip};
    return first;
}

/* "KIND NAME BASE64"; without `put` it is only looked at. */
static enum hf_rc take_line(struct import *import, struct hf_str line, bool put, struct hf_err *err)
{
    char path[200];
    struct hf_secret value = {0};
    size_t len = 0;
    const struct hf_json *json = NULL;
    struct hf_str kind = word(&line);
    struct hf_str name = word(&line);
    enum hf_rc rc = hf_secret_alloc(VALUE_MAX, &value);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for a secret");
    }
    if (kind.len == 0 || kind.len > 32 || name.len == 0 || name.len > 64 ||
        hf_base64_decode(line, hf_secret_fill(&value), VALUE_MAX, &len) != HF_OK || len == 0) {
        rc = hf_err_set(err, HF_EINVAL, "a line is \"KIND NAME VALUE\", the value in base64");
    } else if (put) {
        (void)snprintf(path, sizeof path, "/v1/vault/secrets/%.*s?kind=%.*s", HF_STR_ARG(name),
                       HF_STR_ARG(kind));
        rc = hf_agent_ask(&import->session, "PUT", path,
                          hf_bytes_of(hf_secret_reveal(&value).ptr, len), &json, err);
        bool added = rc == HF_OK && hf_member_bool(json, "changed");
        import->added += added ? 1 : 0;
        import->known += rc == HF_OK && !added ? 1 : 0;
    }
    hf_secret_free(&value);
    return rc;
}

static enum hf_rc take_lines(struct import *import, struct hf_bytes text, bool put,
                             struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(text);
    enum hf_rc rc = HF_OK;
    import->line = 0;
    while (rc == HF_OK && cursor.left > 0) {
        struct hf_str line = {(const char *)cursor.ptr, cursor.left};
        import->line++;
        if (!hf_cursor_line(&cursor, &line)) {
            cursor.left = 0; /* the last line may have no end */
        }
        if (line.len > 0 && line.ptr[0] != '#') {
            rc = take_line(import, line, put, err);
        }
    }
    return rc == HF_OK ? rc : hf_err_wrap(err, rc, "line %u", import->line);
}

/* All lines are looked at before the first one is put. */
static enum hf_rc take_file(struct import *import, const struct hf_secret_file *file,
                            struct hf_err *err)
{
    struct hf_secret text = {0};
    enum hf_rc rc = hf_secret_read(file->fd, FILE_MAX, false, &text, err);
    if (rc == HF_OK) {
        rc = take_lines(import, hf_secret_reveal(&text), false, err);
    }
    if (rc == HF_OK) {
        rc = take_lines(import, hf_secret_reveal(&text), true, err);
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
