/* base/cli/config.c: reads the configuration file: `key = value` lines in sections of programs. */
#include "base/cli/args.h"
#include "base/cli/tree.h"
#include "base/file.h"

#include <unistd.h>

#define PATH_VARIABLE "HOLDFAST_CONFIG"

/* Programs that have a section; one reads its own and passes over the others'. */
static const char *const sections[] = {"hub", "agent", "wrapper", "proxy", "provision", "holdfast"};

/* Settings of more than one program: what stands above all sections is for all programs, and not
 * each of them has it. */
static const char *const shared[] = {"region",       "hub",        "hub_pin",   "hub_token",
                                     "agent_socket", "hub_socket", "free_floor"};

enum part {
    SHARED, /* above all sections */
    OWN,
    FOREIGN, /* another program's, or of a section that is refused */
};

struct reader {
    struct hf_cli *cli;
    const char *path;
    size_t line; /* from 1 */
    enum part part;
    bool had[HF_LEN(sections)];
    const char *seen[HF_CLI_SETTINGS_MAX]; /* in this part */
    size_t seen_count;
    struct hf_err *err;
};

bool hf_cli_is_section(const char *name)
{
    bool known = false;
    for (size_t i = 0; i < HF_LEN(sections); i++) {
        known = known || strcmp(sections[i], name) == 0;
    }
    return known;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
    while (is_blank(*text)) {
        text++;
    }
    size_t len = strlen(text);
    while (len > 0 && is_blank(text[len - 1])) {
        text[--len] = '\0';
    }
    return text;
}

static enum hf_rc refuse(const struct reader *reader, const char *what, const char *key)
{
    return hf_err_set(reader->err, HF_EUSAGE, "%.100s, line %zu: %s%.60s", reader->path,
                      reader->line, what, key);
}

/* In a program's section its name may be left out: `listen` in [hub] is hub_listen. */
static bool is_meant(const struct reader *reader, const char *setting, const char *key)
{
    const char *section = reader->cli->root->section;
    if (setting == NULL || strcmp(setting, key) == 0 || reader->part != OWN) {
        return setting != NULL && strcmp(setting, key) == 0;
    }
    size_t len = strlen(section);
    return strncmp(setting, section, len) == 0 && setting[len] == '_' &&
           strcmp(setting + len + 1, key) == 0;
}

static enum hf_rc unknown(const struct reader *reader, const struct hf_cli_nearest *nearest,
                          const char *key)
{
    if (nearest->best != NULL) {
        return hf_err_set(reader->err, HF_EUSAGE,
                          "%.100s, line %zu: there is no setting '%.60s'; did you mean '%s'?",
                          reader->path, reader->line, key, nearest->best);
    }
    return reader->cli->root->section == NULL || reader->part == OWN
               ? refuse(reader, "there is no such setting, take the line out: ", key)
               : refuse(reader,
                        "there is no such setting of all programs; one program's goes into its "
                        "section, as in [hub]: ",
                        key);
}

/* Is the key one of any command? One file serves all programs of a server, so keys of other
 * commands are fine, and a key of none is a misspelt one. *ret_setting is its whole name. */
static enum hf_rc check_key(const struct reader *reader, const char *key, const char **ret_setting)
{
    struct hf_cli_nearest nearest = hf_cli_nearest_init(hf_str_c(key));
    struct hf_cli_walk walk;
    hf_cli_walk_init(&walk, reader->cli->root, /* hidden= */ true);
    for (const struct hf_cli_command *c; (c = hf_cli_walk_next(&walk)) != NULL;) {
        for (size_t i = 0; i < c->option_count; i++) {
            const char *setting = c->options[i].setting;
            if (is_meant(reader, setting, key)) {
                *ret_setting = setting;
                return HF_OK;
            }
            if (setting != NULL) {
                hf_cli_nearest_try(&nearest, setting);
            }
        }
    }
    for (size_t i = 0; reader->part == SHARED && i < HF_LEN(shared); i++) {
        if (strcmp(shared[i], key) == 0) {
            *ret_setting = shared[i];
            return HF_OK;
        }
    }
    return unknown(reader, &nearest, key);
}

static enum hf_rc note_seen(struct reader *reader, const char *setting)
{
    for (size_t i = 0; i < reader->seen_count; i++) {
        if (strcmp(reader->seen[i], setting) == 0) {
            return refuse(reader, "this setting is there twice, take one out: ", setting);
        }
    }
    /* They are known and differ, so there are at most as many as the tree has settings. */
    HF_ASSERT(reader->seen_count < HF_CLI_SETTINGS_MAX);
    reader->seen[reader->seen_count++] = setting;
    return HF_OK;
}

