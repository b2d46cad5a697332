/* base/cli/cli.h: a program's commands, declared once as const data.
 *
 * The tree of struct hf_cli_command is the one source of parsing, --help, the man page (man.h)
 * and bash completion (complete.h). A program is
 *
 *   int main(int argc, char **argv) { return hf_cli_main(&root, argc, argv); }
 *
 * and a command is
 *
 *   static int run(struct hf_cli *cli)
 *   {
 *       struct hf_err err = {0};
 *       if (append(hf_cli_operand(cli, 0), hf_cli_flag(cli, "hex"), &err) != HF_OK) {
 *           return hf_cli_fail(cli, &err);
 *       }
 *       hf_cli_printf(cli, "done\n");
 *       return HF_EXIT_OK;
 *   }
 *   static const struct hf_cli_option options[] = {
 *       {.name = "hex", .help = "each line is an entry in hexadecimal digits"},
 *   };
 *   static const struct hf_cli_operand operands[] = {{.name = "DIR", .help = "the log"}};
 *   const struct hf_cli_command log_append = {.name = "append", .summary = "add entries to a log",
 *       .options = options, .option_count = HF_LEN(options),
 *       .operands = operands, .operand_count = HF_LEN(operands), .run = run};
 *
 * Conventions: `--name VALUE` and `--name=VALUE`, `-n VALUE` and `-nVALUE`, `--` ends the options,
 * `-` is an operand. Options and operands mix in any order after the command's words. An option
 * that takes a value is given at most once. Each command also has --help, --json, --quiet and
 * --version. An option's value comes from the command line, else from its environment variable
 * (empty counts as not set), else from the configuration file, else it is its default.
 *
 * The file is --config, else $HOLDFAST_CONFIG (with a dash before the path it may be missing). It
 * holds lines `key = value`, empty lines and lines that start with `#`, and serves all programs of
 * a server: first the settings of more than one, then those of each program in its section,
 * `[hub]`, where `hub_` may be left out of a setting's name. What stands in the section counts
 * more. A file without sections is one program's.
 *
 * An error is one line on standard error that starts with the command's words, "holdfast log
 * append: ", and says what to do. One thread. Everything returned borrows from cli.
 */
#ifndef HF_BASE_CLI_CLI_H
#define HF_BASE_CLI_CLI_H

#include <stdio.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/err.h"

enum hf_exit {
    HF_EXIT_OK = 0,     /* done */
    HF_EXIT_NO = 1,     /* the answer is no: a proof or a log does not verify */
    HF_EXIT_USAGE = 2,  /* the command line, environment or configuration file is wrong */
    HF_EXIT_FAILED = 3, /* could not be done */
};

enum hf_cli_kind {
    HF_CLI_FLAG,   /* no value; "1", "yes", "true", "0", "no", "false" in environment and file */
    HF_CLI_STRING, /* any text that is not empty */
    HF_CLI_U64,    /* decimal, within [min, max] */
    HF_CLI_SIZE,   /* bytes with an optional K, M, G or T, within [min, max] */
    HF_CLI_CHOICE, /* one of `choices` */
};

struct hf_cli_option {
    const char *name; /* without dashes */
    char letter;      /* short form, or 0 */
    enum hf_cli_kind kind;
    const char *value;          /* name of the value in help ("N", "FILE"); NULL: by kind */
    const char *help;           /* lower case, no full stop */
    const char *fallback;       /* the default, as one would type it, or NULL */
    const char *env;            /* environment variable, or NULL */
    const char *setting;        /* key in the configuration file, or NULL */
    uint64_t min;               /* of a number or size */
    uint64_t max;               /* 0: no limit */
    const char *const *choices; /* ends with NULL */
    bool required;              /* must have a value from somewhere */
    /* Of a STRING: what more a value must be; the error says what is wrong with it. May be NULL. */
    enum hf_rc (*check)(const char *text, struct hf_err *err);
};

struct hf_cli_operand {
    const char *name; /* in capitals: "DIR" */
    const char *help;
    bool optional; /* only optional ones may follow */
    bool repeated; /* one or more (with optional: none or more); only the last one */
};

struct hf_cli;
typedef int hf_cli_run_fn(struct hf_cli *cli); /* returns an enum hf_exit */

struct hf_cli_command {
    const char *name;
    const char *summary;     /* a line: lower case, no full stop */
    const char *description; /* sentences, paragraphs divided by an empty line; or NULL */
    const char *examples;    /* lines of shell, or NULL */
    const struct hf_cli_option *options;
    size_t option_count;
    const struct hf_cli_operand *operands;
    size_t operand_count;
    const struct hf_cli_command *const *children; /* HF_CLI_CHILDREN(&log_init, &log_append) */
    size_t child_count;
    hf_cli_run_fn *run;  /* NULL: only a group of its children */
    const char *version; /* of the root only */
    const char *section; /* of the root only: the program's in the configuration file, or NULL */
    bool collects;       /* wrong and missing settings do not end it: run says all of them at once,
                            see hf_cli_problems; the values that they are about are unset */
    bool no_json;        /* --json is refused and not shown */
    bool hidden;         /* works, but is not listed */
};

/* For .children and .child_count together. Of objects with static storage. */
#define HF_CLI_CHILDREN(...)                                                                       \
    .children = (const struct hf_cli_command *const[]){__VA_ARGS__},                               \
    .child_count = HF_LEN(((const struct hf_cli_command *const[]){__VA_ARGS__}))

