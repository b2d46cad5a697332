/* wrapper/policy/shell_brace.c: a{b,c} is two words. */
#include "wrapper/policy/shell_reader.h"

bool hf_shell_take_alternative(struct hf_shell_reader *r, const struct hf_shell_word *word,
                               size_t open, size_t close, size_t *io_at, struct hf_shell_word *ret)
{
    struct hf_str text = word->text;
    const char *comma = memchr(text.ptr + *io_at, ',', close - *io_at);
    size_t end = comma == NULL ? close : (size_t)(comma - text.ptr);
    size_t len = end - *io_at;
    char *made = hf_arena_alloc(r->arena, text.len, 1);
    if (made == NULL) {
        return false;
    }
    memcpy(made, text.ptr, open);
    memcpy(made + open, text.ptr + *io_at, len);
    memcpy(made + open + len, text.ptr + close + 1, text.len - close - 1);
    *ret = *word;
    ret->text = (struct hf_str){made, open + len + text.len - close - 1};
    ret->glob = false;
    for (size_t i = 0; i < ret->text.len; i++) {
        ret->glob = ret->glob || strchr("*?[{", ret->text.ptr[i]) != NULL;
    }
    *io_at = end + 1;
    return true;
}

int hf_shell_find_braces(struct hf_str text, size_t *ret_open, size_t *ret_close)
{
    bool open = false;
    bool comma = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '{') {
            if (open) {
                return -1;
            }
            open = true;
            comma = false;
            *ret_open = i;
        } else if (text.ptr[i] == '}' && open) {
            *ret_close = i;
            if (comma) {
                return 1;
            }
            open = false;
        }
        comma = comma || text.ptr[i] == ',';
    }
    return 0;
}
