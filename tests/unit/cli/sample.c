/* tests/unit/cli/sample.c: a small program that the tests of base/cli run. */
#include "tests/unit/cli/sample.h"

#include <inttypes.h>

#define WORDS_MAX 64
#define LINE_SIZE 4096

static int run_append(struct hf_cli *cli)
{
    const char *kind = hf_cli_str(cli, "kind");
    hf_cli_printf(cli,
                  "dir=%s from=%" PRIu64 " given=%d size=%" PRIu64 " kind=%s/%zu hex=%d origin=%s",
                  hf_cli_operand(cli, 0), hf_cli_u64(cli, "from"), hf_cli_given(cli, "from"),
                  hf_cli_u64(cli, "size"), kind, hf_cli_choice(cli, "kind"),
                  hf_cli_flag(cli, "hex"), hf_cli_str(cli, "origin"));
    hf_cli_printf(cli, " json=%d", cli->json);
    if (hf_cli_given(cli, "place")) {
        hf_cli_printf(cli, " place=%s", hf_cli_str(cli, "place"));
    }
    hf_cli_note(cli, "a note");
    return HF_EXIT_OK;
}

static int run_show(struct hf_cli *cli)
{
    struct hf_err err = {0};
    if (hf_cli_given(cli, "refuse")) {
        return hf_cli_refuse(cli, "'%s' does not go with this", hf_cli_str(cli, "refuse"));
    }
    if (hf_cli_operand_count(cli) == 0) {
        return hf_cli_no(cli, "entry 7 does not verify");
    }
    (void)hf_err_set(&err, HF_EIO, "broken: %s\n\033[31m", hf_cli_operand(cli, 0));
    return hf_cli_fail(cli, &err);
}

static int run_cat(struct hf_cli *cli)
{
    for (size_t i = 0; i < hf_cli_operand_count(cli); i++) {
        hf_cli_printf(cli, "[%s]", hf_cli_operand(cli, i));
    }
    return HF_EXIT_OK;
}

static int run_check(struct hf_cli *cli)
{
    const struct hf_err more = {.rc = HF_EUSAGE, .text = "from: 13 brings no luck"};
    if (hf_cli_u64(cli, "from") == 13) {
        hf_cli_add_problem(cli, &more);
    }
    return hf_cli_problems(cli);
}

static enum hf_rc check_place(const char *text, struct hf_err *err)
{
    return strcmp(text, "nowhere") == 0 ? hf_err_set(err, HF_EINVAL, "there is no such place")
                                        : HF_OK;
}

static const char *const kinds[] = {"opaque", "events", NULL};

static const struct hf_cli_option append_options[] = {
    {.name = "from",
     .letter = 'f',
     .kind = HF_CLI_U64,
     .help = "where to begin",
     .fallback = "1",
     .env = "SAMPLE_FROM",
     .setting = "from",
     .min = 1,
     .max = 100},
    {.name = "size", .kind = HF_CLI_SIZE, .help = "how much", .setting = "size", .min = 4096},
    {.name = "kind",
     .letter = 'k',
     .kind = HF_CLI_CHOICE,
     .help = "kind of log",
     .fallback = "opaque",
     .setting = "kind",
     .choices = kinds},
    {.name = "hex", .letter = 'x', .help = "entries in hex", .setting = "hex"},
    {.name = "origin",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .help = "name of the log",
     .fallback = "none",
     .setting = "origin"},
    {.name = "place",
     .kind = HF_CLI_STRING,
     .help = "where it lies",
     .setting = "hub_place",
     .check = check_place},
};

static const struct hf_cli_operand append_operands[] = {{.name = "DIR", .help = "the log"}};

static const struct hf_cli_command sample_append = {
    .name = "append",
    .summary = "add entries",
    .description = "Adds entries.\n\n.A line that begins with a dot, a back\\slash and a - dash.",
    .examples = "sample log append --hex x\n.dotted\n",
    .options = append_options,
    .option_count = HF_LEN(append_options),
    .operands = append_operands,
    .operand_count = HF_LEN(append_operands),
    .run = run_append,
};

static const struct hf_cli_command sample_check = {
    .name = "all",
    .summary = "say all that is wrong",
    .options = append_options,
    .option_count = HF_LEN(append_options),
    .run = run_check,
    .no_json = true,
    .hidden = true,
    .collects = true,
};

static const struct hf_cli_option show_options[] = {
    {.name = "refuse", .kind = HF_CLI_STRING, .help = "be refused"},
};

static const struct hf_cli_operand show_operands[] = {
    {.name = "DIR", .help = "the log", .optional = true},
};

static const struct hf_cli_command sample_show = {
    .name = "show",
    .summary = "show entries",
    .options = show_options,
    .option_count = HF_LEN(show_options),
    .operands = show_operands,
    .operand_count = HF_LEN(show_operands),
    .run = run_show,
    .no_json = true,
};

static const struct hf_cli_command sample_log = {
    .name = "log",
    .summary = "work on a log",
    HF_CLI_CHILDREN(&sample_append, &sample_show),
};

static const struct hf_cli_option cat_options[] = {
    {.name = "key", .kind = HF_CLI_STRING, .help = "a key", .required = true},
};

static const struct hf_cli_operand cat_operands[] = {
    {.name = "FILE", .help = "files", .repeated = true},
};

static const struct hf_cli_command sample_cat = {
    .name = "cat",
    .summary = "write files",
    .options = cat_options,
    .option_count = HF_LEN(cat_options),
    .operands = cat_operands,
    .operand_count = HF_LEN(cat_operands),
    .run = run_cat,
};

const struct hf_cli_command sample_root = {
    .name = "sample",
    .summary = "a program for tests",
    .version = "1.2.3",
    .section = "hub",
    HF_CLI_CHILDREN(&sample_log, &sample_cat, &sample_check, &hf_cli_help),
};

static const char *lookup(void *arg, const char *name)
{
    const struct sample *sample = arg;
    if (strcmp(name, "HOLDFAST_CONFIG") == 0) {
        return sample->config;
    }
    return strcmp(name, "SAMPLE_FROM") == 0 ? sample->env : NULL;
}

void sample_run(struct sample *sample, const char *line)
{
    char text[LINE_SIZE];
    char *words[WORDS_MAX] = {NULL};
    int count = 0;
    HF_ASSERT(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *p = text; p != NULL;) {
        HF_ASSERT(count < WORDS_MAX);
        words[count] = p;
        p = strchr(p, ' ');
        if (p != NULL) {
            *p++ = '\0';
        }
        if (strcmp(words[count], "''") == 0) {
            words[count][0] = '\0';
        }
        count++;
    }
    hf_cli_init(&sample->cli, &sample_root);
    memset(sample->out, 0, sizeof sample->out);
    memset(sample->err, 0, sizeof sample->err);
    sample->cli.out = fmemopen(sample->out, sizeof sample->out - 1, "w");
    sample->cli.err = fmemopen(sample->err, sizeof sample->err - 1, "w");
    HF_ASSERT(sample->cli.out != NULL && sample->cli.err != NULL);
    sample->cli.lookup = lookup;
    sample->cli.lookup_arg = sample;
    sample->code = hf_cli_run(&sample->cli, count, words);
    (void)fflush(sample->cli.err);
}

void sample_end(struct sample *sample)
{
    (void)fclose(sample->cli.out);
    (void)fclose(sample->cli.err);
    hf_cli_free(&sample->cli);
}
