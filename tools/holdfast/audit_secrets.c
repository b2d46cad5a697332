/* tools/holdfast/audit_secrets.c: holdfast audit secrets: no registered secret is in a log.
 *
 * Looks at the bytes of every entry, of every event inside of its segments, and of other blobs.
 * Events hold text as it is, so what is found in them is found in their bytes.
 */
#include <stdio.h>

#include "base/heap.h"
#include "base/json_out.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/secret_in.h"
#include "tools/holdfast/secret_lines.h"
#include "tools/holdfast/session.h"
#include "wrapper/search/search.h"

struct audit {
    struct hf_cli *cli;
    struct hf_redaction_secret *secrets; /* names and kinds borrow from the text of the file */
    struct hf_secret *values;
    size_t secret_count;
    struct hf_secret_search *search;
    struct hf_buf line;
};

/* -- the secrets -- */

static enum hf_rc take_secret(void *arg, const struct hf_secret_line *line, struct hf_err *err)
{
    struct audit *s = arg;
    if (s->secret_count == HF_REDACTION_SECRETS_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "%d secrets are the most", HF_REDACTION_SECRETS_MAX);
    }
    struct hf_secret *value = &s->values[s->secret_count];
    if (hf_secret_copy(hf_secret_reveal(line->value), value) != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no locked memory for a secret");
    }
    s->secrets[s->secret_count++] = (struct hf_redaction_secret){line->name, line->kind, value};
    return HF_OK;
}

static enum hf_rc found(void *arg, const struct hf_secret_finding *finding)
{
    struct audit *s = arg;
    hf_buf_clear(&s->line);
    if (s->cli->json) {
        struct hf_json_out json;
        hf_json_init(&json, &s->line);
        hf_json_object_begin(&json);
        hf_json_key_u64(&json, "index", finding->index);
        hf_json_key_u64(&json, "offset", finding->offset);
        hf_json_key_str(&json, "type", finding->type);
        hf_json_key_str(&json, "layer", hf_str_c(hf_redaction_layer_name(finding->layer)));
        hf_json_key_str(&json, "name", finding->name);
        hf_json_object_end(&json);
    } else {
        hf_buf_printf(&s->line, "entry %llu", (unsigned long long)finding->index);
        if (finding->offset > 0) {
            hf_buf_printf(&s->line, ", event %llu of its segment",
                          (unsigned long long)finding->offset);
        }
        hf_buf_printf(&s->line, "  %.*s  %s %.*s", HF_STR_ARG(finding->type),
                      finding->layer == HF_REDACTION_KNOWN ? "secret" : "token",
                      HF_STR_ARG(finding->name));
    }
    hf_cli_line(s->cli, &s->line);
    return s->line.failed;
}

/* Nothing is replaced, so any key of placeholders will do. */
static enum hf_rc make_search(struct audit *s, struct hf_err *err)
{
    struct hf_secret key;
    enum hf_rc rc = hf_redaction_init(err);
    rc = rc == HF_OK ? hf_secret_alloc(HF_REDACTION_KEY_SIZE, &key) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_redactor_config config = {&key, s->secrets, s->secret_count,
                                              !hf_cli_flag(s->cli, "tokens")};
    rc = hf_secret_search_new(&config, &s->search, err);
    hf_secret_free(&key);
    return rc;
}

static enum hf_rc read_secrets(struct audit *s, struct hf_secret *ret_text, struct hf_err *err)
{
    s->secrets = hf_heap_zalloc(HF_REDACTION_SECRETS_MAX, sizeof *s->secrets);
    s->values = hf_heap_zalloc(HF_REDACTION_SECRETS_MAX, sizeof *s->values);
    if (s->secrets == NULL || s->values == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the secrets");
    }
    enum hf_rc rc = hf_secret_read((int)hf_cli_u64(s->cli, "fd"), HF_SECRET_LINES_MAX,
                                   /* trim= */ false, ret_text, err);
    rc = rc == HF_OK ? hf_secret_lines(hf_secret_reveal(ret_text), take_secret, s, err) : rc;
    if (rc == HF_OK && s->secret_count == 0) {
        rc = hf_err_set(err, HF_EINVAL,
                        "there is no secret to look for; give lines "
                        "\"KIND NAME VALUE\", the value in base64");
    }
    return rc == HF_OK ? make_search(s, err) : rc;
}

