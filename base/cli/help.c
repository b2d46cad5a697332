/* base/cli/help.c: writes --help, and the `help` command. */
#include "base/cli/complete.h"
#include "base/cli/man.h"
#include "base/cli/text.h"
#include "base/cli/tree.h"

#include <inttypes.h>
#include <stdarg.h>

#define INDENT     2
#define COLUMN_MAX 30 /* a longer term has its text on the next line */

/* "  term    text", the text wrapped in its own column. */
static void put_term(FILE *out, const char *term, size_t column, const char *text)
{
    size_t width = INDENT + strlen(term);
    (void)fprintf(out, "%*s%s", INDENT, "", term);
    if (width + 2 > column) {
        (void)fprintf(out, "\n%*s", (int)column, "");
    } else {
        (void)fprintf(out, "%*s", (int)(column - width), "");
    }
    hf_text_wrap(out, hf_str_c(text), column, column);
}

static size_t wider(size_t column, const char *term)
{
    size_t width = INDENT + strlen(term) + 2;
    return width > column && width <= COLUMN_MAX ? width : column;
}

static void option_term(const struct hf_cli_option *option, char *term, size_t cap)
{
    char letter[8] = "    ";
    if (option->letter != 0) {
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    const char *value = hf_cli_value_name(option);
    (void)snprintf(term, cap, "%s--%s%s%s", letter, option->name, value != NULL ? " " : "",
                   value != NULL ? value : "");
}

static void put_usage(FILE *out, const struct hf_cli_command *command, const char *name)
{
    (void)fprintf(out, "Usage: %s [OPTIONS]", name);
    if (command->run == NULL) {
        (void)fprintf(out, " COMMAND");
    }
    for (size_t i = 0; i < command->option_count; i++) {
        const struct hf_cli_option *option = &command->options[i];
        if (option->required) {
            (void)fprintf(out, " --%s %s", option->name, hf_cli_value_name(option));
        }
    }
    for (size_t i = 0; i < command->operand_count; i++) {
        const struct hf_cli_operand *operand = &command->operands[i];
        (void)fprintf(out, operand->optional ? " [%s%s]" : " %s%s", operand->name,
                      operand->repeated ? "..." : "");
    }
    (void)fputc('\n', out);
}

static void put_operands(FILE *out, const struct hf_cli_command *command)
{
    if (command->operand_count == 0) {
        return;
    }
    size_t column = 0;
    for (size_t i = 0; i < command->operand_count; i++) {
        column = wider(column, command->operands[i].name);
    }
    (void)fprintf(out, "\nOperands:\n");
    for (size_t i = 0; i < command->operand_count; i++) {
        put_term(out, command->operands[i].name, column, command->operands[i].help);
    }
}

struct line {
    char *text;
    size_t len;
    const char *mark; /* before the next remark */
};

static __attribute__((format(printf, 2, 3))) void remark(struct line *line, const char *format, ...)
{
    size_t room = HF_CLI_OPTION_TEXT - line->len;
    int n = snprintf(line->text + line->len, room, "%s", line->mark);
    HF_ASSERT(n >= 0 && (size_t)n < room);
    line->len += (size_t)n;
    room -= (size_t)n;
    va_list args;
    va_start(args, format);
    n = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    HF_ASSERT(n >= 0 && (size_t)n < room);
    line->len += (size_t)n;
    line->mark = "; ";
}

static void remark_range(struct line *line, const struct hf_cli_option *option)
{
    if (option->max != 0) {
        remark(line, "%" PRIu64 " to %" PRIu64, option->min, option->max);
    } else if (option->min != 0) {
        remark(line, "at least %" PRIu64, option->min);
    }
}

void hf_cli_option_text(const struct hf_cli_option *option, char text[HF_CLI_OPTION_TEXT])
{
    struct line line = {.text = text, .mark = ""};
    text[0] = '\0';
    remark(&line, "%s", option->help);
    line.mark = " (";
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
        remark(&line, "%s", option->choices[i]);
        line.mark = ", ";
    }
    line.mark = line.mark[0] == ',' ? "; " : line.mark;
    remark_range(&line, option);
    if (option->fallback != NULL) {
        remark(&line, "default %s", option->fallback);
    }
    if (option->env != NULL) {
        remark(&line, "environment %s", option->env);
    }
    if (option->setting != NULL) {
        remark(&line, "setting %s", option->setting);
    }
    if (line.mark[0] == ';') {
        line.mark = "";
        remark(&line, ")");
    }
}

