/* tools/holdfast/log_append.c: holdfast log append: standard input into a log. */
#include <unistd.h>

#include "base/cli/progress.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "log/event/codec.h"
#include "log/tlog/tile.h"
#include "schemas/envelope.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

/* The whole input is held in memory, because it is checked before anything is committed. */
#define INPUT_MAX     (UINT64_C(4) << 30)
#define CHUNK_ENTRIES HF_APPEND_ITEMS_MAX

struct appending {
    struct hf_cli *cli;
    struct hf_session session;
    struct hf_buf input;
    struct hf_buf bytes; /* converted entries, back to back */
    struct hf_buf items; /* of struct item */
    struct hf_submission chunk[CHUNK_ENTRIES];
    struct hf_append append;
    struct hf_err err;
    struct hf_progress progress;
    uint64_t line; /* of the item that is at fault */
    size_t next;
    size_t total;
};

struct item {
    size_t at;
    size_t len;
};

/* reading and checking */

static enum hf_rc add_item(struct appending *a, size_t at, size_t len)
{
    struct item item = {at, len};
    hf_buf_put(&a->items, &item, sizeof item);
    return a->items.failed == HF_OK ? HF_OK
                                    : hf_err_set(&a->err, HF_ENOMEM, "no memory for the input");
}

static enum hf_rc take_opaque(struct appending *a, struct hf_bytes line)
{
    if (line.len > HF_ENTRY_MAX) {
        return hf_err_set(&a->err, HF_ETOOBIG, "%zu bytes, an entry has at most %d", line.len,
                          HF_ENTRY_MAX);
    }
    return add_item(a, (size_t)(line.ptr - a->input.ptr), line.len);
}

static enum hf_rc take_hex(struct appending *a, struct hf_bytes line)
{
    size_t len = 0;
    size_t at = 0;
    if (line.len > 2 * HF_ENTRY_MAX) {
        return hf_err_set(&a->err, HF_ETOOBIG, "%zu bytes, an entry has at most %d", line.len / 2,
                          HF_ENTRY_MAX);
    }
    uint8_t *room = hf_buf_reserve(&a->bytes, line.len / 2);
    if (room == NULL) {
        return hf_err_set(&a->err, HF_ENOMEM, "no memory for the input");
    }
    if (hf_hex_decode(hf_bytes_str(line), room, line.len / 2, &len, &at) != HF_OK) {
        return at == line.len
                   ? hf_err_set(&a->err, HF_ESYNTAX, "an odd number of hexadecimal digits")
                   : hf_err_set(&a->err, HF_ESYNTAX, "column %zu is no hexadecimal digit", at + 1);
    }
    hf_buf_commit(&a->bytes, len);
    return add_item(a, a->bytes.len - len, len);
}

