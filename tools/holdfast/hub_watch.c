/* tools/holdfast/hub_watch.c: a list of the Hub, again and again. */
#include <stdio.h>
#include <unistd.h>

#include "base/cli/interrupt.h"
#include "tools/holdfast/hub_call.h"

struct watch {
    struct hf_hub_session session;
    struct hf_interrupt interrupt;
    struct hf_timer timer;
    bool stopped;
    const char *path;
    const struct hf_hub_table *as;
};

static void interrupted(struct hf_interrupt *interrupt)
{
    struct watch *watch = HF_CONTAINER_OF(interrupt, struct watch, interrupt);
    watch->stopped = true;
    hf_loop_stop(watch->session.loop);
}

static void due(struct hf_timer *timer)
{
    hf_loop_stop(HF_CONTAINER_OF(timer, struct watch, timer)->session.loop);
}

static void show_once(struct watch *watch)
{
    struct hf_cli *cli = watch->session.cli;
    struct hf_hub_listing listing;
    struct hf_err err = {0};
    enum hf_rc rc = hf_hub_listing_gather(&watch->session, watch->path, watch->as,
                                          /* as_json= */ false, &listing, &err);
    if (isatty(fileno(cli->out)) == 1) {
        hf_cli_printf(cli, "\033[H\033[J");
    }
    if (rc == HF_OK) {
        rc = hf_hub_listing_print(cli, &listing, &err);
    }
    hf_hub_listing_free(&listing);
    if (rc != HF_OK) {
        hf_cli_printf(cli, "the Hub does not answer: %s\n", err.text);
    }
    hf_cli_printf(cli, "\nCtrl-C ends\n");
    (void)hf_cli_flush(cli, NULL);
}

int hf_hub_watch_command(struct hf_cli *cli, const char *path, const struct hf_hub_table *as)
{
    struct watch watch = {.stopped = false, .path = path, .as = as};
    struct hf_err err = {0};
    uint64_t period_ns = hf_cli_u64(cli, "every") * UINT64_C(1000000000);
    enum hf_rc rc = hf_hub_session_open(&watch.session, cli, &err);
    if (rc == HF_OK) {
        watch.interrupt.caught = interrupted;
        rc = hf_interrupt_open(watch.session.loop, &watch.interrupt, &err);
    }
    if (rc == HF_OK) {
        hf_timer_init(&watch.timer, watch.session.loop, due);
        while (!watch.stopped) {
            show_once(&watch);
            if (!watch.stopped) {
                (void)hf_timer_arm(&watch.timer, period_ns);
                hf_loop_run(watch.session.loop);
            }
        }
        hf_timer_cancel(&watch.timer);
        hf_interrupt_close(&watch.interrupt);
    }
    hf_hub_session_close(&watch.session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}
