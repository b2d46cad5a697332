/* base/cli/tree.c: walks a tree of commands without recursion and finds names in it. */
#include "base/cli/tree.h"

#include "base/cli/args.h"

#define WORD_MAX 48 /* longer words are not compared; no name is that long */

void hf_cli_walk_init(struct hf_cli_walk *walk, const struct hf_cli_command *root, bool hidden)
{
    *walk = (struct hf_cli_walk){.depth = 1, .path = {root}, .hidden = hidden};
}

const struct hf_cli_command *hf_cli_walk_next(struct hf_cli_walk *walk)
{
    if (!walk->started) {
        walk->started = true;
        return walk->path[0];
    }
    while (walk->depth > 0) {
        size_t top = walk->depth - 1;
        const struct hf_cli_command *parent = walk->path[top];
        if (walk->next[top] == parent->child_count) {
            walk->depth--;
            continue;
        }
        const struct hf_cli_command *child = parent->children[walk->next[top]++];
        if (child->hidden && !walk->hidden) {
            continue;
        }
        HF_ASSERT(walk->depth < HF_CLI_DEPTH_MAX);
        walk->path[walk->depth] = child;
        walk->next[walk->depth] = 0;
        walk->depth++;
        return child;
    }
    return NULL;
}

void hf_cli_name_add(char name[HF_CLI_NAME_MAX], const char *word)
{
    size_t len = strlen(name);
    size_t more = strlen(word);
    HF_ASSERT(len + 1 + more < HF_CLI_NAME_MAX);
    if (len > 0) {
        name[len++] = ' ';
    }
    memcpy(name + len, word, more + 1);
}

void hf_cli_walk_name(const struct hf_cli_walk *walk, char name[HF_CLI_NAME_MAX])
{
    name[0] = '\0';
    for (size_t i = 0; i < walk->depth; i++) {
        hf_cli_name_add(name, walk->path[i]->name);
    }
}

const struct hf_cli_command *hf_cli_child(const struct hf_cli_command *command, struct hf_str name)
{
    for (size_t i = 0; i < command->child_count; i++) {
        if (hf_str_eq(hf_str_c(command->children[i]->name), name)) {
            return command->children[i];
        }
    }
    return NULL;
}

const struct hf_cli_option *hf_cli_option_at(const struct hf_cli_command *command, size_t index)
{
    if (index < HF_CLI_COMMON_COUNT) {
        return &hf_cli_common[index];
    }
    index -= HF_CLI_COMMON_COUNT;
    return index < command->option_count ? &command->options[index] : NULL;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, removals, replacements and swaps of neighbours between two words. */
static size_t distance(struct hf_str a, struct hf_str b)
{
    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t cost = a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1;
            row[j] = min_size(above[j - 1] + cost, min_size(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1]) {
                row[j] = min_size(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

struct hf_cli_nearest hf_cli_nearest_init(struct hf_str word)
{
    /* A third of the letters may be wrong, so that a suggestion is not a guess. */
    return (struct hf_cli_nearest){word, NULL, 2 + word.len / 3};
}

void hf_cli_nearest_try(struct hf_cli_nearest *nearest, const char *candidate)
{
    struct hf_str other = hf_str_c(candidate);
    if (nearest->word.len == 0 || nearest->word.len > WORD_MAX || other.len > WORD_MAX) {
        return;
    }
    /* The beginning of a name is as good as one wrong letter. */
    size_t d = hf_str_starts(other, nearest->word) ? 1 : distance(nearest->word, other);
    if (d < nearest->distance && d < other.len) {
        nearest->best = candidate;
        nearest->distance = d;
    }
}

/* Names end up in roff and in shell, where anything else would have to be quoted. */
static bool is_plain(const char *name)
{
    for (const char *p = name; *p != '\0'; p++) {
        bool letter = (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9');
        if (!letter && !(p > name && (*p == '-' || *p == '_' || *p == '.'))) {
            return false;
        }
    }
    return name[0] != '\0' && strlen(name) <= WORD_MAX;
}

static void check_option(const struct hf_cli_command *command, size_t index)
{
    const struct hf_cli_option *option = hf_cli_option_at(command, index);
    HF_ASSERT(is_plain(option->name) && option->help != NULL);
    HF_ASSERT(option->kind != HF_CLI_FLAG || (option->fallback == NULL && !option->required));
    HF_ASSERT((option->kind == HF_CLI_CHOICE) == (option->choices != NULL));
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
        HF_ASSERT(is_plain(option->choices[i]));
    }
    for (size_t i = 0; i < index; i++) {
        const struct hf_cli_option *other = hf_cli_option_at(command, i);
        HF_ASSERT(strcmp(option->name, other->name) != 0);
        HF_ASSERT(option->letter == 0 || option->letter != other->letter);
    }
}

void hf_cli_tree_check(const struct hf_cli_command *root)
{
    struct hf_cli_walk walk;
    HF_ASSERT(root->section == NULL || hf_cli_is_section(root->section));
    hf_cli_walk_init(&walk, root, /* hidden= */ true);
    for (const struct hf_cli_command *c; (c = hf_cli_walk_next(&walk)) != NULL;) {
        HF_ASSERT(is_plain(c->name) && c->summary != NULL);
        HF_ASSERT(c->run != NULL || (c->child_count > 0 && c->operand_count == 0));
        HF_ASSERT(c->child_count == 0 || c->option_count == 0);
        HF_ASSERT(c->option_count + HF_CLI_COMMON_COUNT <= HF_CLI_OPTIONS_MAX);
        for (size_t i = 0; i < c->option_count; i++) {
            check_option(c, HF_CLI_COMMON_COUNT + i);
        }
        for (size_t i = 1; i < c->operand_count; i++) {
            HF_ASSERT(!c->operands[i - 1].repeated);
            HF_ASSERT(c->operands[i].optional || !c->operands[i - 1].optional);
        }
    }
}