/* -- the log -- */

static enum hf_rc look_into_log(struct audit *s, struct hf_err *err)
{
    struct hf_session session;
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.skip_pruned = true};
    uint64_t kept = 0;
    enum hf_rc rc = hf_session_open(&session, s->cli, HF_PLACE_READ, err);
    rc = rc == HF_OK ? hf_log_kept(session.log, &kept, err) : rc;
    rc = rc == HF_OK ? hf_reader_open(session.log, &options, &reader, err) : rc;
    if (rc == HF_OK && kept > 0) {
        hf_cli_note(s->cli, "entries below %llu are pruned and were not looked at",
                    (unsigned long long)kept);
    }
    while (rc == HF_OK) {
        struct hf_bytes entry;
        uint64_t index;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK) {
            rc = hf_secret_search_entry(s->search, session.log, index, entry, found, s, err);
            rc = rc == HF_OK ? rc : hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
        }
    }
    hf_reader_close(reader);
    hf_session_close(&session);
    return rc == HF_EEND ? HF_OK : rc;
}

static int tell(struct audit *s)
{
    const struct hf_secret_search_counts *counts = hf_secret_search_counts(s->search);
    unsigned long long entries = counts->entries, events = counts->events;
    unsigned long long count = counts->findings;
    if (count > 0) {
        return hf_cli_no(s->cli,
                         "%llu places hold a secret, of %llu entries and %llu events in "
                         "segments; rotate what is named, it is in the log for ever",
                         count, entries, events);
    }
    if (s->cli->json) {
        hf_cli_printf(s->cli, "{\"entries\":%llu,\"events\":%llu,\"secrets\":%zu,\"found\":0}\n",
                      entries, events, s->secret_count);
    } else {
        hf_cli_printf(s->cli,
                      "none of %zu secrets is in %llu entries and %llu events in segments, "
                      "in any spelling\n",
                      s->secret_count, entries, events);
    }
    return HF_EXIT_OK;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct audit s = {.cli = cli, .line = hf_buf_init(4096)};
    struct hf_secret text = {0};
    enum hf_rc rc = hf_crypto_init(&err);
    rc = rc == HF_OK ? read_secrets(&s, &text, &err) : rc;
    rc = rc == HF_OK ? look_into_log(&s, &err) : rc;
    for (size_t i = 0; i < s.secret_count; i++) {
        hf_secret_free(&s.values[i]);
    }
    hf_heap_free(s.secrets);
    hf_heap_free(s.values);
    hf_secret_free(&text);
    hf_buf_free(&s.line);
    int status = rc == HF_OK ? tell(&s) : hf_cli_fail(cli, &err);
    hf_secret_search_free(s.search);
    return status;
}

static const struct hf_cli_option options_[] = {
    {.name = "fd",
     .kind = HF_CLI_U64,
     .value = "N",
     .fallback = "0",
     .max = 1023,
     .help = "descriptor that the secrets come from; 0 is standard input"},
    {.name = "tokens", .help = "look for the tokens of providers as well"},
};
static const struct hf_cli_operand operands[] = {HF_OPERAND_DIR};

const struct hf_cli_command hf_command_audit_secrets = {
    .name = "secrets",
    .summary = "prove that no registered secret is in a log; exit 1 says where one is",
    .description =
        "Takes lines \"KIND NAME VALUE\", the value in base64, as \"vault import\" does, "
        "and looks through every entry, every event in its segments and every other "
        "blob for each value in every spelling that redaction knows. Names are shown, "
        "values never.",
    .options = options_,
    .option_count = HF_LEN(options_),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
