/* wrapper/policy/text_value.c: names and patterns of a policy's text that could never fit: a rule
 * with one seems to forbid something, and does not. */
#include "base/assert.h"
#include "wrapper/policy/compiling.h"

static bool has(struct hf_str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* The names of folders that paths begin with: docs/POLICY.md. */
static const char *root_fault(struct hf_str text)
{
    static const char *const roots[] = {"workspace", "home", "state", "config", "wrapper", "tmp"};
    const char *slash = memchr(text.ptr, '/', text.len);
    struct hf_str name = {text.ptr + 1,
                          (slash == NULL ? text.len : (size_t)(slash - text.ptr)) - 1};
    for (size_t i = 0; i < HF_LEN(roots); i++) {
        if (hf_str_eq(name, hf_str_c(roots[i]))) {
            return NULL;
        }
    }
    return has(name, "*")
               ? NULL
               : "a folder with a name is $workspace, $home, $state, $config, $wrapper or $tmp";
}

/* A path is known resolved, and absolute or below a root. */
static const char *path_fault(const struct hf_token *token)
{
    struct hf_str text = token->text;
    char first = text.ptr[0];
    if (first != '/' && first != '$' && first != '*') {
        return "a path begins with /, with a root such as $workspace, or with a star";
    }
    if (has(text, "//") || (text.len > 1 && hf_str_ends(text, HF_STR("/")))) {
        return "a path has no empty part; X/** is what is below X, and X itself";
    }
    if (has(text, "/./") || has(text, "/../") || hf_str_ends(text, HF_STR("/.")) ||
        hf_str_ends(text, HF_STR("/.."))) {
        return "a path is written as what it leads to, without . and ..";
    }
    if (has(text, "***")) {
        return "there are * and **, and no more stars";
    }
    for (size_t i = 0; i < text.len && !token->quoted; i++) {
        if (text.ptr[i] != '\0' && strchr("?[]{}", text.ptr[i]) != NULL) {
            return "only stars are patterns; in \"quotation marks\" this is the character itself";
        }
    }
    return first == '$' ? root_fault(text) : NULL;
}

/* Hosts are known in small letters, without port, brackets and final dot. */
static const char *host_fault(struct hf_str text)
{
    size_t colons = 0;
    for (size_t i = 0; i < text.len; i++) {
        char ch = text.ptr[i];
        colons += ch == ':' ? 1 : 0;
        if ((ch >= 'A' && ch <= 'Z') || ch == '/') {
            return "a host is written in small letters, without more";
        }
        if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || (uint8_t)ch >= 0x80 ||
              (ch != '\0' && strchr("-_.:*", ch) != NULL))) {
            return "a host is a name or an address, without user, brackets and blanks";
        }
    }
    if (colons == 1) {
        return "a host has no port";
    }
    if (text.ptr[0] == '.' || has(text, "..") || hf_str_ends(text, HF_STR("."))) {
        return "a host has no empty part; *.example.org is what is below example.org";
    }
    return NULL;
}

/* Commands are known as words with one blank between them, programs without their folder. */
const char *hf_text_command_fault(struct hf_str text)
{
    const char *blank = memchr(text.ptr, ' ', text.len);
    size_t name = blank == NULL ? text.len : (size_t)(blank - text.ptr);
    if (text.ptr[0] == ' ' || has(text, "  ") || hf_str_ends(text, HF_STR(" "))) {
        return "between the words of a command stands one blank";
    }
    return memchr(text.ptr, '/', name) != NULL ? "a program is written without its folder" : NULL;
}

const char *hf_text_tool_fault(struct hf_str text)
{
    const char *star = text.len == 0 ? NULL : memchr(text.ptr, '*', text.len);
    return star != NULL && (size_t)(star + 1 - text.ptr) != text.len
               ? "a star stands at the end of a tool's name only"
               : NULL;
}

bool hf_text_value_fault(struct hf_compiling *c, enum hf_policy_rule_conditions_fact fact,
                         const struct hf_token *token, unsigned line)
{
    const char *fault = NULL;
    if (fact == HF_POLICY_RULE_CONDITIONS_FACT_PATH) {
        fault = path_fault(token);
    } else if (fact == HF_POLICY_RULE_CONDITIONS_FACT_HOST) {
        fault = host_fault(token->text);
    } else if (fact == HF_POLICY_RULE_CONDITIONS_FACT_COMMAND) {
        fault = hf_text_command_fault(token->text);
    }
    if (fault != NULL) {
        hf_text_fault_at(c, line, token->column, "%s", fault);
    }
    return fault != NULL;
}
