/* base/cli/man.c: writes the manual page in the `man` macros. */
#include "base/cli/man.h"

#include "base/cli/tree.h"

/* Text inside of a line: a backslash and a dash mean something to roff. */
static void put_text(FILE *out, struct hf_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\\') {
            (void)fputs("\\e", out);
        } else if (c == '-') {
            (void)fputs("\\-", out);
        } else {
            (void)fputc(c, out);
        }
    }
}

/* Paragraphs; a line that begins with a dot or an apostrophe would be a request. */
static void put_paragraphs(FILE *out, const char *text)
{
    bool gap = false;
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (len == 0) {
            gap = true;
        } else {
            if (gap) {
                (void)fputs(".PP\n", out);
                gap = false;
            }
            if (line[0] == '.' || line[0] == '\'') {
                (void)fputs("\\&", out);
            }
            put_text(out, (struct hf_str){line, len});
            (void)fputc('\n', out);
        }
        line += len + (line[len] == '\n' ? 1 : 0);
    }
}

static void put_string(FILE *out, const char *text)
{
    put_text(out, hf_str_c(text));
}

static void put_option(FILE *out, const struct hf_cli_option *option)
{
    char text[HF_CLI_OPTION_TEXT];
    (void)fputs(".TP\n", out);
    if (option->letter != 0) {
        (void)fprintf(out, "\\fB\\-%c\\fR, ", option->letter);
    }
    (void)fputs("\\fB\\-\\-", out);
    put_string(out, option->name);
    (void)fputs("\\fR", out);
    if (hf_cli_value_name(option) != NULL) {
        (void)fputs(" \\fI", out);
        put_string(out, hf_cli_value_name(option));
        (void)fputs("\\fR", out);
    }
    (void)fputc('\n', out);
    hf_cli_option_text(option, text);
    put_paragraphs(out, text);
}

static void put_synopsis(FILE *out, const struct hf_cli_command *command, const char *name)
{
    (void)fputs("\\fB", out);
    put_string(out, name);
    (void)fputs("\\fR", out);
    if (command->option_count > 0) {
        (void)fputs(" [\\fIOPTIONS\\fR]", out);
    }
    for (size_t i = 0; i < command->operand_count; i++) {
        const struct hf_cli_operand *operand = &command->operands[i];
        (void)fputs(operand->optional ? " [\\fI" : " \\fI", out);
        put_string(out, operand->name);
        (void)fprintf(out, "\\fR%s%s", operand->repeated ? "..." : "",
                      operand->optional ? "]" : "");
    }
    (void)fputc('\n', out);
}

static void put_examples(FILE *out, const char *examples)
{
    (void)fputs(".PP\n.nf\n.RS\n", out);
    for (const char *line = examples; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        (void)fputs("\\&", out);
        put_text(out, (struct hf_str){line, len});
        (void)fputc('\n', out);
        line += len + (line[len] == '\n' ? 1 : 0);
    }
    (void)fputs(".RE\n.fi\n", out);
}

static void put_command(FILE *out, const struct hf_cli_command *command, const char *name)
{
    (void)fputs(".SS ", out);
    put_string(out, name);
    (void)fputc('\n', out);
    put_synopsis(out, command, name);
    (void)fputs(".PP\n", out);
    char sentence[HF_CLI_SENTENCE];
    put_paragraphs(out, hf_cli_description(command, sentence));
    for (size_t i = 0; i < command->operand_count; i++) {
        (void)fputs(".TP\n\\fI", out);
        put_string(out, command->operands[i].name);
        (void)fputs("\\fR\n", out);
        put_paragraphs(out, command->operands[i].help);
    }
    for (size_t i = 0; i < command->option_count; i++) {
        put_option(out, &command->options[i]);
    }
    if (command->examples != NULL) {
        put_examples(out, command->examples);
    }
}

static void put_title(FILE *out, const struct hf_cli_command *root)
{
    (void)fputs(".TH ", out);
    for (const char *p = root->name; *p != '\0'; p++) {
        char upper = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
        put_text(out, (struct hf_str){&upper, 1});
    }
    /* No date: the same tree gives the same page, whenever it is built. */
    (void)fprintf(out, " 1 \"\" \"%s %s\" \"User Commands\"\n", root->name,
                  root->version != NULL ? root->version : "");
    (void)fputs(".SH NAME\n", out);
    put_string(out, root->name);
    (void)fputs(" \\- ", out);
    put_string(out, root->summary);
    (void)fputs("\n.SH SYNOPSIS\n\\fB", out);
    put_string(out, root->name);
    (void)fputs("\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIOPERANDS\\fR]\n", out);
}

static void put_ending(FILE *out)
{
    (void)fputs(".SH OPTIONS\nEach command also takes these.\n", out);
    for (size_t i = 0; i < HF_CLI_COMMON_COUNT; i++) {
        put_option(out, &hf_cli_common[i]);
    }
    (void)fputs(".SH EXIT STATUS\n"
                ".TP\n\\fB0\\fR\nDone.\n"
                ".TP\n\\fB1\\fR\nThe answer is no: what was checked does not verify.\n"
                ".TP\n\\fB2\\fR\nWrong usage: arguments, environment or configuration file.\n"
                ".TP\n\\fB3\\fR\nIt could not be done.\n"
                ".SH ENVIRONMENT\n"
                ".TP\n\\fBHOLDFAST_CONFIG\\fR\n"
                "Path of the configuration file of all programs of a server, with lines\n"
                "\\(lqkey = value\\(rq and sections \\(lq[hub]\\(rq. With a dash before it the\n"
                "file may be missing.\n"
                "A value comes from the command line, else from the environment, else from this\n"
                "file, else it is the default.\n",
                out);
}

void hf_man_write(FILE *out, const struct hf_cli_command *root)
{
    put_title(out, root);
    (void)fputs(".SH DESCRIPTION\n", out);
    char sentence[HF_CLI_SENTENCE];
    put_paragraphs(out, hf_cli_description(root, sentence));
    (void)fputs(".SH COMMANDS\n", out);
    struct hf_cli_walk walk;
    hf_cli_walk_init(&walk, root, /* hidden= */ false);
    for (const struct hf_cli_command *c; (c = hf_cli_walk_next(&walk)) != NULL;) {
        if (c->run != NULL && c != root) {
            char name[HF_CLI_NAME_MAX];
            hf_cli_walk_name(&walk, name);
            put_command(out, c, name);
        }
    }
    put_ending(out);
    if (root->examples != NULL) {
        (void)fputs(".SH EXAMPLES\n", out);
        put_examples(out, root->examples);
    }
}
