/* base/cli/interrupt.h: SIGINT and SIGTERM as one wish of a person, that a command ends.
 *
 * The first one calls `caught`, on the loop. A second one of the same kind means that the first was
 * not enough: the process dies of it, as if nobody caught it. (Of the same kind, because a terminal
 * and a script may each ask once: Ctrl-C reaches every process, and then the script ends its own.)
 * Keeps the loop running from _open to _close. One thread. Needs a loop of the system's: loop_sim
 * has no signals. Caller's memory, which must live until the loop has run after _close.
 */
#ifndef HF_BASE_CLI_INTERRUPT_H
#define HF_BASE_CLI_INTERRUPT_H

#include "base/loop.h"

#define HF_INTERRUPT_KINDS 2

struct hf_interrupt_signal {
    struct hf_interrupt *interrupt;
    struct hf_signal sig;
    bool seen;
};

struct hf_interrupt {
    /* public */
    void (*caught)(struct hf_interrupt *interrupt); /* at most once */
    /* private */
    struct hf_interrupt_signal signals[HF_INTERRUPT_KINDS];
    size_t open_count;
    bool told;
};

/* Set `caught` before. After a failure nothing is caught and nothing need be closed. */
enum hf_rc hf_interrupt_open(struct hf_loop *loop, struct hf_interrupt *interrupt,
                             struct hf_err *err);
/* Fine for one that is all zeros, failed to open, or is closed. */
void hf_interrupt_close(struct hf_interrupt *interrupt);

#endif
