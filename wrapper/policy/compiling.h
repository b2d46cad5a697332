/* wrapper/policy/compiling.h: the state of one compilation, shared by the files that do it.
 *
 * Included by text*.c, compile.c and print*.c only. One thread. Memory is the arena's but for the
 * arrays that grow.
 */
#ifndef HF_WRAPPER_POLICY_COMPILING_H
#define HF_WRAPPER_POLICY_COMPILING_H

#include "base/arena.h"
#include "wrapper/policy/bundle.h"
#include "wrapper/policy/facts.h"
#include "wrapper/policy/text.h"

#define HF_TEXT_TOKENS_MAX 128 /* words on a line */

struct hf_token {
    struct hf_str text;
    unsigned column;
    bool quoted;
};

enum hf_block {
    HF_BLOCK_NONE,
    HF_BLOCK_SKIP, /* its first line was wrong: what belongs to it is not looked at */
    HF_BLOCK_LIST,
    HF_BLOCK_PROGRAM,
    HF_BLOCK_TOOL,
    HF_BLOCK_RULE,
    HF_BLOCK_TEST
};

/* A record that is ready, and where it stands in the text. */
struct hf_item {
    enum hf_policy_bundle_kind kind;
    unsigned line;
    struct hf_bytes key;
    struct hf_bytes bytes; /* as it stands in the bundle */
};

/* A list that is mentioned somewhere, and in a condition on what. */
struct hf_list_use {
    struct hf_str name;
    unsigned line;
    unsigned column;
    enum hf_policy_rule_conditions_fact fact;
};

/* A value of a list, which means something only where the list is used. */
struct hf_list_value {
    struct hf_token token;
    unsigned line;
};

struct hf_list_block {
    struct hf_str name;
    size_t first; /* of all values */
    size_t count;
    unsigned checked; /* bits of facts for which its values were looked at */
};

struct hf_text_test {
    unsigned line;
    unsigned call_column; /* of the call, or of the facts */
    unsigned call_line;
    struct hf_str name;
    struct hf_str params; /* JSON, of the call or of the facts; empty for none */
    struct hf_policy_facts facts;
    bool has_facts; /* and no call */
    enum hf_policy_vector_verdict verdict;
    struct hf_str rule;
    unsigned rule_line;
    unsigned rule_column;
};

struct hf_compiling {
    struct hf_policy_faults *faults;
    struct hf_arena arena;
    enum hf_rc failed; /* HF_ENOMEM, HF_ETOOBIG */
    /* the line that is read */
    unsigned line;
    struct hf_str raw;
    struct hf_token tokens[HF_TEXT_TOKENS_MAX];
    size_t token_count;
    bool indented;
    /* the block that is read */
    enum hf_block block;
    unsigned block_line;
    size_t block_faults; /* that were there when it began */
    union hf_policy_bundle_record record;
    unsigned set; /* bits of members that the block has, by its own numbers */
    struct hf_str names[HF_TEXT_TOKENS_MAX];
    size_t name_count;
    struct hf_list_value *values; /* of all lists */
    size_t value_count;
    size_t value_cap;
    struct hf_text_test *test;
    /* the whole */
    struct hf_policy_head head;
    unsigned head_line;
    unsigned head_set;
    struct hf_item *items;
    size_t item_count;
    size_t item_cap;
    struct hf_list_block *lists;
    size_t list_count;
    size_t list_cap;
    struct hf_list_use *uses;
    size_t use_count;
    size_t use_cap;
    struct hf_text_test **tests;
    size_t test_count;
    size_t test_cap;
};

/* Notes a mistake at a place of the line that is read, or of another one. */
void hf_text_fault(struct hf_compiling *c, unsigned column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void hf_text_fault_at(struct hf_compiling *c, unsigned line, unsigned column, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* Takes the line apart into tokens; false when it has mistakes. */
bool hf_text_split(struct hf_compiling *c, struct hf_str line);
/* The column behind the last token. */
unsigned hf_text_end(const struct hf_compiling *c);
/* Is token i there, unquoted, and this word? */
bool hf_text_is(const struct hf_compiling *c, size_t i, const char *word);
/* The number of the token's text among names; -1, with a mistake noted that says what is
 * possible. */
int hf_text_choice(struct hf_compiling *c, size_t i, struct hf_str (*name)(unsigned),
                   unsigned count, const char *what);
/* A whole number from min to max; false with a mistake noted. */
bool hf_text_number(struct hf_compiling *c, size_t i, uint64_t min, uint64_t max, uint64_t *ret);
/* L1 to L5. */
bool hf_text_level(struct hf_compiling *c, size_t i, uint64_t *ret);
/* HH:MM as minutes; 24:00 is allowed. */
bool hf_text_minute(struct hf_compiling *c, size_t i, uint64_t *ret);
/* Notes a mistake for tokens from i on. */
bool hf_text_nothing_after(struct hf_compiling *c, size_t i);
/* Is there no token i? Then a mistake is noted. */
bool hf_text_needs_value(struct hf_compiling *c, size_t i);
/* Is token i 1 to max bytes, out of set where that is not NULL ("a-z" is a range)? Else a mistake
 * is noted about `what`. */
bool hf_text_name(struct hf_compiling *c, size_t i, size_t max, const char *set, const char *what);
/* Is there nothing at token i? Then a mistake is noted: that `what` is expected. */
bool hf_text_missing(struct hf_compiling *c, size_t i, const char *what);
/* Sets the bit; true, with a mistake noted, when it was set already. */
bool hf_text_again(struct hf_compiling *c, unsigned *io_set, unsigned bit);
/* Classes from token i to the end, as a set; 0 with a mistake noted. */
hf_class_set hf_text_classes(struct hf_compiling *c, size_t i);

/* Makes room for one more thing in an array of the heap; false, with c->failed set, without
 * memory. */
bool hf_text_grow(struct hf_compiling *c, void **io_array, size_t count, size_t *io_cap,
                  size_t size);
/* Adds the record, checked, to the bundle; mistakes are noted at the line. */
void hf_text_emit(struct hf_compiling *c, enum hf_policy_bundle_kind kind,
                  const union hf_policy_bundle_record *record, unsigned line);

/* One line inside of a block of programs, of tools, of rules, of tests; and the end of a block. */
void hf_text_program_member(struct hf_compiling *c);
void hf_text_program_end(struct hf_compiling *c);
void hf_text_tool_member(struct hf_compiling *c);
void hf_text_tool_end(struct hf_compiling *c);
void hf_text_rule_member(struct hf_compiling *c);
void hf_text_rule_end(struct hf_compiling *c);
void hf_text_condition(struct hf_compiling *c, bool negate);
/* Could the value never fit where a condition on this fact uses it? Then a mistake is noted. */
bool hf_text_value_fault(struct hf_compiling *c, enum hf_policy_rule_conditions_fact fact,
                         const struct hf_token *token, unsigned line);
/* What is wrong with a pattern of commands, or with a tool's name, which may end with a star; NULL
 * for nothing. Static storage. */
const char *hf_text_command_fault(struct hf_str text);
const char *hf_text_tool_fault(struct hf_str text);
void hf_text_test_member(struct hf_compiling *c);
void hf_text_test_end(struct hf_compiling *c);

/* All lines. The rest is compile.c's. */
void hf_text_read(struct hf_compiling *c, struct hf_str text);

#endif