static void put_options(FILE *out, const struct hf_cli_command *command)
{
    char term[128];
    size_t column = 0;
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(command, i)) != NULL; i++) {
        option_term(option, term, sizeof term);
        column = wider(column, term);
    }
    (void)fprintf(out, "\nOptions:\n");
    for (size_t i = 0; i < command->option_count; i++) {
        char text[HF_CLI_OPTION_TEXT];
        option_term(&command->options[i], term, sizeof term);
        hf_cli_option_text(&command->options[i], text);
        put_term(out, term, column, text);
    }
    for (size_t i = 0; i < HF_CLI_COMMON_COUNT; i++) {
        if (hf_cli_common_shown(command, &hf_cli_common[i])) {
            option_term(&hf_cli_common[i], term, sizeof term);
            put_term(out, term, column, hf_cli_common[i].help);
        }
    }
}

static void put_commands(FILE *out, const struct hf_cli_command *command)
{
    size_t column = 0;
    for (size_t i = 0; i < command->child_count; i++) {
        column = wider(column, command->children[i]->name);
    }
    const char *title = "\nCommands:\n";
    for (size_t i = 0; i < command->child_count; i++) {
        if (command->children[i]->hidden) {
            continue;
        }
        (void)fputs(title, out);
        title = "";
        put_term(out, command->children[i]->name, column, command->children[i]->summary);
    }
}

const char *hf_cli_description(const struct hf_cli_command *command, char out[HF_CLI_SENTENCE])
{
    if (command->description != NULL) {
        return command->description;
    }
    (void)snprintf(out, HF_CLI_SENTENCE, "%s.", command->summary);
    if (out[0] >= 'a' && out[0] <= 'z') {
        out[0] = (char)(out[0] - 'a' + 'A');
    }
    return out;
}

void hf_cli_write_help(FILE *out, const struct hf_cli_command *root,
                       const struct hf_cli_command *command, const char *name)
{
    put_usage(out, command, name);
    (void)fputc('\n', out);
    char sentence[HF_CLI_SENTENCE];
    hf_text_wrap(out, hf_str_c(hf_cli_description(command, sentence)), 0, 0);
    put_commands(out, command);
    put_operands(out, command);
    put_options(out, command);
    if (command->examples != NULL) {
        (void)fprintf(out, "\nExamples:\n");
        for (const char *line = command->examples; *line != '\0';) {
            size_t len = strcspn(line, "\n");
            (void)fprintf(out, len == 0 ? "%.*s\n" : "  %.*s\n", (int)len, line);
            line += len + (line[len] == '\n' ? 1 : 0);
        }
    }
    if (command == root) {
        (void)fprintf(
            out, "\nExit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 could not be done.\n");
    }
}

static int run_help(struct hf_cli *cli)
{
    const struct hf_cli_command *command = cli->root;
    char name[HF_CLI_NAME_MAX] = "";
    hf_cli_name_add(name, command->name);
    for (size_t i = 0; i < hf_cli_operand_count(cli); i++) {
        const char *word = hf_cli_operand(cli, i);
        const struct hf_cli_command *child = hf_cli_child(command, hf_str_c(word));
        if (child == NULL) {
            return hf_cli_refuse(cli, "there is no command '%s %.80s'", name, word);
        }
        command = child;
        hf_cli_name_add(name, child->name);
    }
    hf_cli_write_help(cli->out, cli->root, command, name);
    return HF_EXIT_OK;
}

static int run_man(struct hf_cli *cli)
{
    hf_man_write(cli->out, cli->root);
    return HF_EXIT_OK;
}

static int run_completion(struct hf_cli *cli)
{
    hf_complete_write(cli->out, cli->root);
    return HF_EXIT_OK;
}

static const struct hf_cli_command help_man = {
    .name = "man",
    .summary = "write the manual page to standard output",
    .examples = "holdfast help man > /usr/local/share/man/man1/holdfast.1\n",
    .run = run_man,
    .no_json = true,
    .hidden = true,
};

static const struct hf_cli_command help_completion = {
    .name = "completion",
    .summary = "write a script for bash that completes commands and options",
    .examples = "source <(holdfast help completion)\n",
    .run = run_completion,
    .no_json = true,
    .hidden = true,
};

static const struct hf_cli_operand help_operands[] = {
    {.name = "COMMAND", .help = "words of the command", .optional = true, .repeated = true},
};

const struct hf_cli_command hf_cli_help = {
    .name = "help",
    .summary = "explain a command",
    .description = "Shows what a command does and what it takes.\n\n"
                   "'help man' writes the manual page and 'help completion' a script for bash; "
                   "both come from the same declarations as this text.",
    .operands = help_operands,
    .operand_count = HF_LEN(help_operands),
    HF_CLI_CHILDREN(&help_man, &help_completion),
    .run = run_help,
    .no_json = true,
};
