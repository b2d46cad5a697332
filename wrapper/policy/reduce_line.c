/* wrapper/policy/reduce_line.c: a command line as facts: programs, classes, paths, hosts. */
#include "wrapper/policy/known_option.h"
#include "wrapper/policy/reduce_arg.h"
#include "wrapper/policy/reducing.h"
#include "wrapper/policy/unwrap.h"
#include "wrapper/policy/variable.h"

enum {
    LINE_DEPTH_MAX = 6
};

static void add_opaque_bits(struct hf_reducing *r, unsigned bits)
{
    for (unsigned i = 0; i < HF_POLICY_FACTS_OPAQUE_COUNT; i++) {
        if ((bits >> i & 1) != 0) {
            hf_facts_add_opaque(r->facts, (enum hf_policy_facts_opaque)i);
        }
    }
}

/* The name of a program that lies in one of the system's folders. */
static bool system_name(struct hf_str path, struct hf_str *ret_name)
{
    static const char *const folders[] = {"/bin/", "/usr/bin/", "/usr/local/bin/", "/sbin/",
                                          "/usr/sbin/"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        size_t len = strlen(folders[i]);
        if (path.len > len && memcmp(path.ptr, folders[i], len) == 0 &&
            memchr(path.ptr + len, '/', path.len - len) == NULL) {
            *ret_name = (struct hf_str){path.ptr + len, path.len - len};
            return true;
        }
    }
    return false;
}

/* The name that rules know a program by: without its folder, if as written, or after ".." and
 * links, that is one of the system's. A program somewhere else keeps its path, fits no rule about
 * the name, and is a file that is executed. */
static struct hf_str program_name(struct hf_reducing *r, struct hf_str text)
{
    struct hf_str name = text;
    struct hf_str path;
    bool moved;
    bool folder = text.len > 0 && memchr(text.ptr, '/', text.len) != NULL;
    if (!folder || system_name(text, &name) ||
        (hf_reduce_resolve(r, text, &path, &moved) && system_name(path, &name))) {
        return name;
    }
    hf_reduce_path(r, text, HF_POLICY_FACTS_PATHS_ACCESS_EXECUTE, false);
    /* Nobody knows what is in that file. OpenClaw is OpenClaw wherever it was installed. */
    hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_INTERPRETER);
    const char *slash = memrchr(text.ptr, '/', text.len);
    size_t skip = (size_t)(slash + 1 - text.ptr);
    struct hf_str base = {text.ptr + skip, text.len - skip};
    return hf_str_starts(base, HF_STR("openclaw")) ? HF_STR("openclaw") : text;
}

/* Adds the command as a fact; NULL when there is no room, which makes the call incomplete. */
static struct hf_policy_facts_commands *add_command(struct hf_reducing *r, struct hf_str program,
                                                    const struct hf_shell_word *words, size_t count,
                                                    enum hf_policy_facts_commands_join join)
{
    struct hf_policy_facts *facts = r->facts;
    bool cut = false;
    if (facts->commands_count == sizeof facts->commands / sizeof *facts->commands) {
        facts->incomplete = true;
        return NULL;
    }
    struct hf_policy_facts_commands *c = &facts->commands[facts->commands_count++];
    memset(c, 0, sizeof *c);
    c->join = join;
    c->program = hf_reduce_text(r, program.len == 0 ? HF_STR("?") : program, 128, &cut);
    for (size_t i = 1; i < count; i++) {
        bool arg_cut = false;
        if (c->args_count == sizeof c->args / sizeof *c->args) {
            cut = true;
            break;
        }
        c->args[c->args_count++] = hf_reduce_text(r, words[i].text, 256, &arg_cut);
        cut = cut || arg_cut;
    }
    if (cut) {
        hf_facts_add_opaque(facts, HF_POLICY_FACTS_OPAQUE_LIMIT);
    }
    return c;
}

/* Everything that the policy says of a program with these arguments, put together. With an option
 * that no entry knows it is not listed, and still does all of this. */
static struct hf_known_program classify(const struct hf_policy *policy,
                                        const struct hf_policy_facts_commands *c)
{
    struct hf_known_program known = {.program = c->program};
    bool fits = false;
    for (size_t i = 0; i < policy->program_count; i++) {
        const struct hf_program *p = &policy->programs[i];
        if (hf_match_word(p->name, c->program) &&
            hf_match_command(p->words, c->program, c->args, c->args_count)) {
            fits = true;
            known.listed = known.listed || hf_options_known(p, c);
            known.classes = (hf_class_set)(known.classes | p->classes);
            known.paths = (uint8_t)(known.paths | p->paths);
        }
    }
    known.odd = fits && !known.listed;
    return known;
}

