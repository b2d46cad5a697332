/* wrapper/policy/reducing.h: the state of one reduction, shared by the files that do it.
 *
 * Included by reduce*.c only. One thread.
 */
#ifndef HF_WRAPPER_POLICY_REDUCING_H
#define HF_WRAPPER_POLICY_REDUCING_H

#include "wrapper/policy/reduce.h"
#include "wrapper/policy/table.h"

struct hf_reducing {
    const struct hf_policy *policy;
    const struct hf_call *call;
    struct hf_arena *arena;
    struct hf_policy_facts *facts;
    struct hf_str cwd; /* now: a folder parameter or cd changed it */
    unsigned depth;    /* command lines inside of command lines */
    bool paths_seen;   /* since the command began */
    bool has_amount;
    uint64_t micros;
    struct hf_str currency;
};

/* A path as somebody wrote it. glob: its unquoted stars are the shell's; they stay in the fact. */
void hf_reduce_path(struct hf_reducing *r, struct hf_str text,
                    enum hf_policy_facts_paths_access access, bool glob);
/* A path as a tool of OpenClaw's reads it: "@" before it is a mark of chats and "file:" makes it a
 * URL. Both the text and what these tools make of it are facts. */
void hf_reduce_tool_path(struct hf_reducing *r, struct hf_str text,
                         enum hf_policy_facts_paths_access access);
/* Where a path leads, absolute; false when that cannot be known, which is noted. */
bool hf_reduce_resolve(struct hf_reducing *r, struct hf_str text, struct hf_str *ret_path,
                       bool *ret_moved);
/* The host of a URL, or of host[:port][/path]; the path of a file URL. False when there is none, or
 * where it leads cannot be told. */
bool hf_reduce_url(struct hf_reducing *r, struct hf_str text);
/* Does it begin as a URL does, or hold one? */
bool hf_reduce_is_url(struct hf_str text);
bool hf_reduce_host(struct hf_reducing *r, struct hf_str text);
/* A command line for a shell; a command whose words are known. */
void hf_reduce_line(struct hf_reducing *r, struct hf_str text,
                    enum hf_policy_facts_commands_join join);
/* Files that a patch names. */
void hf_reduce_patch(struct hf_reducing *r, struct hf_str text);

/* Text that fits a fact, copied; cut, with ret_cut set, when it does not. */
struct hf_str hf_reduce_text(struct hf_reducing *r, struct hf_str text, size_t max, bool *ret_cut);

#endif
