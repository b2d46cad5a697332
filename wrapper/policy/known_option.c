/* wrapper/policy/known_option.c: options against getopt's letters and whole words. */
#include "wrapper/policy/known_option.h"

enum value {
    VALUE_UNKNOWN, /* there is no such letter */
    VALUE_NONE,
    VALUE_NEXT, /* the rest of the word, or the next one */
    VALUE_GLUED /* the rest of the word */
};

static bool is_letters(struct hf_str option)
{
    return option.ptr[0] != '-' && option.ptr[0] != '+';
}

static enum value letter(const struct hf_program *program, char c)
{
    c = c >= '0' && c <= '9' ? '#' : c;
    for (size_t i = 0; i < program->option_count; i++) {
        struct hf_str option = program->options[i];
        const char *found = is_letters(option) ? memchr(option.ptr, c, option.len) : NULL;
        size_t left = found == NULL ? 0 : (size_t)(option.ptr + option.len - found);
        if (found == NULL || c == ':') {
            continue;
        }
        if (left > 2 && found[1] == ':' && found[2] == ':') {
            return VALUE_GLUED;
        }
        return left > 1 && found[1] == ':' ? VALUE_NEXT : VALUE_NONE;
    }
    return VALUE_UNKNOWN;
}

static bool is_word(const struct hf_program *program, struct hf_str arg)
{
    const char *equals = memchr(arg.ptr, '=', arg.len);
    struct hf_str name = {arg.ptr, equals == NULL ? arg.len : (size_t)(equals - arg.ptr)};
    for (size_t i = 0; i < program->option_count; i++) {
        if (!is_letters(program->options[i]) && hf_str_eq(program->options[i], name)) {
            return true;
        }
    }
    return false;
}

/* "-abc": all letters known up to one that takes a value. *ret_next: that is the next word. */
static bool are_letters(const struct hf_program *program, struct hf_str arg, bool *ret_next)
{
    for (size_t i = 1; i < arg.len; i++) {
        switch (letter(program, arg.ptr[i])) {
        case VALUE_UNKNOWN: return false;
        case VALUE_NONE: break;
        case VALUE_GLUED: return true;
        case VALUE_NEXT: *ret_next = i + 1 == arg.len; return true;
        }
    }
    return true;
}

/* Arguments that the program's own words stand for, as in "git log". */
static size_t own_words(struct hf_str words)
{
    size_t count = 0;
    for (size_t i = 0; i + 1 < words.len; i++) {
        if (words.ptr[i] == ' ') {
            count++;
            if (words.ptr[i + 1] == '*' && (i + 2 == words.len || words.ptr[i + 2] == ' ')) {
                return 0;
            }
        }
    }
    return count;
}

bool hf_options_known(const struct hf_program *program,
                      const struct hf_policy_facts_commands *command)
{
    if (!program->has_options) {
        return true;
    }
    for (size_t i = own_words(program->words); i < command->args_count; i++) {
        struct hf_str arg = command->args[i];
        bool next = false;
        if (hf_str_eq(arg, HF_STR("--"))) {
            return true;
        }
        if (arg.len > 0 && arg.ptr[0] == '+') {
            if (!is_word(program, HF_STR("+"))) {
                return false;
            }
        } else if (arg.len > 1 && arg.ptr[0] == '-' && !is_word(program, arg) &&
                   (arg.ptr[1] == '-' || !are_letters(program, arg, &next))) {
            return false;
        }
        i += next ? 1 : 0;
    }
    return true;
}
