/* base/cli/progress.c: draws a bar on a terminal, writes plain lines elsewhere. */
#include "base/cli/progress.h"

#include <inttypes.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX     200
#define BAR_MAX         30
#define NS_PER_S        1000000000u

/* Things a second since the start, 0 when nothing can be said yet. */
static uint64_t rate_of(const struct hf_progress *progress, uint64_t elapsed_ns)
{
    if (elapsed_ns == 0) {
        return 0;
    }
    double rate = (double)progress->count * NS_PER_S / (double)elapsed_ns;
    /* 2^64 and above cannot be converted. */
    return rate < 18446744073709551615.0 ? (uint64_t)rate : UINT64_MAX;
}

static void format_span(uint64_t seconds, char *out, size_t cap)
{
    if (seconds >= 3600) {
        (void)snprintf(out, cap, "%" PRIu64 "h%02" PRIu64 "m", seconds / 3600, seconds / 60 % 60);
    } else if (seconds >= 60) {
        (void)snprintf(out, cap, "%" PRIu64 "m%02" PRIu64 "s", seconds / 60, seconds % 60);
    } else {
        (void)snprintf(out, cap, "%" PRIu64 "s", seconds);
    }
}

static unsigned percent_of(const struct hf_progress *progress)
{
    if (progress->count >= progress->total) {
        return 100;
    }
    /* count * 100 must fit; the larger ones divide first, which is exact enough for them. */
    return (unsigned)(progress->count <= UINT64_MAX / 100
                          ? progress->count * 100 / progress->total
                          : progress->count / (progress->total / 100));
}

/* "verifying 1200 of 4000 entries, 30%, 600/s, 4s left" */
static void format_status(const struct hf_progress *progress, uint64_t now_ns, bool final,
                          char *out, size_t cap)
{
    uint64_t elapsed_ns = now_ns - progress->start_ns;
    uint64_t rate = rate_of(progress, elapsed_ns);
    char span[32];
    char rest[96] = "";
    if (final) {
        format_span(elapsed_ns / NS_PER_S, span, sizeof span);
        (void)snprintf(rest, sizeof rest, ", %" PRIu64 "/s, took %s", rate, span);
    } else if (progress->total > progress->count && rate > 0) {
        format_span((progress->total - progress->count) / rate, span, sizeof span);
        (void)snprintf(rest, sizeof rest, ", %" PRIu64 "/s, %s left", rate, span);
    } else if (rate > 0) {
        (void)snprintf(rest, sizeof rest, ", %" PRIu64 "/s", rate);
    }
    if (progress->total > 0) {
        (void)snprintf(out, cap, "%s %" PRIu64 " of %" PRIu64 " %s, %u%%%s", progress->label,
                       progress->count, progress->total, progress->unit, percent_of(progress),
                       rest);
    } else {
        (void)snprintf(out, cap, "%s %" PRIu64 " %s%s", progress->label, progress->count,
                       progress->unit, rest);
    }
}

static void draw_terminal(const struct hf_progress *progress, const char *status)
{
    /* One column stays free: a full line would make the terminal go to the next one. */
    size_t columns = progress->columns - 1;
    size_t len = strlen(status);
    len = len < columns ? len : columns;
    (void)fprintf(progress->out, "\r%.*s", (int)len, status);
    /* " [####....]" where there is room for a bar worth looking at. */
    if (progress->total > 0 && columns - len >= 13) {
        size_t width = columns - len - 3;
        width = width < BAR_MAX ? width : BAR_MAX;
        size_t full = width * percent_of(progress) / 100;
        char bar[BAR_MAX];
        memset(bar, '.', sizeof bar);
        memset(bar, '#', full);
        (void)fprintf(progress->out, " [%.*s]", (int)width, bar);
    }
    (void)fputs("\033[K", progress->out);
}

static void draw(struct hf_progress *progress, uint64_t now_ns, bool final)
{
    char status[COLUMNS_MAX * 2];
    format_status(progress, now_ns, final, status, sizeof status);
    if (progress->mode == HF_PROGRESS_TERMINAL) {
        draw_terminal(progress, status);
    } else {
        (void)fprintf(progress->out, "%s\n", status);
    }
    (void)fflush(progress->out);
    progress->drawn_ns = now_ns;
    progress->drawn = true;
}

void hf_progress_init(struct hf_progress *progress, FILE *out, struct hf_env *env,
                      enum hf_progress_mode mode, size_t columns)
{
    columns = columns == 0 ? COLUMNS_DEFAULT : columns;
    columns = columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
    columns = columns < 2 ? 2 : columns;
    *progress = (struct hf_progress){.out = out, .env = env, .mode = mode, .columns = columns};
}

void hf_progress_begin(struct hf_progress *progress, const char *label, const char *unit,
                       uint64_t total)
{
    progress->label = label;
    progress->unit = unit;
    progress->total = total;
    progress->count = 0;
    progress->drawn = false;
    if (progress->mode != HF_PROGRESS_SILENT) {
        progress->start_ns = hf_env_mono_ns(progress->env);
        progress->drawn_ns = progress->start_ns;
    }
}

void hf_progress_start(struct hf_progress *progress, struct hf_cli *cli, const char *label,
                       const char *unit, uint64_t total)
{
    enum hf_progress_mode mode = HF_PROGRESS_LINES;
    struct winsize size = {0};
    int fd = fileno(cli->err);
    if (cli->quiet) {
        mode = HF_PROGRESS_SILENT;
    } else if (fd >= 0 && isatty(fd) == 1) {
        mode = HF_PROGRESS_TERMINAL;
        if (ioctl(fd, TIOCGWINSZ, &size) != 0) {
            size.ws_col = 0;
        }
    }
    hf_progress_init(progress, cli->err, cli->env, mode, size.ws_col);
    hf_progress_begin(progress, label, unit, total);
}

void hf_progress_set(struct hf_progress *progress, uint64_t count)
{
    progress->count = count;
    if (progress->mode == HF_PROGRESS_SILENT) {
        return;
    }
    uint64_t now_ns = hf_env_mono_ns(progress->env);
    uint64_t interval_ns =
        progress->mode == HF_PROGRESS_TERMINAL ? HF_PROGRESS_TERMINAL_NS : HF_PROGRESS_LINES_NS;
    if (now_ns - progress->drawn_ns >= interval_ns) {
        draw(progress, now_ns, /* final= */ false);
    }
}

void hf_progress_end(struct hf_progress *progress)
{
    if (!progress->drawn) {
        return; /* it was over before anybody could wonder */
    }
    draw(progress, hf_env_mono_ns(progress->env), /* final= */ true);
    if (progress->mode == HF_PROGRESS_TERMINAL) {
        (void)fputc('\n', progress->out);
        (void)fflush(progress->out);
    }
    progress->drawn = false;
}
