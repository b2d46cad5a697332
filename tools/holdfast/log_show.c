/* tools/holdfast/log_show.c: holdfast log show: entries for people, as JSON lines, or raw. */
#include "base/cli/interrupt.h"
#include "base/json_out.h"
#include "log/event/entry_json.h"
#include "schemas/envelope.h"
#include "schemas/event.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

static void entry_json(const struct hf_session *session, uint64_t index, struct hf_bytes entry,
                       struct hf_buf *buf)
{
    struct hf_json_out json;
    hf_json_init(&json, buf);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "index", index);
    hf_entry_to_json(&json, entry, hf_log_codec(session->log) != NULL);
    hf_json_object_end(&json);
}

/* For people: bytes that are not printable ASCII are escaped, so that an entry cannot command the
 * terminal. */
static void entry_text(const struct hf_session *session, uint64_t index, struct hf_bytes entry,
                       struct hf_buf *buf)
{
    struct hf_envelope envelope;
    hf_buf_printf(buf, "%llu  ", (unsigned long long)index);
    if (hf_log_codec(session->log) != NULL &&
        hf_envelope_read_leaf(entry, &envelope, /* err= */ NULL) == HF_OK) {
        struct hf_json_out json;
        hf_buf_printf(buf, "%.*s  %.*s@%llu  ", HF_STR_ARG(envelope.type),
                      HF_STR_ARG(envelope.stream), (unsigned long long)envelope.version);
        hf_json_init(&json, buf);
        hf_event_payload_to_json(envelope.type, envelope.schema_version, envelope.payload, &json);
        return;
    }
    for (size_t i = 0; i < entry.len; i++) {
        uint8_t c = entry.ptr[i];
        if (c >= 0x20 && c < 0x7F && c != '\\') {
            hf_buf_put(buf, &c, 1);
        } else {
            hf_buf_printf(buf, "\\x%02x", c);
        }
    }
}

struct show {
    struct hf_cli *cli;
    struct hf_session *session;
    struct hf_reader *reader;
    struct hf_buf buf;
    uint64_t to; /* last index to show */
    bool past;   /* it was shown */
    /* with --follow */
    struct hf_loop *loop;
    struct hf_watch watch;
    struct hf_interrupt interrupt;
    bool watching;
    enum hf_rc rc;
    struct hf_err err;
};

static enum hf_rc show_entry(struct show *show, uint64_t index, struct hf_bytes entry,
                             struct hf_err *err)
{
    struct hf_buf *buf = &show->buf;
    hf_buf_clear(buf);
    if (hf_cli_flag(show->cli, "raw")) {
        hf_buf_put(buf, entry.ptr, entry.len);
    } else if (show->cli->json) {
        entry_json(show->session, index, entry, buf);
        hf_buf_str(buf, HF_STR("\n"));
    } else {
        entry_text(show->session, index, entry, buf);
        hf_buf_str(buf, HF_STR("\n"));
    }
    if (buf->failed != HF_OK) {
        return hf_err_set(err, buf->failed, "entry %llu is too big to show",
                          (unsigned long long)index);
    }
    if (buf->len > 0 && fwrite(buf->ptr, 1, buf->len, show->cli->out) != buf->len) {
        return hf_cli_flush(show->cli, err);
    }
    return HF_OK;
}

/* Shows what there is now. */
static enum hf_rc show_all(struct show *show, struct hf_err *err)
{
    for (;;) {
        uint64_t index = 0;
        struct hf_bytes entry;
        enum hf_rc rc = hf_reader_next(show->reader, &index, &entry, err);
        if (rc == HF_EEND) {
            return HF_OK;
        }
        show->past = rc == HF_OK && index >= show->to;
        if (rc == HF_OK && index <= show->to) {
            rc = show_entry(show, index, entry, err);
        }
        if (rc != HF_OK || show->past) {
            return rc;
        }
    }
}

/* following */

static void stop_following(struct show *show)
{
    if (show->watching) {
        show->watching = false;
        hf_watch_close(&show->watch);
    }
    hf_interrupt_close(&show->interrupt);
}

