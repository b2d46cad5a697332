/* base/cli/cli.c: runs the command that the arguments name and reports how it ended. */
#include "base/cli/cli.h"

#include "base/cli/args.h"
#include "base/cli/text.h"
#include "base/cli/tree.h"
#include "base/heap.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 1024

const struct hf_cli_option hf_cli_common[HF_CLI_COMMON_COUNT] = {
    {.name = "config",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .help = "configuration file, instead of $HOLDFAST_CONFIG"},
    {.name = "help", .letter = 'h', .help = "show this help"},
    {.name = "json", .help = "write JSON for programs instead of text for people"},
    {.name = "quiet", .letter = 'q', .help = "show no progress and no notes, only errors"},
    {.name = "version", .help = "show the version"},
};

bool hf_cli_common_shown(const struct hf_cli_command *command, const struct hf_cli_option *common)
{
    bool is_json = strcmp(common->name, "json") == 0;
    bool is_config = strcmp(common->name, "config") == 0;
    return is_json     ? command->run != NULL && !command->no_json
           : is_config ? command->run != NULL
                       : true;
}

const char *hf_cli_value_name(const struct hf_cli_option *option)
{
    if (option->value != NULL || option->kind == HF_CLI_FLAG) {
        return option->value;
    }
    return option->kind == HF_CLI_U64 ? "N" : option->kind == HF_CLI_SIZE ? "SIZE" : "VALUE";
}

static const char *lookup_environment(void *arg, const char *name)
{
    (void)arg;
    return getenv(name);
}

void hf_cli_init(struct hf_cli *cli, const struct hf_cli_command *root)
{
    *cli = (struct hf_cli){
        .in = stdin,
        .out = stdout,
        .err = stderr,
        .env = hf_env_os(),
        .lookup = lookup_environment,
        .root = root,
        .command = root,
        .config = hf_buf_init(HF_CLI_CONFIG_MAX),
        .problems = hf_buf_init(HF_CLI_PROBLEMS_MAX),
    };
    hf_cli_tree_check(root);
    hf_cli_name_add(cli->name, root->name);
}

void hf_cli_free(struct hf_cli *cli)
{
    hf_heap_free(cli->operands);
    cli->operands = NULL;
    cli->operand_count = 0;
    hf_buf_free(&cli->config);
    hf_buf_free(&cli->problems);
}

/* One line, whatever is in the text. */
static void put_line(const struct hf_cli *cli, const char *text)
{
    (void)fprintf(cli->err, "%s: ", cli->name);
    hf_text_write(cli->err, hf_str_c(text));
    (void)fputc('\n', cli->err);
}

static __attribute__((format(printf, 2, 0))) void put_format(const struct hf_cli *cli,
                                                             const char *format, va_list args)
{
    char line[LINE_MAX_BYTES];
    if (vsnprintf(line, sizeof line, format, args) >= 0) {
        put_line(cli, line);
    }
}

static const struct hf_cli_option *find_option(const struct hf_cli *cli, const char *name,
                                               size_t *ret_index)
{
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(cli->command, i)) != NULL; i++) {
        if (strcmp(option->name, name) == 0) {
            *ret_index = i;
            return option;
        }
    }
    HF_UNREACHABLE("a command asks for an option that it does not declare");
}

const char *hf_cli_str(const struct hf_cli *cli, const char *name)
{
    size_t i;
    const struct hf_cli_option *option = find_option(cli, name, &i);
    HF_ASSERT(option->kind == HF_CLI_STRING || option->kind == HF_CLI_CHOICE);
    return cli->values[i].text;
}

uint64_t hf_cli_u64(const struct hf_cli *cli, const char *name)
{
    size_t i;
    const struct hf_cli_option *option = find_option(cli, name, &i);
    HF_ASSERT(option->kind == HF_CLI_U64 || option->kind == HF_CLI_SIZE);
    return cli->values[i].number;
}

bool hf_cli_flag(const struct hf_cli *cli, const char *name)
{
    size_t i;
    const struct hf_cli_option *option = find_option(cli, name, &i);
    HF_ASSERT(option->kind == HF_CLI_FLAG);
    return cli->values[i].number != 0;
}

size_t hf_cli_choice(const struct hf_cli *cli, const char *name)
{
    size_t i;
    const struct hf_cli_option *option = find_option(cli, name, &i);
    HF_ASSERT(option->kind == HF_CLI_CHOICE);
    return cli->values[i].source == HF_CLI_UNSET ? SIZE_MAX : (size_t)cli->values[i].number;
}

bool hf_cli_given(const struct hf_cli *cli, const char *name)
{
    size_t i;
    (void)find_option(cli, name, &i);
    return cli->values[i].source > HF_CLI_FALLBACK;
}

const char *hf_cli_operand(const struct hf_cli *cli, size_t index)
{
    return index < cli->operand_count ? cli->operands[index] : NULL;
}

size_t hf_cli_operand_count(const struct hf_cli *cli)
{
    return cli->operand_count;
}

/* Keeps the reason of the first failure, because later calls do not repeat it. */
static void note_out_failure(struct hf_cli *cli, int saved_errno)
{
    if (cli->out_errno == 0) {
        cli->out_errno = saved_errno;
    }
}

