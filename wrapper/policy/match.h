/* wrapper/policy/match.h: patterns of a policy against facts: words, paths, hosts, commands.
 *
 * word      "*" stands for any text; "update.*"
 * path      "*" stands for any text without "/", "**" for any text; at the end, X/ and "**" fit X
 *           itself too
 * host      as word; "*.example.org" does not fit example.org itself
 * command   words with one space between: the first is the program, the others what its arguments
 *           begin with; each is a word pattern, and a word "*" stands for any number of arguments
 * A set holds many patterns of one kind. Fixed texts, paths that end with their only star pair and
 * hosts that begin with their only star are looked up, so a long list costs little.
 * Pure; matching allocates nothing; any thread.
 */
#ifndef HF_WRAPPER_POLICY_MATCH_H
#define HF_WRAPPER_POLICY_MATCH_H

#include "base/arena.h"
#include "base/bytes.h"

enum hf_match_kind {
    HF_MATCH_WORD,
    HF_MATCH_PATH,
    HF_MATCH_HOST,
    HF_MATCH_COMMAND
};

bool hf_match_word(struct hf_str pattern, struct hf_str text);
bool hf_match_path(struct hf_str pattern, struct hf_str path);
bool hf_match_command(struct hf_str pattern, struct hf_str program, const struct hf_str *args,
                      size_t arg_count);

struct hf_match_set {
    /* private */
    struct hf_str *keys; /* in ascending bytewise order */
    size_t key_count;
    struct hf_str *globs;
    size_t glob_count;
};

/* Borrows what the values point to; the set's memory is the arena's. HF_ENOMEM. */
enum hf_rc hf_match_set_build(enum hf_match_kind kind, const struct hf_str *values, size_t count,
                              struct hf_arena *arena, struct hf_match_set *ret);
/* For all kinds but commands. */
bool hf_match_set_has(const struct hf_match_set *set, enum hf_match_kind kind, struct hf_str text);
bool hf_match_set_has_command(const struct hf_match_set *set, struct hf_str program,
                              const struct hf_str *args, size_t arg_count);

#endif
