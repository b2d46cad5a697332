/* base/cli/service.h: a command that runs until it is told to stop.
 *
 * hf_service_run makes the loop and then calls, in this order,
 *   open    what the program is made of; signals still end it at once, however long this takes
 *   start   (may be NULL) from here on the first SIGINT or SIGTERM stops it in order, and a second
 *           of the same kind ends it at once; say here that it is ready
 *   stop    once: after a signal, hf_service_stop, hf_service_fail, or a failure of `open` or
 *           `start`; it begins to close what is open, also what is open by half, and
 *           passes hf_service_stopped on as what to call when all is closed
 * runs the loop until nothing is left on it, frees it, and answers the exit code. An error is
 * printed once, at the end. `stop` is not called when there was no loop. One thread; the service
 * and what holds it live until hf_service_run returns.
 */
#ifndef HF_BASE_CLI_SERVICE_H
#define HF_BASE_CLI_SERVICE_H

#include "base/cli/cli.h"
#include "base/cli/interrupt.h"
#include "base/logger.h"
#include "base/loop.h"

struct hf_service {
    /* public, set before hf_service_run */
    enum hf_rc (*open)(struct hf_service *service, struct hf_err *err);
    enum hf_rc (*start)(struct hf_service *service, struct hf_err *err);
    void (*stop)(struct hf_service *service);
    /* read-only, from `open` on */
    struct hf_cli *cli;
    struct hf_loop *loop;
    struct hf_logger logger; /* to standard error */
    /* private */
    struct hf_interrupt interrupt;
    bool stopping;
    struct hf_err err; /* with HF_OK while all is well */
};

int hf_service_run(struct hf_service *service, struct hf_cli *cli);

/* Stops with an error (its text is copied) that becomes the exit code; the first one counts. */
void hf_service_fail(struct hf_service *service, enum hf_rc rc, const struct hf_err *err);

/* Stops in order, as the first signal does. */
void hf_service_stop(struct hf_service *service);

/* All is closed. Takes the service as void *, so that it fits the `closed` of a close function. */
void hf_service_stopped(void *service);

#endif
