/* base/cli/tree.h: walking a tree of commands, and finding names in it. Private to base/cli.
 *
 * The depth is bounded, so the walk keeps its path in a small array and does not recurse.
 */
#ifndef HF_BASE_CLI_TREE_H
#define HF_BASE_CLI_TREE_H

#include "base/cli/cli.h"

struct hf_cli_walk {
    /* read-only */
    size_t depth; /* words in the path of the command that was returned last */
    const struct hf_cli_command *path[HF_CLI_DEPTH_MAX];
    /* private */
    size_t next[HF_CLI_DEPTH_MAX];
    bool started;
    bool hidden; /* also hidden commands */
};

void hf_cli_walk_init(struct hf_cli_walk *walk, const struct hf_cli_command *root, bool hidden);
/* The root, then each command before its children; NULL at the end. */
const struct hf_cli_command *hf_cli_walk_next(struct hf_cli_walk *walk);
/* "holdfast log append" of the command that was returned last. */
void hf_cli_walk_name(const struct hf_cli_walk *walk, char name[HF_CLI_NAME_MAX]);

/* Adds a word to "holdfast log". */
void hf_cli_name_add(char name[HF_CLI_NAME_MAX], const char *word);

const struct hf_cli_command *hf_cli_child(const struct hf_cli_command *command, struct hf_str name);

/* All options of a command: the common ones first, then its own. NULL beyond the last. */
const struct hf_cli_option *hf_cli_option_at(const struct hf_cli_command *command, size_t index);

/* An option's help with its choices, range, default and other sources in brackets. */
#define HF_CLI_OPTION_TEXT 768
void hf_cli_option_text(const struct hf_cli_option *option, char text[HF_CLI_OPTION_TEXT]);

/* The description, or else the summary as a sentence (in out). */
#define HF_CLI_SENTENCE 256
const char *hf_cli_description(const struct hf_cli_command *command, char out[HF_CLI_SENTENCE]);

/* Keeps the candidate that is nearest to a misspelt word. */
struct hf_cli_nearest {
    struct hf_str word;
    const char *best; /* NULL: nothing is near enough to be meant */
    size_t distance;
};

struct hf_cli_nearest hf_cli_nearest_init(struct hf_str word);
void hf_cli_nearest_try(struct hf_cli_nearest *nearest, const char *candidate);

/* Aborts on a tree that breaks the rules of cli.h: a programmer's error. */
void hf_cli_tree_check(const struct hf_cli_command *root);

#endif
