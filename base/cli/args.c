/* base/cli/args.c: turns arguments, environment and configuration file into values. */
#include "base/cli/args.h"

#include "base/cli/tree.h"
#include "base/heap.h"
#include "base/parse.h"

#include <inttypes.h>

/* How much of a person's own text an error repeats, so that the advice after it is not cut off. */
#define SHOWN "%.80s"

struct parser {
    struct hf_cli *cli;
    int argc;
    char **argv;
    int at;           /* the argument under the cursor */
    bool ended;       /* after "--" */
    bool has_operand; /* no more words of the command */
    struct hf_err *err;
};

static enum hf_rc out_of_range(const struct hf_cli_option *option, const char *text,
                               const char *where, struct hf_err *err)
{
    if (option->max == 0) {
        return hf_err_set(err, HF_EUSAGE, "%s: " SHOWN " is too small; the least is %" PRIu64,
                          where, text, option->min);
    }
    return hf_err_set(err, HF_EUSAGE,
                      "%s: " SHOWN " is out of range; give one from %" PRIu64 " to %" PRIu64, where,
                      text, option->min, option->max);
}

static enum hf_rc store_number(const struct hf_cli_option *option, const char *where,
                               struct hf_cli_value *io_value, struct hf_err *err)
{
    struct hf_str text = hf_str_c(io_value->text);
    uint64_t number = 0;
    enum hf_rc rc = option->kind == HF_CLI_SIZE ? hf_parse_size(text, &number)
                                                : hf_parse_u64(text, 0, UINT64_MAX, &number);
    if (rc == HF_ERANGE) {
        return hf_err_set(err, HF_EUSAGE, "%s: " SHOWN " is too large", where, text.ptr);
    }
    if (rc != HF_OK) {
        return hf_err_set(err, HF_EUSAGE,
                          option->kind == HF_CLI_SIZE
                              ? "%s: '" SHOWN "' is not a size; give bytes, as in 4096 or 64M"
                              : "%s: '" SHOWN "' is not a number; give decimal digits",
                          where, text.ptr);
    }
    if (number < option->min || (option->max != 0 && number > option->max)) {
        return out_of_range(option, text.ptr, where, err);
    }
    io_value->number = number;
    return HF_OK;
}

static enum hf_rc store_flag(const char *where, struct hf_cli_value *io_value, struct hf_err *err)
{
    static const char *const words[] = {"0", "1", "no", "yes", "false", "true"};
    for (size_t i = 0; i < HF_LEN(words); i++) {
        if (strcmp(words[i], io_value->text) == 0) {
            io_value->number = i % 2;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EUSAGE, "%s: '" SHOWN "' is neither yes nor no; write one of them",
                      where, io_value->text);
}

static enum hf_rc store_choice(const struct hf_cli_option *option, const char *where,
                               struct hf_cli_value *io_value, struct hf_err *err)
{
    struct hf_cli_nearest nearest = hf_cli_nearest_init(hf_str_c(io_value->text));
    char list[200] = "";
    size_t len = 0;
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], io_value->text) == 0) {
            io_value->number = i;
            return HF_OK;
        }
        hf_cli_nearest_try(&nearest, option->choices[i]);
        if (len < sizeof list) {
            int n = snprintf(list + len, sizeof list - len, "%s%s", i == 0 ? "" : ", ",
                             option->choices[i]);
            len += n > 0 ? (size_t)n : 0;
        }
    }
    if (nearest.best != NULL) {
        return hf_err_set(err, HF_EUSAGE, "%s: '" SHOWN "' is not known; did you mean '%s'?", where,
                          io_value->text, nearest.best);
    }
    return hf_err_set(err, HF_EUSAGE, "%s: '" SHOWN "' is not known; it is one of: %s", where,
                      io_value->text, list);
}

enum hf_rc hf_cli_store(const struct hf_cli_option *option, const char *text,
                        enum hf_cli_source source, const char *where,
                        struct hf_cli_value *ret_value, struct hf_err *err)
{
    struct hf_cli_value value = {.text = text, .source = source};
    enum hf_rc rc = HF_OK;
    switch (option->kind) {
    case HF_CLI_FLAG: rc = store_flag(where, &value, err); break;
    case HF_CLI_U64:
    case HF_CLI_SIZE: rc = store_number(option, where, &value, err); break;
    case HF_CLI_CHOICE: rc = store_choice(option, where, &value, err); break;
    case HF_CLI_STRING:
        if (text[0] == '\0') {
            rc = hf_err_set(err, HF_EUSAGE, "%s: the value is empty; give one", where);
        } else if (option->check != NULL && option->check(text, err) != HF_OK) {
            rc = hf_err_wrap(err, HF_EUSAGE, "%s", where);
        }
        break;
    }
    if (rc == HF_OK) {
        *ret_value = value;
    }
    return rc;
}

