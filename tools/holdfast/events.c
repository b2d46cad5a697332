/* tools/holdfast/events.c: holdfast events tail: a region's events as they come, by its Hub. */
#include <stdio.h>

#include "base/cli/interrupt.h"
#include "base/json_out.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

#define SECOND     UINT64_C(1000000000)
#define WAIT_S     20 /* below the time that a call may take */
#define PAGE       500
#define BACK_OFF_S 30
#define TARGET_MAX 440 /* with the Hub's address it has to fit a URL of 512 */
#define LAST       10

struct tail {
    struct hf_hub_session session;
    struct hf_interrupt interrupt;
    struct hf_timer timer;
    struct hf_buf line;
    char next[32]; /* position */
    unsigned failures;
    bool stopped;
};

static void interrupted(struct hf_interrupt *interrupt)
{
    struct tail *tail = HF_CONTAINER_OF(interrupt, struct tail, interrupt);
    tail->stopped = true;
    hf_loop_stop(tail->session.loop);
}

static void due(struct hf_timer *timer)
{
    hf_loop_stop(HF_CONTAINER_OF(timer, struct tail, timer)->session.loop);
}

/* showing */

/* As `log show` has it; an event inside of a segment with its offset and its tenant. */
static void write_text(struct hf_buf *line, const struct hf_json *entry)
{
    const struct hf_json *event = hf_json_get_kind(entry, "event", HF_JSON_OBJECT);
    uint64_t offset = hf_json_get_u64(entry, "offset");
    struct hf_str tenant = hf_json_get_str(entry, "tenant");
    hf_buf_printf(line, "%llu", (unsigned long long)hf_json_get_u64(entry, "index"));
    if (offset > 0) {
        hf_buf_printf(line, ".%llu", (unsigned long long)offset);
    }
    hf_buf_str(line, HF_STR("  "));
    if (event == NULL) {
        hf_buf_printf(line, "no event, %llu bytes",
                      (unsigned long long)hf_json_get_u64(entry, "length"));
        return;
    }
    struct hf_str type = hf_json_get_str(event, "type");
    struct hf_str stream = hf_json_get_str(event, "stream");
    hf_buf_printf(line, "%.*s  %.*s%s%.*s@%llu  ", HF_STR_ARG(type), HF_STR_ARG(tenant),
                  tenant.len > 0 ? ":" : "", HF_STR_ARG(stream),
                  (unsigned long long)hf_json_get_u64(event, "version"));
    const struct hf_json *payload = hf_json_get(event, "payload");
    if (payload != NULL) {
        struct hf_json_out json;
        hf_json_init(&json, line);
        hf_json_copy(&json, payload);
    }
}

static enum hf_rc show_page(struct tail *tail, const struct hf_json *page, bool *ret_empty,
                            struct hf_err *err)
{
    struct hf_cli *cli = tail->session.cli;
    const struct hf_json *events = hf_json_get_kind(page, "events", HF_JSON_ARRAY);
    struct hf_str next = hf_json_get_str(page, "next");
    if (events == NULL || next.len == 0 || next.len >= sizeof tail->next) {
        return hf_err_set(err, HF_EINVAL, "the Hub's answer is no page of events");
    }
    for (size_t i = 0; i < hf_json_count(events); i++) {
        const struct hf_json *entry = hf_json_at(events, i);
        hf_buf_clear(&tail->line);
        if (hf_json_kind(entry) != HF_JSON_OBJECT) {
            return hf_err_set(err, HF_EINVAL, "the Hub's answer is no page of events");
        }
        if (cli->json) {
            struct hf_json_out json;
            hf_json_init(&json, &tail->line);
            hf_json_copy(&json, entry);
        } else {
            write_text(&tail->line, entry);
        }
        hf_buf_str(&tail->line, HF_STR("\n"));
        if (tail->line.failed != HF_OK) {
            return hf_err_set(err, tail->line.failed, "an event is too big to show");
        }
        (void)fwrite(tail->line.ptr, 1, tail->line.len, cli->out); /* looked at by the flush */
    }
    *ret_empty = hf_json_count(events) == 0;
    memcpy(tail->next, next.ptr, next.len);
    tail->next[next.len] = '\0';
    return hf_cli_flush(cli, err);
}

/* asking */

/* Adds &KEY=VALUE, percent-encoded. */
static void add_value(struct hf_buf *path, struct hf_cli *cli, const char *key)
{
    const char *value = hf_cli_str(cli, key);
    if (value == NULL) {
        return;
    }
    hf_buf_printf(path, "&%s=", key);
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '.' || c == '-' || c == '_' || c == '/';
        hf_buf_printf(path, plain ? "%c" : "%%%02X", c);
    }
}