static void use_program(struct hf_reducing *r, const struct hf_shell_word *words, size_t count,
                        struct hf_policy_facts_commands *c)
{
    struct hf_known_program known = classify(r->policy, c);
    bool host = false;
    c->listed = known.listed;
    hf_facts_add_classes(r->facts, known.classes);
    size_t before = r->facts->paths_count;
    r->paths_seen = false;
    for (size_t i = 1; i < count; i++) {
        host = hf_reduce_arg(r, &known, words, count, &i) || host;
    }
    if ((known.classes & HF_CLASS_BIT(COMMUNICATE)) != 0) {
        if (!host) {
            hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_HOST);
        }
    } else if (known.paths != 0 && !r->paths_seen && r->facts->paths_count == before) {
        hf_reduce_own_path(r, &known, HF_STR(".")); /* many take the folder where they are */
    }
}

/* cd FOLDER: what follows begins there, if it is sure that it does. */
static void change_folder(struct hf_reducing *r, const struct hf_shell_word *words, size_t count,
                          bool sure)
{
    struct hf_str path;
    bool moved;
    bool plain = count <= 2 && (count < 2 || (!words[1].unknown && !words[1].glob &&
                                              !hf_str_starts(words[1].text, HF_STR("-"))));
    struct hf_str to = count < 2 ? HF_STR("~") : words[1].text;
    if (!plain || !sure) {
        hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_VARIABLE);
        if (!plain) {
            return;
        }
    }
    if (hf_reduce_resolve(r, to, &path, &moved)) {
        /* What has no path among its arguments works here. */
        hf_facts_add_classes(r->facts, HF_CLASS_BIT(READ));
        hf_reduce_path(r, to, HF_POLICY_FACTS_PATHS_ACCESS_READ, false);
        r->cwd = path;
    }
}

/* What only means something to a shell, where a program is expected: it was hidden from the parser
 * behind something like time. The same goes for "command cd", behind which paths are others. */
static bool is_syntax(const struct hf_shell_word *word)
{
    static const char *const words[] = {"{",    "}",    "!",    "(",     ")",     "if",
                                        "then", "else", "elif", "while", "until", "do",
                                        "done", "fi",   "for",  "case"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!word->quoted && hf_str_eq(word->text, hf_str_c(words[i]))) {
            return true;
        }
    }
    return false;
}

/* A program that nobody knows may run what stands behind it: where that is one of those that no
 * policy wants to overlook, it is a command too. */
static void add_hidden(struct hf_reducing *r, const struct hf_shell_word *words, size_t count)
{
    const struct hf_policy_facts *facts = r->facts;
    if (facts->commands_count == 0 || facts->commands[facts->commands_count - 1].listed) {
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct hf_str name = hf_unwrap_watched(words[i].text);
        if (name.len > 0) {
            (void)add_command(r, name, words + i, count - i, HF_POLICY_FACTS_COMMANDS_JOIN_INNER);
            return;
        }
    }
}

static void reduce_words(struct hf_reducing *r, const struct hf_shell_word *words, size_t count,
                         enum hf_policy_facts_commands_join join)
{
    struct hf_str alias = {NULL, 0};
    for (unsigned layers = 0; count > 0; layers++) {
        struct hf_unwrapped un;
        struct hf_str program = alias.len > 0 ? alias : program_name(r, words[0].text);
        alias = (struct hf_str){NULL, 0};
        if (words[0].unknown || words[0].glob || layers == LINE_DEPTH_MAX) {
            hf_facts_add_opaque(r->facts, layers == LINE_DEPTH_MAX
                                              ? HF_POLICY_FACTS_OPAQUE_LIMIT
                                              : HF_POLICY_FACTS_OPAQUE_VARIABLE);
            (void)add_command(r, HF_STR("?"), words, count, join);
            return;
        }
        if (layers > 0 && (is_syntax(&words[0]) || hf_str_eq(program, HF_STR("cd")))) {
            hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_SYNTAX);
        }
        hf_unwrap(program, words, count, &un);
        add_opaque_bits(r, un.opaque);
        if (un.program.len > 0 && !hf_str_eq(un.program, program)) {
            alias = un.program;
            words += un.skip;
            count -= un.skip;
            continue;
        }
        if (un.shown || (un.skip == 0 && !un.has_text)) {
            size_t own = un.skip > 0 && un.skip < count ? un.skip : count;
            struct hf_policy_facts_commands *c = add_command(r, program, words, count, join);
            if (c != NULL) {
                use_program(r, words, own, c);
            }
            join = HF_POLICY_FACTS_COMMANDS_JOIN_INNER;
        }
        if (un.skip == 0 && !un.has_text) {
            add_hidden(r, words, count);
        }
        if (un.has_text) {
            hf_reduce_line(r, un.text, HF_POLICY_FACTS_COMMANDS_JOIN_INNER);
        }
        if (un.skip == 0) {
            return;
        }
        count = (un.until > 0 ? un.until : count) - un.skip;
        words += un.skip;
    }
}