static enum hf_rc unknown_option(const struct parser *parser, struct hf_str name)
{
    const struct hf_cli_command *command = parser->cli->command;
    struct hf_cli_nearest nearest = hf_cli_nearest_init(name);
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(command, i)) != NULL; i++) {
        hf_cli_nearest_try(&nearest, option->name);
    }
    int shown = name.len > 80 ? 80 : (int)name.len;
    if (nearest.best != NULL) {
        return hf_err_set(parser->err, HF_EUSAGE, "there is no option --%.*s; did you mean --%s?",
                          shown, name.ptr, nearest.best);
    }
    return hf_err_set(parser->err, HF_EUSAGE, "there is no option --%.*s; see '%s --help'", shown,
                      name.ptr, parser->cli->name);
}

/* Stores the option with the value that is attached to it, or else the next argument. */
static enum hf_rc take_option(struct parser *parser, size_t index, const char *attached)
{
    struct hf_cli *cli = parser->cli;
    const struct hf_cli_option *option = hf_cli_option_at(cli->command, index);
    struct hf_cli_value *value = &cli->values[index];
    if (option->kind == HF_CLI_FLAG) {
        *value = (struct hf_cli_value){.text = "yes", .number = 1, .source = HF_CLI_ARGUMENT};
        return HF_OK;
    }
    if (value->source == HF_CLI_ARGUMENT) {
        return hf_err_set(parser->err, HF_EUSAGE, "--%s is given twice; leave one out",
                          option->name);
    }
    if (attached == NULL) {
        if (parser->at + 1 >= parser->argc) {
            return hf_err_set(parser->err, HF_EUSAGE, "--%s needs a value: --%s %s", option->name,
                              option->name, hf_cli_value_name(option));
        }
        attached = parser->argv[++parser->at];
    }
    char where[64];
    (void)snprintf(where, sizeof where, "--%s", option->name);
    enum hf_rc rc = hf_cli_store(option, attached, HF_CLI_ARGUMENT, where, value, parser->err);
    value->wrong = rc != HF_OK;
    return hf_cli_wrong(cli, rc, parser->err);
}

static enum hf_rc take_long(struct parser *parser, const char *text)
{
    const char *equals = strchr(text, '=');
    struct hf_str name = {text, equals != NULL ? (size_t)(equals - text) : strlen(text)};
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(parser->cli->command, i)) != NULL; i++) {
        if (!hf_str_eq(hf_str_c(option->name), name)) {
            continue;
        }
        if (equals != NULL && option->kind == HF_CLI_FLAG) {
            return hf_err_set(parser->err, HF_EUSAGE, "--%s takes no value; leave out '=" SHOWN "'",
                              option->name, equals + 1);
        }
        return take_option(parser, i, equals != NULL ? equals + 1 : NULL);
    }
    return unknown_option(parser, name);
}

/* "-j", "-qj" (flags together), "-n5", "-n 5". */
static enum hf_rc take_letters(struct parser *parser, const char *letters)
{
    for (const char *p = letters; *p != '\0'; p++) {
        const struct hf_cli_option *option;
        size_t i = 0;
        while ((option = hf_cli_option_at(parser->cli->command, i)) != NULL &&
               option->letter != *p) {
            i++;
        }
        if (option == NULL) {
            return hf_err_set(parser->err, HF_EUSAGE,
                              "there is no option -%c; see '%s --help', and write -- before an "
                              "operand that begins with a dash",
                              *p, parser->cli->name);
        }
        bool flag = option->kind == HF_CLI_FLAG;
        enum hf_rc rc = take_option(parser, i, flag || p[1] == '\0' ? NULL : p + 1);
        if (rc != HF_OK || !flag) {
            return rc;
        }
    }
    return HF_OK;
}

static enum hf_rc unknown_command(const struct parser *parser, const char *word)
{
    const struct hf_cli *cli = parser->cli;
    struct hf_cli_nearest nearest = hf_cli_nearest_init(hf_str_c(word));
    for (size_t i = 0; i < cli->command->child_count; i++) {
        if (!cli->command->children[i]->hidden) {
            hf_cli_nearest_try(&nearest, cli->command->children[i]->name);
        }
    }
    if (nearest.best != NULL) {
        return hf_err_set(parser->err, HF_EUSAGE,
                          "there is no command '" SHOWN "'; did you mean '%s %s'?", word, cli->name,
                          nearest.best);
    }
    return hf_err_set(parser->err, HF_EUSAGE, "there is no command '" SHOWN "'; see '%s --help'",
                      word, cli->name);
}

