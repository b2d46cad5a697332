/* tools/holdfast/audit_secrets.c: holdfast audit secrets: no registered secret is in a log.
 *
 * Looks at the bytes of every entry, of every event inside of its segments, and of other blobs.
 * Events hold text as it is, so what is found in them is found in their bytes.
 */
#include <stdio.h>

#include "base/heap.h"
#include "base/json_out.h"
#include "log/mirror/segment.h"
#include "log/tlog/tile.h"
#include "schemas/envelope.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/secret_in.h"
#include "tools/holdfast/secret_lines.h"
#include "tools/holdfast/session.h"
#include "wrapper/redaction/redaction.h"

struct search {
    struct hf_cli *cli;
    struct hf_redaction_secret *secrets; /* names and kinds borrow from the text of the file */
    struct hf_secret *values;
    size_t secret_count;
    struct hf_redaction_stream *stream;
    struct hf_buf blob;
    struct hf_buf line;
    /* where it is */
    uint64_t index;
    uint64_t offset; /* of an event inside of a segment, from 1; 0: the entry itself */
    struct hf_str type;
    uint64_t entries;
    uint64_t events; /* inside of segments */
    uint64_t found;
};

/* -- the secrets -- */

static enum hf_rc take_secret(void *arg, const struct hf_secret_line *line, struct hf_err *err)
{
    struct search *s = arg;
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

static enum hf_rc found(void *arg, const struct hf_redaction_span *span)
{
    struct search *s = arg;
    if (span->layer == HF_REDACTION_ALLOW) {
        return HF_OK;
    }
    s->found++;
    hf_buf_clear(&s->line);
    if (s->cli->json) {
        struct hf_json_out json;
        hf_json_init(&json, &s->line);
        hf_json_object_begin(&json);
        hf_json_key_u64(&json, "index", s->index);
        hf_json_key_u64(&json, "offset", s->offset);
        hf_json_key_str(&json, "type", s->type);
        hf_json_key_str(&json, "layer", hf_str_c(hf_redaction_layer_name(span->layer)));
        hf_json_key_str(&json, "name", span->name);
        hf_json_object_end(&json);
    } else {
        hf_buf_printf(&s->line, "entry %llu", (unsigned long long)s->index);
        if (s->offset > 0) {
            hf_buf_printf(&s->line, ", event %llu of its segment", (unsigned long long)s->offset);
        }
        hf_buf_printf(&s->line, "  %.*s  %s %.*s", HF_STR_ARG(s->type),
                      span->layer == HF_REDACTION_KNOWN ? "secret" : "token",
                      HF_STR_ARG(span->name));
    }
    hf_cli_printf(s->cli, "%.*s\n", (int)s->line.len, (const char *)s->line.ptr);
    return s->line.failed;
}

/* The redactor of these secrets; the stream keeps it. Nothing is replaced, so any key will do. */
static enum hf_rc make_stream(struct search *s, struct hf_err *err)
{
    struct hf_secret key;
    struct hf_redactor *redactor = NULL;
    struct hf_redaction_sink sink = {.found = found, .arg = s};
    enum hf_rc rc = hf_redaction_init(err);
    rc = rc == HF_OK ? hf_secret_alloc(HF_REDACTION_KEY_SIZE, &key) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_redactor_config config = {&key, s->secrets, s->secret_count,
                                        !hf_cli_flag(s->cli, "tokens")};
    rc = hf_redactor_new(&config, &redactor, err);
    rc = rc == HF_OK ? hf_redaction_self_test(redactor, err) : rc;
    rc = rc == HF_OK ? hf_redaction_stream_open(redactor, &sink, &s->stream, err) : rc;
    hf_redactor_free(redactor);
    hf_secret_free(&key);
    return rc;
}

static enum hf_rc read_secrets(struct search *s, struct hf_secret *ret_text, struct hf_err *err)
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
    return rc == HF_OK ? make_stream(s, err) : rc;
}

/* -- the log -- */

static enum hf_rc look(struct search *s, struct hf_bytes bytes, struct hf_err *err)
{
    enum hf_rc rc = hf_redaction_feed(s->stream, bytes, err);
    return rc == HF_OK ? hf_redaction_end(s->stream, err) : rc;
}

static enum hf_rc look_into_segment(struct search *s, struct hf_err *err)
{
    struct hf_segment segment;
    enum hf_rc rc = hf_segment_parse(hf_buf_bytes(&s->blob), &segment, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    struct hf_bytes entry;
    while (rc == HF_OK && hf_bundle_next(&cursor, &entry) == HF_OK) {
        struct hf_envelope event = {0};
        s->offset++;
        s->events++;
        s->type = hf_envelope_parse_leaf(entry, &event, /* err= */ NULL) == HF_OK ? event.type
                                                                                  : HF_STR("?");
        rc = look(s, entry, err);
    }
    return rc;
}

static enum hf_rc look_into_entry(struct search *s, struct hf_log *log, struct hf_bytes entry,
                                  struct hf_err *err)
{
    struct hf_envelope event = {0};
    struct hf_hash hash;
    bool typed =
        hf_log_codec(log) != NULL && hf_envelope_read_leaf(entry, &event, /* err= */ NULL) == HF_OK;
    s->type = typed ? event.type : HF_STR("?");
    s->offset = 0;
    s->entries++;
    enum hf_rc rc = look(s, entry, err);
    if (rc != HF_OK || !typed || event.blob.len != HF_HASH_SIZE) {
        return rc;
    }
    memcpy(hash.b, event.blob.ptr, HF_HASH_SIZE);
    bool segment = hf_str_eq(event.type, HF_STR("segment.received"));
    hf_buf_clear(&s->blob);
    rc = hf_log_blob_at(log, s->index, &hash, &s->blob, err);
    if (rc != HF_OK) {
        return rc;
    }
    return segment ? look_into_segment(s, err) : look(s, hf_buf_bytes(&s->blob), err);
}

static enum hf_rc look_into_log(struct search *s, struct hf_err *err)
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
        rc = hf_reader_next(reader, &s->index, &entry, err);
        if (rc == HF_OK) {
            rc = look_into_entry(s, session.log, entry, err);
            rc =
                rc == HF_OK ? rc : hf_err_wrap(err, rc, "entry %llu", (unsigned long long)s->index);
        }
    }
    hf_reader_close(reader);
    hf_session_close(&session);
    return rc == HF_EEND ? HF_OK : rc;
}

static int tell(struct search *s)
{
    unsigned long long entries = s->entries, events = s->events, count = s->found;
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
    struct search s = {.cli = cli,
                       .blob =
                           hf_buf_init(HF_SEGMENT_MAX > (64u << 20) ? HF_SEGMENT_MAX : 64u << 20),
                       .line = hf_buf_init(4096)};
    struct hf_secret text = {0};
    enum hf_rc rc = hf_crypto_init(&err);
    rc = rc == HF_OK ? read_secrets(&s, &text, &err) : rc;
    rc = rc == HF_OK ? look_into_log(&s, &err) : rc;
    hf_redaction_stream_close(s.stream);
    for (size_t i = 0; i < s.secret_count; i++) {
        hf_secret_free(&s.values[i]);
    }
    hf_heap_free(s.secrets);
    hf_heap_free(s.values);
    hf_secret_free(&text);
    hf_buf_free(&s.blob);
    hf_buf_free(&s.line);
    return rc == HF_OK ? tell(&s) : hf_cli_fail(cli, &err);
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
