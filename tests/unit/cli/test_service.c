/* tests/unit/cli/test_service.c: a command that runs until it is stopped. */
#include "base/cli/service.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

struct world {
    struct hf_service service;
    struct hf_timer closing;
    char calls[64]; /* a letter for each call, in order */
    size_t count;
    enum hf_rc open_rc;
    enum hf_rc start_rc;
    int signals[3]; /* raised in start, one after the other; 0 ends */
    bool never_closes;
};

static void note(struct world *w, char letter)
{
    w->calls[w->count++] = letter;
}

static enum hf_rc open_it(struct hf_service *service, struct hf_err *err)
{
    struct world *w = HF_CONTAINER_OF(service, struct world, service);
    note(w, 'o');
    return w->open_rc == HF_OK ? HF_OK : hf_err_set(err, w->open_rc, "it does not open");
}

static enum hf_rc start_it(struct hf_service *service, struct hf_err *err)
{
    struct world *w = HF_CONTAINER_OF(service, struct world, service);
    note(w, 's');
    for (size_t i = 0; i < HF_LEN(w->signals) && w->signals[i] != 0; i++) {
        (void)raise(w->signals[i]);
    }
    return w->start_rc == HF_OK ? HF_OK : hf_err_set(err, w->start_rc, "it does not start");
}

static void closed(struct hf_timer *timer)
{
    struct world *w = HF_CONTAINER_OF(timer, struct world, closing);
    note(w, 'c');
    hf_service_stopped(&w->service);
}

/* Closing takes a while, so that whatever follows the first signal comes before its end. */
static void stop_it(struct hf_service *service)
{
    struct world *w = HF_CONTAINER_OF(service, struct world, service);
    note(w, 'x');
    hf_timer_init(&w->closing, service->loop, closed);
    if (!w->never_closes) {
        (void)hf_timer_arm(&w->closing, 20000000);
    }
}

static int nothing(struct hf_cli *cli)
{
    (void)cli;
    return HF_EXIT_OK;
}

static int run_world(struct world *w, char *ret_err, size_t err_size)
{
    static const struct hf_cli_command root = {
        .name = "sample", .summary = "a service", .version = "1", .run = nothing};
    struct hf_cli cli;
    w->service.open = open_it;
    w->service.start = start_it;
    w->service.stop = stop_it;
    hf_cli_init(&cli, &root);
    (void)snprintf(cli.name, sizeof cli.name, "sample");
    cli.err = fmemopen(ret_err, err_size, "w");
    HF_ASSERT(cli.err != NULL);
    int code = hf_service_run(&w->service, &cli);
    (void)fclose(cli.err);
    hf_cli_free(&cli);
    return code;
}

/* Order of calls, exit code and message for each way to end; an error is printed once. */
HF_TEST(ends)
{
    static const struct {
        enum hf_rc open_rc, start_rc;
        int signals[3];
        const char *calls;
        int code;
        const char *err;
    } cases[] = {
        {HF_OK, HF_OK, {SIGINT}, "osxc", HF_EXIT_OK, ""},
        {HF_OK, HF_OK, {SIGTERM}, "osxc", HF_EXIT_OK, ""},
        {HF_OK, HF_OK, {SIGINT, SIGTERM}, "osxc", HF_EXIT_OK, ""}, /* one of each is one wish */
        {HF_EIO, HF_OK, {0}, "oxc", HF_EXIT_FAILED, "sample: it does not open\n"},
        {HF_EUSAGE, HF_OK, {0}, "oxc", HF_EXIT_USAGE, "sample: it does not open\n"},
        {HF_OK, HF_EIO, {0}, "osxc", HF_EXIT_FAILED, "sample: it does not start\n"},
        {HF_OK, HF_EIO, {SIGTERM}, "osxc", HF_EXIT_FAILED, "sample: it does not start\n"},
    };

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        struct world w = {.open_rc = cases[i].open_rc, .start_rc = cases[i].start_rc};
        char err[256] = "";
        memcpy(w.signals, cases[i].signals, sizeof w.signals);
        HF_CHECK_U64(run_world(&w, err, sizeof err), cases[i].code);
        HF_CHECK_STR(hf_str_c(w.calls), hf_str_c(cases[i].calls));
        HF_CHECK_STR(hf_str_c(err), hf_str_c(cases[i].err));
    }
}

/* The second signal of a kind ends a process that would never end by itself. */
HF_TEST(second_signal)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    for (size_t i = 0; i < HF_LEN(numbers); i++) {
        int status = 0;
        pid_t child = fork();
        HF_CHECK(child >= 0);
        if (child == 0) {
            /* Two of a kind raised together are still two: each is written to the loop's pipe. */
            struct world w = {.signals = {numbers[i], numbers[i]}, .never_closes = true};
            char err[256] = "";
            (void)alarm(30); /* a process that does not die of it fails the check below */
            _exit(run_world(&w, err, sizeof err));
        }
        HF_CHECK(waitpid(child, &status, 0) == child);
        HF_CHECK(WIFSIGNALED(status));
        HF_CHECK_U64(WTERMSIG(status), numbers[i]);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(ends), HF_TEST_CASE(second_signal))