/* Bounds of a tree, so that a parsed command line needs no growing storage. */
#define HF_CLI_DEPTH_MAX    6  /* words of a command: "holdfast log append" is 3 */
#define HF_CLI_OPTIONS_MAX  32 /* of one command, with the common ones */
#define HF_CLI_NAME_MAX     128
#define HF_CLI_CONFIG_MAX   (64u << 10) /* bytes of a configuration file */
#define HF_CLI_PROBLEMS_MAX (1u << 20)  /* bytes of all that is wrong with it */
#define HF_CLI_SETTINGS_MAX 64          /* different keys in it */

enum hf_cli_source {
    HF_CLI_UNSET,
    HF_CLI_FALLBACK,
    HF_CLI_CONFIG,
    HF_CLI_ENVIRONMENT,
    HF_CLI_ARGUMENT,
};

struct hf_cli_value {
    const char *text;
    uint64_t number;
    enum hf_cli_source source;
    bool wrong; /* something was given for it that is wrong */
};

struct hf_cli {
    /* public: hf_cli_init sets the process's own, tests set others before hf_cli_run */
    FILE *in;
    FILE *out;
    FILE *err;
    struct hf_env *env;
    const char *(*lookup)(void *arg, const char *name); /* environment variable or NULL */
    void *lookup_arg;
    /* read-only */
    const struct hf_cli_command *root;
    const struct hf_cli_command *command; /* what was asked for */
    char name[HF_CLI_NAME_MAX];           /* "holdfast log append" */
    bool json;
    bool quiet;
    /* private */
    struct hf_cli_value values[HF_CLI_OPTIONS_MAX];
    const char **operands;
    size_t operand_count;
    struct hf_buf config;
    struct hf_buf problems; /* lines */
    int out_errno;          /* why standard output could not be written, 0: unknown or not failed */
    bool help;
    bool version;
};

/* Ignores SIGPIPE, runs the command that the arguments name, checks that all output was written. */
int hf_cli_main(const struct hf_cli_command *root, int argc, char **argv);

/* The same in steps, for tests: init, run (parse, execute, flush) with other streams, free. */
void hf_cli_init(struct hf_cli *cli, const struct hf_cli_command *root);
int hf_cli_run(struct hf_cli *cli, int argc, char **argv);
void hf_cli_free(struct hf_cli *cli);

/* Only parses; borrows argv until hf_cli_free. HF_EUSAGE with the text that run would print
 * after "NAME: ". HF_ENOMEM. Once for each hf_cli_init. */
enum hf_rc hf_cli_parse(struct hf_cli *cli, int argc, char **argv, struct hf_err *err);

/* An option of the running command, by its long name. A name or kind that the command does not
 * declare is a programmer's error. Unset: NULL, 0, false. */
const char *hf_cli_str(const struct hf_cli *cli, const char *name); /* STRING and CHOICE */
uint64_t hf_cli_u64(const struct hf_cli *cli, const char *name);    /* U64 and SIZE */
bool hf_cli_flag(const struct hf_cli *cli, const char *name);
/* Index of the chosen one in `choices`; SIZE_MAX when unset. */
size_t hf_cli_choice(const struct hf_cli *cli, const char *name);
/* True when it comes from anywhere but its default. */
bool hf_cli_given(const struct hf_cli *cli, const char *name);

/* The index-th operand; NULL beyond the last one that was given. */
const char *hf_cli_operand(const struct hf_cli *cli, size_t index);
size_t hf_cli_operand_count(const struct hf_cli *cli);

/* To standard output. A failure to write is noticed once, at the end. */
void hf_cli_printf(struct hf_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What was gathered, as a line, to standard output. One that did not fit into memory or its bound
 * is a failure to write. */
void hf_cli_line(struct hf_cli *cli, const struct hf_buf *text);
/* A line to standard error, "NAME: TEXT"; nothing with --quiet. */
void hf_cli_note(struct hf_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Hands over what was printed so far, so that a reader at the other end of a pipe has it now.
 * HF_EIO once the output could not be written. */
enum hf_rc hf_cli_flush(struct hf_cli *cli, struct hf_err *err);

/* Ends of a command; each prints one line, "NAME: TEXT" (control characters are replaced). */
/* err's text; HF_EXIT_USAGE for HF_EUSAGE, else HF_EXIT_FAILED. */
int hf_cli_fail(struct hf_cli *cli, const struct hf_err *err);
/* A wrong combination of arguments; adds "try NAME --help". HF_EXIT_USAGE. */
int hf_cli_refuse(struct hf_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The answer is no, and why. HF_EXIT_NO. */
int hf_cli_no(struct hf_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of a command that collects: one more thing that is wrong with the settings. */
void hf_cli_add_problem(struct hf_cli *cli, const struct hf_err *err);
/* Prints all of them, a line each; HF_EXIT_NO, or HF_EXIT_OK when there are none. */
int hf_cli_problems(struct hf_cli *cli);

/* A child for the root: `help`, `help WORDS...`, and the hidden `help man`, `help completion`. */
extern const struct hf_cli_command hf_cli_help;

/* Writes a command's help: usage, summary, description, options, commands, examples. */
void hf_cli_write_help(FILE *out, const struct hf_cli_command *root,
                       const struct hf_cli_command *command, const char *name);

/* The options that every command has; for man.c and complete.c. */
#define HF_CLI_COMMON_COUNT 5
extern const struct hf_cli_option hf_cli_common[HF_CLI_COMMON_COUNT];

/* What --name takes: its value name or that of its kind; NULL for a flag. */
const char *hf_cli_value_name(const struct hf_cli_option *option);

/* Is the common option (of hf_cli_common) offered by this command? */
bool hf_cli_common_shown(const struct hf_cli_command *command, const struct hf_cli_option *common);

#endif