void hf_cli_printf(struct hf_cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    errno = 0;
    if (vfprintf(cli->out, format, args) < 0) {
        note_out_failure(cli, errno);
    }
    va_end(args);
}

void hf_cli_line(struct hf_cli *cli, const struct hf_buf *text)
{
    if (text->failed != HF_OK) {
        note_out_failure(cli, text->failed == HF_ETOOBIG ? EFBIG : ENOMEM);
        return;
    }
    hf_cli_printf(cli, "%.*s\n", (int)text->len, (const char *)text->ptr);
}

void hf_cli_note(struct hf_cli *cli, const char *format, ...)
{
    if (cli->quiet) {
        return;
    }
    va_list args;
    va_start(args, format);
    put_format(cli, format, args);
    va_end(args);
}

enum hf_rc hf_cli_flush(struct hf_cli *cli, struct hf_err *err)
{
    errno = 0;
    if (fflush(cli->out) != 0) {
        note_out_failure(cli, errno);
    } else if (ferror(cli->out) == 0 && cli->out_errno == 0) {
        return HF_OK;
    }
    if (cli->out_errno == EPIPE) {
        return hf_err_set(err, HF_EIO,
                          "standard output was closed before all was written; let its reader "
                          "read to the end");
    }
    char reason[64];
    const char *text =
        cli->out_errno == 0 ? "unknown reason" : strerror_r(cli->out_errno, reason, sizeof reason);
    return hf_err_set(err, HF_EIO,
                      "standard output could not be written: %s; what was written is incomplete, "
                      "make room or name another place and run it again",
                      text);
}

int hf_cli_fail(struct hf_cli *cli, const struct hf_err *err)
{
    put_line(cli, err->text[0] != '\0' ? err->text : hf_rc_text(err->rc));
    return err->rc == HF_EUSAGE ? HF_EXIT_USAGE : HF_EXIT_FAILED;
}

int hf_cli_refuse(struct hf_cli *cli, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof line) {
        (void)snprintf(line + len, sizeof line - (size_t)len, "; see '%s --help'", cli->name);
    }
    put_line(cli, line);
    return HF_EXIT_USAGE;
}

int hf_cli_no(struct hf_cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    put_format(cli, format, args);
    va_end(args);
    return HF_EXIT_NO;
}

void hf_cli_add_problem(struct hf_cli *cli, const struct hf_err *err)
{
    hf_buf_str(&cli->problems, hf_str_c(err->text[0] != '\0' ? err->text : hf_rc_text(err->rc)));
    hf_buf_str(&cli->problems, HF_STR("\n"));
}

int hf_cli_problems(struct hf_cli *cli)
{
    char line[sizeof(struct hf_err)];
    struct hf_cursor cursor = hf_cursor_init(hf_buf_bytes(&cli->problems));
    for (struct hf_str text; hf_cursor_line(&cursor, &text);) {
        (void)snprintf(line, sizeof line, "%.*s", HF_STR_ARG(text));
        put_line(cli, line);
    }
    if (cli->problems.failed != HF_OK) {
        put_line(cli, "there is more that is wrong than can be shown; mend this first");
    }
    return cli->problems.len > 0 || cli->problems.failed != HF_OK ? HF_EXIT_NO : HF_EXIT_OK;
}

enum hf_rc hf_cli_wrong(struct hf_cli *cli, enum hf_rc rc, const struct hf_err *err)
{
    if (rc == HF_OK || rc == HF_ENOMEM || !cli->command->collects) {
        return rc;
    }
    hf_cli_add_problem(cli, err);
    return HF_OK;
}

static int run_command(struct hf_cli *cli, int argc, char **argv)
{
    struct hf_err err = {0};
    if (hf_cli_parse(cli, argc, argv, &err) != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    if (cli->help) {
        hf_cli_write_help(cli->out, cli->root, cli->command, cli->name);
        return HF_EXIT_OK;
    }
    if (cli->version) {
        HF_ASSERT(cli->root->version != NULL);
        hf_cli_printf(cli, "%s %s\n", cli->root->name, cli->root->version);
        return HF_EXIT_OK;
    }
    int code = cli->command->run(cli);
    HF_ASSERT(code >= HF_EXIT_OK && code <= HF_EXIT_FAILED);
    return code;
}

int hf_cli_run(struct hf_cli *cli, int argc, char **argv)
{
    int code = run_command(cli, argc, argv);
    struct hf_err err = {0};
    if (hf_cli_flush(cli, &err) != HF_OK) {
        put_line(cli, err.text);
        /* An answer that did not arrive is no answer; an error that was reported stays. */
        return code == HF_EXIT_USAGE ? code : HF_EXIT_FAILED;
    }
    return code;
}

int hf_cli_main(const struct hf_cli_command *root, int argc, char **argv)
{
    /* A reader that goes away shall be an error with a message, not a silent death. */
    (void)signal(SIGPIPE, SIG_IGN);
    hf_heap_start();
    struct hf_cli cli;
    hf_cli_init(&cli, root);
    int code = hf_cli_run(&cli, argc, argv);
    hf_cli_free(&cli);
    return code;
}