static void grown(struct hf_watch *watch)
{
    struct show *show = HF_CONTAINER_OF(watch, struct show, watch);
    bool more = false;
    show->rc = hf_log_refresh(show->session->log, &more, &show->err);
    if (show->rc == HF_OK && more) {
        show->rc = show_all(show, &show->err);
    }
    if (show->rc == HF_OK) {
        show->rc = hf_cli_flush(show->cli, &show->err);
    }
    if (show->rc != HF_OK || show->past) {
        stop_following(show);
    }
}

static void interrupted(struct hf_interrupt *interrupt)
{
    stop_following(HF_CONTAINER_OF(interrupt, struct show, interrupt));
}

/* Watches before the first look, so that nothing falls between the two. The folder, not the data
 * file: LMDB shows a commit to readers a moment after it wrote it, so that a look right at the last
 * write to the file may come too early; the signed checkpoint is written after that. */
static enum hf_rc follow(struct show *show, struct hf_err *err)
{
    enum hf_rc rc = hf_loop_uv_new(&show->loop, err);
    if (rc != HF_OK) {
        return rc;
    }
    show->watch.changed = grown;
    rc = hf_watch_open(show->loop, &show->watch, hf_cli_operand(show->cli, 0), err);
    show->watching = rc == HF_OK;
    if (rc == HF_OK) {
        show->interrupt.caught = interrupted;
        rc = hf_interrupt_open(show->loop, &show->interrupt, err);
    }
    if (rc == HF_OK) {
        grown(&show->watch);
        rc = show->rc;
    }
    if (rc != HF_OK) {
        stop_following(show);
    }
    hf_loop_run(show->loop);
    hf_loop_free(show->loop);
    if (rc == HF_OK && show->rc != HF_OK) {
        rc = show->rc;
        *err = show->err;
    }
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_session session;
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {
        .from = hf_cli_u64(cli, "from"), .kind = HF_HEAD_STREAM, .skip_pruned = true};
    uint64_t kept = 0;
    uint64_t to = hf_cli_given(cli, "to") ? hf_cli_u64(cli, "to") : UINT64_MAX;
    if (hf_cli_given(cli, "stream") && hf_cli_given(cli, "type")) {
        return hf_cli_refuse(cli, "give --stream or --type, not both");
    }
    if (hf_cli_given(cli, "stream")) {
        options.name = hf_str_c(hf_cli_str(cli, "stream"));
    } else if (hf_cli_given(cli, "type")) {
        options.kind = HF_HEAD_TYPE;
        options.name = hf_str_c(hf_cli_str(cli, "type"));
    }
    enum hf_rc rc = hf_session_open(&session, cli, HF_PLACE_READ, &err);
    if (rc == HF_OK) {
        rc = hf_log_kept(session.log, &kept, &err);
    }
    if (rc == HF_OK && options.from < kept) {
        hf_cli_note(cli, "entries below %llu are pruned", (unsigned long long)kept);
    }
    if (rc == HF_OK) {
        rc = hf_reader_open(session.log, &options, &reader, &err);
    }
    if (rc == HF_OK) {
        struct show show = {.cli = cli,
                            .session = &session,
                            .reader = reader,
                            .buf = hf_buf_init(64u << 20),
                            .to = to};
        rc = show_all(&show, &err);
        if (rc == HF_OK && !show.past && hf_cli_flag(cli, "follow")) {
            rc = follow(&show, &err);
        }
        hf_buf_free(&show.buf);
    }
    hf_reader_close(reader);
    hf_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const struct hf_cli_option options_[] = {
    {.name = "from", .kind = HF_CLI_U64, .fallback = "0", .help = "index of the first entry"},
    {.name = "to", .kind = HF_CLI_U64, .help = "index of the last entry"},
    {.name = "stream", .kind = HF_CLI_STRING, .value = "NAME", .help = "only this stream"},
    {.name = "type", .kind = HF_CLI_STRING, .value = "NAME", .help = "only this type of event"},
    {.name = "follow",
     .help = "go on showing entries as they are appended, until --to or an interrupt"},
    {.name = "raw", .help = "the entries' bytes as they are, nothing between them"},
};
static const struct hf_cli_operand operands[] = {HF_OPERAND_DIR};

const struct hf_cli_command hf_command_log_show = {
    .name = "show",
    .summary = "show entries, decoded where their type is known",
    .options = options_,
    .option_count = HF_LEN(options_),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