static enum hf_rc take_setting(struct reader *reader, const char *setting, const char *text)
{
    struct hf_cli *cli = reader->cli;
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(cli->command, i)) != NULL; i++) {
        if (option->setting == NULL || strcmp(option->setting, setting) != 0) {
            continue;
        }
        char where[200];
        (void)snprintf(where, sizeof where, "%.100s, line %zu: %.60s", reader->path, reader->line,
                       setting);
        /* A value that is overridden is checked too: an error must not wait for the day when the
         * flag is left out. */
        struct hf_cli_value value;
        enum hf_rc rc = hf_cli_store(option, text, HF_CLI_CONFIG, where, &value, reader->err);
        if (rc != HF_OK) {
            cli->values[i].wrong = true;
            return rc;
        }
        /* What stands in the program's section is said for it, so it counts more. */
        if (cli->values[i].source == HF_CLI_UNSET || cli->values[i].source == HF_CLI_CONFIG) {
            cli->values[i] = value;
        }
    }
    return HF_OK;
}

static enum hf_rc take_section(struct reader *reader, char *line)
{
    const char *own = reader->cli->root->section;
    size_t len = strlen(line);
    reader->part = FOREIGN;
    reader->seen_count = 0;
    if (line[len - 1] != ']') {
        return refuse(reader, "a section is '[NAME]', this is: ", line);
    }
    line[len - 1] = '\0';
    const char *name = trim(line + 1);
    for (size_t i = 0; i < HF_LEN(sections); i++) {
        if (strcmp(sections[i], name) != 0) {
            continue;
        }
        if (reader->had[i]) {
            return refuse(reader, "this section is there twice, make it one: ", name);
        }
        reader->had[i] = true;
        reader->part = own != NULL && strcmp(own, name) == 0 ? OWN : FOREIGN;
        return HF_OK;
    }
    return refuse(reader,
                  "there is no such section; there are hub, agent, wrapper, proxy, provision and "
                  "holdfast: ",
                  name);
}

static enum hf_rc take_line(struct reader *reader, char *line)
{
    line = trim(line);
    if (line[0] == '\0' || line[0] == '#') {
        return HF_OK;
    }
    for (const char *p = line; *p != '\0'; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
            return refuse(reader, "there is a control character; take it out", "");
        }
    }
    if (line[0] == '[') {
        return take_section(reader, line);
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return refuse(reader, "a line is 'key = value', this is: ", line);
    }
    if (reader->part == FOREIGN) {
        return HF_OK; /* its program knows what it means */
    }
    *equals = '\0';
    const char *setting = NULL;
    const char *value = trim(equals + 1);
    enum hf_rc rc = check_key(reader, trim(line), &setting);
    if (rc == HF_OK) {
        rc = note_seen(reader, setting);
    }
    return rc == HF_OK ? take_setting(reader, setting, value) : rc;
}

static enum hf_rc take_lines(struct reader *reader, char *text, size_t len)
{
    enum hf_rc rc = HF_OK;
    for (size_t at = 0; rc == HF_OK && at < len;) {
        reader->line++;
        char *end = memchr(text + at, '\n', len - at);
        size_t line_len = end != NULL ? (size_t)(end - (text + at)) : len - at;
        bool is_text = memchr(text + at, '\0', line_len) == NULL;
        text[at + line_len] = '\0'; /* the last line has room for it, see below */
        rc = is_text ? take_line(reader, text + at)
                     : refuse(reader, "there is a NUL byte; is this a text file?", "");
        rc = hf_cli_wrong(reader->cli, rc, reader->err);
        at += line_len + 1;
    }
    return rc;
}

static enum hf_rc read_file(struct hf_cli *cli, const char *path, const char *whose,
                            struct hf_err *err)
{
    size_t bad = 0;
    enum hf_rc rc = hf_file_read(path, &cli->config, err);
    if (rc == HF_OK) {
        hf_buf_put(&cli->config, "", 1); /* room to end the last line */
        rc = cli->config.failed;
    }
    if (rc == HF_ENOMEM) {
        return hf_err_set(err, rc, "out of memory; give the program more");
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, HF_EUSAGE, "configuration file of %s", whose);
    }
    if (!hf_utf8_valid(hf_buf_bytes(&cli->config), &bad)) {
        return hf_err_set(err, HF_EUSAGE, "%.100s: byte %zu is not UTF-8; is this a text file?",
                          path, bad);
    }
    return HF_OK;
}

enum hf_rc hf_cli_config_read(struct hf_cli *cli, struct hf_err *err)
{
    const char *path = hf_cli_str(cli, "config");
    const char *whose = path != NULL ? "--config" : "$" PATH_VARIABLE;
    path = path != NULL ? path : cli->lookup(cli->lookup_arg, PATH_VARIABLE);
    if (path == NULL || path[0] == '\0') {
        return HF_OK;
    }
    if (path[0] == '-' && path[1] != '\0') {
        path++;
        if (access(path, F_OK) != 0) {
            return HF_OK;
        }
    }
    enum hf_rc rc = read_file(cli, path, whose, err);
    if (rc == HF_ENOMEM) {
        return rc;
    }
    if (rc != HF_OK) {
        return hf_cli_wrong(cli, rc, err);
    }
    struct reader reader = {.cli = cli, .path = path, .err = err};
    return take_lines(&reader, (char *)cli->config.ptr, cli->config.len - 1);
}
