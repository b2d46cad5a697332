/* tests/fuzz/cli/fuzz_cli.c: command lines, environment and configuration file from bytes.
 *
 * Input: strings divided by NUL: the environment value, then the arguments. Property: what is
 * accepted means something definite: written out again as --name=value it is read as the same
 * values and operands.
 */
#include "base/heap.h"
#include "tests/unit/cli/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 64
#define TEXT_MAX  8192

struct line {
    char text[TEXT_MAX];
    size_t len;
    char *words[WORDS_MAX];
    int count;
};

static const char *lookup(void *arg, const char *name)
{
    return strcmp(name, "SAMPLE_FROM") == 0 ? arg : NULL;
}

static void add(struct line *line, const char *a, const char *b, const char *c, const char *d)
{
    HF_ASSERT(line->count < WORDS_MAX);
    size_t room = sizeof line->text - line->len;
    int len = snprintf(line->text + line->len, room, "%s%s%s%s", a, b, c, d);
    HF_ASSERT(len >= 0 && (size_t)len < room);
    line->words[line->count++] = line->text + line->len;
    line->len += (size_t)len + 1;
}

/* The accepted values, written in the plainest way. */
static void write_again(const struct hf_cli *cli, struct line *line)
{
    char name[HF_CLI_NAME_MAX];
    memcpy(name, cli->name, sizeof name);
    for (char *word = name; word != NULL;) {
        char *space = strchr(word, ' ');
        if (space != NULL) {
            *space++ = '\0';
        }
        add(line, word, "", "", "");
        word = space;
    }
    for (size_t i = 0; i < HF_CLI_OPTIONS_MAX; i++) {
        const struct hf_cli_value *value = &cli->values[i];
        if (value->source < HF_CLI_ENVIRONMENT) {
            continue;
        }
        const struct hf_cli_option *option = i < HF_CLI_COMMON_COUNT
                                                 ? &hf_cli_common[i]
                                                 : &cli->command->options[i - HF_CLI_COMMON_COUNT];
        bool flag = option->kind == HF_CLI_FLAG;
        add(line, "--", option->name, flag ? "" : "=", flag ? "" : value->text);
    }
    add(line, "--", "", "", "");
    for (size_t i = 0; i < hf_cli_operand_count(cli); i++) {
        add(line, hf_cli_operand(cli, i), "", "", "");
    }
}

static void check_same(const struct hf_cli *a, const struct hf_cli *b)
{
    HF_ASSERT(a->command == b->command && a->json == b->json && a->quiet == b->quiet);
    HF_ASSERT(a->help == b->help && a->version == b->version);
    HF_ASSERT(a->operand_count == b->operand_count);
    for (size_t i = 0; i < a->operand_count; i++) {
        HF_ASSERT(strcmp(a->operands[i], b->operands[i]) == 0);
    }
    for (size_t i = 0; i < HF_CLI_OPTIONS_MAX; i++) {
        const struct hf_cli_value *x = &a->values[i];
        const struct hf_cli_value *y = &b->values[i];
        HF_ASSERT(x->number == y->number && (x->text == NULL) == (y->text == NULL));
        HF_ASSERT(x->text == NULL || strcmp(x->text, y->text) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct line line = {.count = 0};
    struct line again = {.count = 0};
    char program[] = "sample";
    /* Half of the room, so that what is written again, which is longer, fits as well. */
    size = size < TEXT_MAX / 2 ? size : TEXT_MAX / 2;
    if (size > 0) {
        memcpy(line.text, data, size);
    }
    line.words[line.count++] = program;
    for (size_t at = strlen(line.text) + 1; at < size && line.count < WORDS_MAX / 2;) {
        /* No path that the input names is opened. */
        if (strstr(line.text + at, "config") != NULL) {
            return 0;
        }
        line.words[line.count++] = line.text + at;
        at += strlen(line.text + at) + 1;
    }
    struct hf_cli cli;
    struct hf_err err = {0};
    hf_cli_init(&cli, &sample_root);
    cli.lookup = lookup;
    cli.lookup_arg = line.text;
    enum hf_rc rc = hf_cli_parse(&cli, line.count, line.words, &err);
    HF_ASSERT(rc == HF_OK || (rc == HF_EUSAGE && err.text[0] != '\0'));
    if (rc == HF_OK) {
        struct hf_cli second;
        write_again(&cli, &again);
        hf_cli_init(&second, &sample_root);
        second.lookup = lookup;
        second.lookup_arg = NULL;
        rc = hf_cli_parse(&second, again.count, again.words, &err);
        HF_ASSERT(rc == HF_OK);
        check_same(&cli, &second);
        hf_cli_free(&second);
    }
    hf_cli_free(&cli);
    return 0;
}