static enum hf_rc take_event(struct appending *a, struct hf_bytes line)
{
    struct hf_json_doc *doc = NULL;
    uint8_t *room = hf_buf_reserve(&a->bytes, HF_SUBMISSION_MAX);
    if (room == NULL) {
        return hf_err_set(&a->err, HF_ENOMEM, "no memory for the input");
    }
    enum hf_rc rc = hf_json_parse(line, &doc, &a->err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_writer w = hf_writer_init(room, HF_SUBMISSION_MAX);
    struct hf_entry_meta meta;
    rc = hf_event_from_json(hf_json_root(doc), hf_env_wall_us(a->cli->env), &w, &a->err);
    if (rc == HF_OK) {
        rc = hf_event_codec.submission(hf_writer_done(&w), &meta, &a->err);
    }
    hf_json_free(doc);
    if (rc == HF_OK) {
        hf_buf_commit(&a->bytes, w.len);
        rc = add_item(a, a->bytes.len - w.len, w.len);
    }
    return rc;
}

static enum hf_rc check_input(struct appending *a)
{
    bool events = hf_log_codec(a->session.log) != NULL;
    bool hex = hf_cli_flag(a->cli, "hex");
    struct hf_cursor c = hf_cursor_init(hf_buf_bytes(&a->input));
    enum hf_rc rc = HF_OK;
    for (a->line = 1; rc == HF_OK && c.left > 0; a->line++) {
        struct hf_str line;
        if (!hf_cursor_line(&c, &line)) {
            line = (struct hf_str){(const char *)c.ptr, c.left}; /* the last one, unfinished */
            c.left = 0;
        }
        struct hf_bytes bytes = hf_str_bytes(line);
        rc = events ? take_event(a, bytes) : hex ? take_hex(a, bytes) : take_opaque(a, bytes);
    }
    if (rc != HF_OK) {
        return hf_err_wrap(&a->err, rc, "line %llu of the input", (unsigned long long)a->line - 1);
    }
    a->total = a->items.len / sizeof(struct item);
    return HF_OK;
}

/* committing */

static void appended(struct hf_append *append)
{
    struct appending *a = HF_CONTAINER_OF(append, struct appending, append);
    hf_loop_stop(a->session.loop);
}

static size_t fill_chunk(struct appending *a, const uint8_t *base)
{
    const struct item *item = (const struct item *)(const void *)a->items.ptr + a->next;
    size_t count = 0;
    size_t bytes = 0;
    for (; a->next + count < a->total && count < CHUNK_ENTRIES; count++, item++) {
        bytes += item->len;
        if (bytes > HF_APPEND_BYTES_MAX && count > 0) {
            break;
        }
        a->chunk[count] = (struct hf_submission){.bytes = hf_bytes_of(base + item->at, item->len)};
    }
    return count;
}

static enum hf_rc append_chunk(struct appending *a, const uint8_t *base)
{
    size_t count = fill_chunk(a, base);
    a->append = (struct hf_append){
        .items = a->chunk, .item_count = count, .wait = HF_WAIT_SIGNED, .done = appended};
    hf_append_submit(hf_log_writer_appender(a->session.writer), &a->append);
    hf_loop_run(a->session.loop);
    if (a->append.rc != HF_OK) {
        a->err = a->append.err;
        return hf_err_wrap(&a->err, a->append.rc, "line %zu and later of the input", a->next + 1);
    }
    uint64_t last = a->append.first + count - 1;
    if (a->cli->json) {
        hf_cli_printf(a->cli, "{\"first\":%llu,\"last\":%llu,\"repeated\":%s}\n",
                      (unsigned long long)a->append.first, (unsigned long long)last,
                      a->append.repeated ? "true" : "false");
    } else {
        hf_cli_printf(a->cli, "%llu %llu\n", (unsigned long long)a->append.first,
                      (unsigned long long)last);
    }
    a->next += count;
    hf_progress_set(&a->progress, a->next);
    return hf_cli_flush(a->cli, &a->err);
}

static enum hf_rc append_all(struct appending *a)
{
    enum hf_rc rc = hf_session_open(&a->session, a->cli, HF_PLACE_OWN, &a->err);
    if (rc == HF_OK && hf_cli_flag(a->cli, "hex") && hf_log_codec(a->session.log) != NULL) {
        rc = hf_err_set(&a->err, HF_EUSAGE,
                        "--hex is for opaque logs; this one takes events as "
                        "JSON lines");
    }
    if (rc == HF_OK) {
        rc = hf_session_own(&a->session, a->cli, &a->err);
    }
    if (rc == HF_OK) {
        rc = hf_file_read("-", &a->input, &a->err);
    }
    if (rc == HF_OK) {
        rc = check_input(a);
    }
    if (rc != HF_OK) {
        return rc;
    }
    bool converted = hf_cli_flag(a->cli, "hex") || hf_log_codec(a->session.log) != NULL;
    hf_progress_start(&a->progress, a->cli, "appending", "entries", a->total);
    while (rc == HF_OK && a->next < a->total) {
        rc = append_chunk(a, converted ? a->bytes.ptr : a->input.ptr);
    }
    hf_progress_end(&a->progress);
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct appending *a = hf_heap_zalloc(1, sizeof *a);
    if (a == NULL) {
        struct hf_err err = {.rc = HF_ENOMEM, .text = "no memory"};
        return hf_cli_fail(cli, &err);
    }
    a->cli = cli;
    a->input = hf_buf_init(INPUT_MAX);
    a->bytes = hf_buf_init(INPUT_MAX);
    a->items = hf_buf_init(INPUT_MAX);
    enum hf_rc rc = append_all(a);
    hf_session_close(&a->session);
    int result = rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &a->err);
    hf_buf_free(&a->input);
    hf_buf_free(&a->bytes);
    hf_buf_free(&a->items);
    hf_heap_free(a);
    return result;
}

static const struct hf_cli_option options[] = {
    {.name = "hex", .help = "each line is an entry in hexadecimal digits"},
    {.name = "free-floor",
     .kind = HF_CLI_SIZE,
     .env = "HOLDFAST_FREE_FLOOR",
     .setting = "free-floor",
     .help = "free bytes below which the log is read-only (default: by the disk's size)"},
};
static const struct hf_cli_operand operands[] = {HF_OPERAND_DIR};

const struct hf_cli_command hf_command_log_append = {
    .name = "append",
    .summary = "append the lines of standard input",
    .description =
        "Opaque logs take one entry a line, without its newline; an empty line is an empty entry. "
        "Logs of events take one JSON object a line with type, producer, sequence and payload; the "
        "same producer and sequence again is answered with the position it has.\n\n"
        "The whole input is checked first; a bad line is named and nothing is appended. Then it is "
        "committed in chunks; for each one \"FIRST LAST\" is printed once it is durable.",
    .examples = "printf 'hello\\nworld\\n' | holdfast log append mylog",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