static bool is_device(struct hf_str text)
{
    return hf_str_eq(text, HF_STR("/dev/null")) || hf_str_eq(text, HF_STR("/dev/stdout")) ||
           hf_str_eq(text, HF_STR("/dev/stderr")) || hf_str_eq(text, HF_STR("/dev/stdin"));
}

static void reduce_redirects(struct hf_reducing *r, const struct hf_shell_command *c)
{
    for (size_t i = 0; i < c->redirect_count; i++) {
        const struct hf_shell_redirect *to = &c->redirects[i];
        if (is_device(to->target.text) || to->target.unknown) {
            continue;
        }
        /* bash opens a connection for these names. */
        if (hf_str_starts(to->target.text, HF_STR("/dev/tcp/")) ||
            hf_str_starts(to->target.text, HF_STR("/dev/udp/"))) {
            hf_facts_add_classes(r->facts, HF_CLASS_BIT(COMMUNICATE));
            (void)hf_reduce_host(r,
                                 (struct hf_str){to->target.text.ptr + 9, to->target.text.len - 9});
            continue;
        }
        if (to->reads) {
            hf_facts_add_classes(r->facts, HF_CLASS_BIT(READ));
            hf_reduce_path(r, to->target.text, HF_POLICY_FACTS_PATHS_ACCESS_READ, to->target.glob);
        }
        if (to->writes) {
            hf_facts_add_classes(r->facts, HF_CLASS_BIT(WRITE));
            hf_reduce_path(r, to->target.text, HF_POLICY_FACTS_PATHS_ACCESS_WRITE, to->target.glob);
        }
    }
}

static void reduce_command(struct hf_reducing *r, const struct hf_shell *shell, size_t i,
                           enum hf_policy_facts_commands_join join)
{
    const struct hf_shell_command *c = &shell->commands[i];
    for (size_t k = 0; k < c->assigned_count; k++) {
        /* Behind a command it is the command's; alone it counts only where it is one already. */
        if (c->word_count > 0 ? hf_variable_matters(c->assigned[k])
                              : hf_variable_is_special(c->assigned[k])) {
            hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_INTERPRETER);
        }
    }
    reduce_redirects(r, c);
    if (c->word_count == 0) {
        return;
    }
    if (!c->words[0].unknown && hf_str_eq(c->words[0].text, HF_STR("cd"))) {
        bool last = i + 1 == shell->count;
        bool next = !last && shell->commands[i + 1].join == HF_POLICY_FACTS_COMMANDS_JOIN_AND;
        bool here = c->join == HF_POLICY_FACTS_COMMANDS_JOIN_FIRST ||
                    c->join == HF_POLICY_FACTS_COMMANDS_JOIN_AND ||
                    c->join == HF_POLICY_FACTS_COMMANDS_JOIN_THEN;
        change_folder(r, c->words, c->word_count, here && (last || next) && !shell->grouped);
        return;
    }
    reduce_words(r, c->words, c->word_count, join);
}

void hf_reduce_line(struct hf_reducing *r, struct hf_str text,
                    enum hf_policy_facts_commands_join join)
{
    struct hf_shell *shell = hf_arena_alloc(r->arena, 1, sizeof *shell);
    if (shell == NULL || r->depth == LINE_DEPTH_MAX) {
        hf_facts_add_opaque(r->facts, HF_POLICY_FACTS_OPAQUE_LIMIT);
        r->facts->incomplete = r->facts->incomplete || shell == NULL;
        return;
    }
    struct hf_str cwd = r->cwd;
    r->depth++;
    hf_shell_parse(text, r->arena, shell);
    add_opaque_bits(r, shell->opaque);
    for (size_t i = 0; i < shell->count; i++) {
        bool first = shell->commands[i].join == HF_POLICY_FACTS_COMMANDS_JOIN_FIRST;
        reduce_command(r, shell, i, first ? join : shell->commands[i].join);
    }
    r->depth--;
    r->cwd = cwd;
}
