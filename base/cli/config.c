/* base/cli/config.c: reads the configuration file, `key = value` lines. */
#include "base/cli/args.h"
#include "base/cli/tree.h"
#include "base/file.h"

#define PATH_VARIABLE "HOLDFAST_CONFIG"

struct reader {
    struct hf_cli *cli;
    const char *path;
    size_t line; /* from 1 */
    const char *seen[HF_CLI_SETTINGS_MAX];
    size_t seen_count;
    struct hf_err *err;
};

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

/* Is the key one of any command? One file serves the whole program, so keys of other commands are
 * fine, and a key of none is a misspelt one. */
static enum hf_rc check_key(const struct reader *reader, const char *key)
{
    struct hf_cli_nearest nearest = hf_cli_nearest_init(hf_str_c(key));
    struct hf_cli_walk walk;
    hf_cli_walk_init(&walk, reader->cli->root, /* hidden= */ true);
    for (const struct hf_cli_command *c; (c = hf_cli_walk_next(&walk)) != NULL;) {
        for (size_t i = 0; i < c->option_count; i++) {
            const char *setting = c->options[i].setting;
            if (setting != NULL && strcmp(setting, key) == 0) {
                return HF_OK;
            }
            if (setting != NULL) {
                hf_cli_nearest_try(&nearest, setting);
            }
        }
    }
    if (nearest.best != NULL) {
        return hf_err_set(reader->err, HF_EUSAGE,
                          "%.100s, line %zu: there is no setting '%.60s'; did you mean '%s'?",
                          reader->path, reader->line, key, nearest.best);
    }
    return refuse(reader, "there is no such setting, take the line out: ", key);
}

static enum hf_rc note_seen(struct reader *reader, const char *key)
{
    for (size_t i = 0; i < reader->seen_count; i++) {
        if (strcmp(reader->seen[i], key) == 0) {
            return refuse(reader, "this setting is there twice, take one out: ", key);
        }
    }
    /* Keys are known and differ, so there are at most as many as the tree has settings. */
    HF_ASSERT(reader->seen_count < HF_CLI_SETTINGS_MAX);
    reader->seen[reader->seen_count++] = key;
    return HF_OK;
}

static enum hf_rc take_setting(struct reader *reader, const char *key, const char *text)
{
    struct hf_cli *cli = reader->cli;
    const struct hf_cli_option *option;
    for (size_t i = 0; (option = hf_cli_option_at(cli->command, i)) != NULL; i++) {
        if (option->setting == NULL || strcmp(option->setting, key) != 0) {
            continue;
        }
        char where[200];
        (void)snprintf(where, sizeof where, "%.100s, line %zu: %.60s", reader->path, reader->line,
                       key);
        /* A value that is overridden is checked too: an error must not wait for the day when the
         * flag is left out. */
        struct hf_cli_value value;
        enum hf_rc rc = hf_cli_store(option, text, HF_CLI_CONFIG, where, &value, reader->err);
        if (rc != HF_OK) {
            return rc;
        }
        if (cli->values[i].source == HF_CLI_UNSET) {
            cli->values[i] = value;
        }
    }
    return HF_OK;
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
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return refuse(reader, "a line is 'key = value', this is: ", line);
    }
    *equals = '\0';
    const char *key = trim(line);
    const char *value = trim(equals + 1);
    enum hf_rc rc = check_key(reader, key);
    if (rc == HF_OK) {
        rc = note_seen(reader, key);
    }
    return rc == HF_OK ? take_setting(reader, key, value) : rc;
}

static enum hf_rc take_lines(struct reader *reader, char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        reader->line++;
        char *end = memchr(text + at, '\n', len - at);
        size_t line_len = end != NULL ? (size_t)(end - (text + at)) : len - at;
        if (memchr(text + at, '\0', line_len) != NULL) {
            return refuse(reader, "there is a NUL byte; is this a text file?", "");
        }
        text[at + line_len] = '\0'; /* the last line has room for it, see below */
        enum hf_rc rc = take_line(reader, text + at);
        if (rc != HF_OK) {
            return rc;
        }
        at += line_len + 1;
    }
    return HF_OK;
}

enum hf_rc hf_cli_config_read(struct hf_cli *cli, struct hf_err *err)
{
    const char *path = cli->lookup(cli->lookup_arg, PATH_VARIABLE);
    if (path == NULL || path[0] == '\0') {
        return HF_OK;
    }
    enum hf_rc rc = hf_file_read(path, &cli->config, err);
    if (rc == HF_OK) {
        hf_buf_put(&cli->config, "", 1); /* room to end the last line */
        rc = cli->config.failed;
    }
    if (rc == HF_ENOMEM) {
        return hf_err_set(err, rc, "out of memory; give the program more");
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, HF_EUSAGE, "configuration file of $" PATH_VARIABLE);
    }
    size_t bad = 0;
    if (!hf_utf8_valid(hf_buf_bytes(&cli->config), &bad)) {
        return hf_err_set(err, HF_EUSAGE, "%.100s: byte %zu is not UTF-8; is this a text file?",
                          path, bad);
    }
    struct reader reader = {.cli = cli, .path = path, .err = err};
    return take_lines(&reader, (char *)cli->config.ptr, cli->config.len - 1);
}