static enum hf_rc take_word(struct parser *parser, const char *word)
{
    struct hf_cli *cli = parser->cli;
    const struct hf_cli_command *command = cli->command;
    if (!parser->has_operand && !parser->ended && command->child_count > 0) {
        const struct hf_cli_command *child = hf_cli_child(command, hf_str_c(word));
        if (child != NULL) {
            cli->command = child;
            hf_cli_name_add(cli->name, child->name);
            return HF_OK;
        }
        if (command->operand_count == 0) {
            return unknown_command(parser, word);
        }
    }
    parser->has_operand = true;
    bool repeated =
        command->operand_count > 0 && command->operands[command->operand_count - 1].repeated;
    if (cli->operand_count >= command->operand_count && !repeated) {
        return hf_err_set(parser->err, HF_EUSAGE,
                          "'" SHOWN "' is one operand too many; see '%s --help'", word, cli->name);
    }
    cli->operands[cli->operand_count++] = word;
    return HF_OK;
}

static enum hf_rc take_arguments(struct parser *parser)
{
    for (parser->at = 1; parser->at < parser->argc; parser->at++) {
        const char *arg = parser->argv[parser->at];
        enum hf_rc rc;
        if (parser->ended || arg[0] != '-' || arg[1] == '\0') {
            rc = take_word(parser, arg);
        } else if (strcmp(arg, "--") == 0) {
            parser->ended = true;
            rc = HF_OK;
        } else if (arg[1] == '-') {
            rc = take_long(parser, arg + 2);
        } else {
            rc = take_letters(parser, arg + 1);
        }
        if (rc != HF_OK) {
            return rc;
        }
    }
    return HF_OK;
}

static enum hf_rc fill_environment(struct hf_cli *cli, struct hf_err *err)
{
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(cli->command, i)) != NULL; i++) {
        if (option->env == NULL || cli->values[i].source != HF_CLI_UNSET) {
            continue;
        }
        const char *text = cli->lookup(cli->lookup_arg, option->env);
        if (text == NULL || text[0] == '\0') {
            continue;
        }
        char where[96];
        (void)snprintf(where, sizeof where, "$%s in the environment", option->env);
        enum hf_rc rc = hf_cli_store(option, text, HF_CLI_ENVIRONMENT, where, &cli->values[i], err);
        cli->values[i].wrong = rc != HF_OK;
        rc = hf_cli_wrong(cli, rc, err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    return HF_OK;
}

static enum hf_rc fill_fallbacks(struct hf_cli *cli, struct hf_err *err)
{
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(cli->command, i)) != NULL; i++) {
        if (cli->values[i].source != HF_CLI_UNSET) {
            continue;
        }
        if (option->fallback != NULL) {
            enum hf_rc rc = hf_cli_store(option, option->fallback, HF_CLI_FALLBACK, option->name,
                                         &cli->values[i], err);
            HF_ASSERT(rc == HF_OK);
        } else if (option->required && !cli->values[i].wrong) {
            enum hf_rc rc = hf_err_set(err, HF_EUSAGE, "--%s is missing; give --%s %s",
                                       option->name, option->name, hf_cli_value_name(option));
            rc = hf_cli_wrong(cli, rc, err);
            if (rc != HF_OK) {
                return rc;
            }
        }
    }
    return HF_OK;
}

static enum hf_rc check_command(const struct hf_cli *cli, struct hf_err *err)
{
    const struct hf_cli_command *command = cli->command;
    if (command->run == NULL) {
        return hf_err_set(err, HF_EUSAGE, "a command is missing; see '%s --help'", cli->name);
    }
    if (cli->json && command->no_json) {
        return hf_err_set(err, HF_EUSAGE, "this command has no JSON to show; leave out --json");
    }
    if (cli->operand_count < command->operand_count &&
        !command->operands[cli->operand_count].optional) {
        return hf_err_set(err, HF_EUSAGE, "%s is missing; see '%s --help'",
                          command->operands[cli->operand_count].name, cli->name);
    }
    return HF_OK;
}

enum hf_rc hf_cli_parse(struct hf_cli *cli, int argc, char **argv, struct hf_err *err)
{
    HF_ASSERT(cli->operands == NULL);
    cli->operands = hf_heap_zalloc(argc > 0 ? (size_t)argc : 1, sizeof *cli->operands);
    if (cli->operands == NULL) {
        return hf_err_set(err, HF_ENOMEM, "out of memory; give the program more");
    }
    struct parser parser = {.cli = cli, .argc = argc, .argv = argv, .err = err};
    enum hf_rc rc = take_arguments(&parser);
    cli->help = hf_cli_flag(cli, "help");
    cli->version = hf_cli_flag(cli, "version");
    cli->json = hf_cli_flag(cli, "json");
    cli->quiet = hf_cli_flag(cli, "quiet");
    if (rc != HF_OK || cli->help || cli->version) {
        return rc;
    }
    rc = check_command(cli, err);
    if (rc == HF_OK) {
        rc = fill_environment(cli, err);
    }
    if (rc == HF_OK) {
        rc = hf_cli_config_read(cli, err);
    }
    return rc == HF_OK ? fill_fallbacks(cli, err) : rc;
}