static enum hf_rc ask(struct tail *tail, bool wait, bool *ret_empty, struct hf_err *err)
{
    struct hf_cli *cli = tail->session.cli;
    const struct hf_json *page = NULL;
    struct hf_buf path = hf_buf_init(TARGET_MAX);
    hf_buf_printf(&path, "/v1/events?from=%s&limit=%d", tail->next, PAGE);
    add_value(&path, cli, "type");
    add_value(&path, cli, "stream");
    add_value(&path, cli, "tenant");
    hf_buf_str(&path, hf_cli_flag(cli, "segments") ? HF_STR("&segments=1") : HF_STR(""));
    if (wait) {
        hf_buf_printf(&path, "&wait_s=%d", WAIT_S);
    }
    hf_buf_put(&path, "", 1);
    enum hf_rc rc = path.failed != HF_OK
                        ? hf_err_set(err, HF_EUSAGE, "the filters are too long for one call")
                        : hf_hub_ask(&tail->session, "GET", (const char *)path.ptr,
                                     (struct hf_bytes){NULL, 0}, &page, err);
    if (rc == HF_OK && !tail->stopped) {
        rc = show_page(tail, page, ret_empty, err);
    }
    hf_buf_free(&path);
    return rc;
}

/* The Hub is away for a moment: it is asked again, from where we are. */
static void rest(struct tail *tail, const struct hf_err *err)
{
    uint64_t wait_s = UINT64_C(1) << (tail->failures < 5 ? tail->failures : 5);
    wait_s = wait_s > BACK_OFF_S ? BACK_OFF_S : wait_s;
    tail->failures++;
    hf_cli_note(tail->session.cli, "%s; again in %llu s", err->text, (unsigned long long)wait_s);
    (void)hf_timer_arm(&tail->timer, wait_s * SECOND);
    hf_loop_run(tail->session.loop);
    hf_timer_cancel(&tail->timer);
}

/* The last few, as tail(1) does it, unless --from says otherwise. */
static enum hf_rc find_start(struct tail *tail, struct hf_err *err)
{
    struct hf_cli *cli = tail->session.cli;
    const struct hf_json *region = NULL;
    const char *from = hf_cli_str(cli, "from");
    if (from != NULL) {
        (void)snprintf(tail->next, sizeof tail->next, "%.31s", from);
        return HF_OK;
    }
    enum hf_rc rc =
        hf_hub_ask(&tail->session, "GET", "/v1/region", (struct hf_bytes){NULL, 0}, &region, err);
    if (rc == HF_OK) {
        uint64_t size = hf_json_get_u64(region, "size");
        (void)snprintf(tail->next, sizeof tail->next, "%llu",
                       (unsigned long long)(size > LAST ? size - LAST : 0));
    }
    return rc;
}

static enum hf_rc follow(struct tail *tail, struct hf_err *err)
{
    bool follows = hf_cli_flag(tail->session.cli, "follow");
    bool empty = false;
    enum hf_rc rc = find_start(tail, err);
    while (rc == HF_OK && !tail->stopped && (follows || !empty)) {
        rc = ask(tail, follows, &empty, err);
        if (rc == HF_OK) {
            tail->failures = 0;
        } else if (follows && rc == HF_EIO && !tail->stopped) {
            rest(tail, err);
            rc = HF_OK;
        }
    }
    return tail->stopped ? HF_OK : rc;
}

static int run_tail(struct hf_cli *cli)
{
    struct tail tail = {.line = hf_buf_init(2u << 20)};
    struct hf_err err = {0};
    enum hf_rc rc = hf_hub_session_open(&tail.session, cli, &err);
    if (rc == HF_OK) {
        tail.interrupt.caught = interrupted;
        rc = hf_interrupt_open(tail.session.loop, &tail.interrupt, &err);
    }
    if (rc == HF_OK) {
        hf_timer_init(&tail.timer, tail.session.loop, due);
        rc = follow(&tail, &err);
        hf_interrupt_close(&tail.interrupt);
    }
    hf_hub_session_close(&tail.session);
    hf_buf_free(&tail.line);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const struct hf_cli_option tail_options[] = {
    HF_HUB_OPTIONS,
    {.name = "from",
     .kind = HF_CLI_STRING,
     .value = "POSITION",
     .help = "begin here: INDEX, INDEX.OFFSET or now; else with the last 10"},
    {.name = "follow", .help = "go on showing events as they come, until an interrupt"},
    {.name = "type", .kind = HF_CLI_STRING, .value = "PREFIX", .help = "only types that begin so"},
    {.name = "stream", .kind = HF_CLI_STRING, .value = "NAME", .help = "only this stream"},
    {.name = "tenant",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .help = "only streams of this tenant, and its segments"},
    {.name = "segments", .help = "also the events inside of tenants' segments"},
};

static const struct hf_cli_command command_tail = {
    .name = "tail",
    .summary = "show a region's events, through its Hub",
    .description = "Needs the role auditor. With --follow it goes on for ever: when the Hub is "
                   "away it is asked again from the same position, so that nothing is missed and "
                   "nothing comes twice.",
    .examples = "holdfast events tail --follow --type tenant.\n"
                "holdfast events tail --from 0 --segments --tenant acme --json",
    .options = tail_options,
    .option_count = HF_LEN(tail_options),
    .run = run_tail,
};

const struct hf_cli_command hf_command_events = {
    .name = "events",
    .summary = "follow what happens in a region",
    HF_CLI_CHILDREN(&command_tail),
};
