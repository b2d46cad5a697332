/* wrapper/policy/shell_reader.h: the state of reading one command line; for shell.c and
 * shell_word.c.
 *
 * One thread. Everything borrows from the text and the arena.
 */
#ifndef HF_WRAPPER_POLICY_SHELL_READER_H
#define HF_WRAPPER_POLICY_SHELL_READER_H

#include "wrapper/policy/shell.h"

/* One text that is read: the line itself, or what is inside of a substitution in it. */
struct hf_shell_reader {
    struct hf_shell *out;
    struct hf_arena *arena;
    const char *at;
    const char *end;
    unsigned depth;
    unsigned groups; /* open parentheses */
    struct hf_shell_command *command;
    char *scratch; /* a word is put together here: it is never longer than the text */
    size_t scratch_cap;
    size_t word_cap;
    bool data;       /* words until the next separator are data: of a for */
    bool here;       /* a here-document waits for its body */
    bool here_plain; /* its delimiter is quoted: nothing in it is expanded */
    bool here_tabs;  /* tabs before the delimiter do not count: <<- */
    struct hf_str here_end;
    enum hf_policy_facts_commands_join join; /* of the next command */
};

static inline void hf_shell_mark(struct hf_shell_reader *r, unsigned bits)
{
    r->out->opaque |= bits;
}

static inline int hf_shell_peek(const struct hf_shell_reader *r, size_t ahead)
{
    return (size_t)(r->end - r->at) > ahead ? (uint8_t)r->at[ahead] : -1;
}

static inline bool hf_shell_starts(const struct hf_shell_reader *r, const char *text)
{
    size_t len = strlen(text);
    return (size_t)(r->end - r->at) >= len && memcmp(r->at, text, len) == 0;
}

static inline bool hf_shell_is_name(int c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* What is open at the end of the text is not closed: not understood, and read to its end. */
void hf_shell_unclosed(struct hf_shell_reader *r);
/* A word, or false when none begins here. *ret_plain: characters at its begin that are not quoted.
 * */
bool hf_shell_take_word(struct hf_shell_reader *r, struct hf_shell_word *ret, size_t *ret_plain);
/* At <( or >(: the whole of it as a word, its commands read; false without memory. */
bool hf_shell_take_process(struct hf_shell_reader *r, struct hf_shell_word *ret);
/* The first pair of braces with a comma in it: 1; none: 0; braces inside of braces: -1. */
int hf_shell_find_braces(struct hf_str text, size_t *ret_open, size_t *ret_close);
/* The alternative that begins at text[*io_at], put between what stands around the braces; *io_at is
 * then behind its comma, or behind the braces. False without memory. */
bool hf_shell_take_alternative(struct hf_shell_reader *r, const struct hf_shell_word *word,
                               size_t open, size_t close, size_t *io_at, struct hf_shell_word *ret);
/* All commands from here to the end of the text. */
void hf_shell_read_list(struct hf_shell_reader *r);

#endif
