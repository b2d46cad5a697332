/* base/cli/interrupt.c: catches SIGINT and SIGTERM; the second of a kind ends the process. */
#include "base/cli/interrupt.h"

#include <signal.h>

#include "base/assert.h"

static void fired(struct hf_signal *sig, int number)
{
    struct hf_interrupt_signal *one = HF_CONTAINER_OF(sig, struct hf_interrupt_signal, sig);
    struct hf_interrupt *interrupt = one->interrupt;
    if (one->seen) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
        return;
    }
    one->seen = true;
    if (!interrupt->told) {
        interrupt->told = true;
        interrupt->caught(interrupt);
    }
}

enum hf_rc hf_interrupt_open(struct hf_loop *loop, struct hf_interrupt *interrupt,
                             struct hf_err *err)
{
    static const int numbers[HF_INTERRUPT_KINDS] = {SIGINT, SIGTERM};
    interrupt->open_count = 0;
    interrupt->told = false;
    for (size_t i = 0; i < HF_INTERRUPT_KINDS; i++) {
        struct hf_interrupt_signal *one = &interrupt->signals[i];
        *one = (struct hf_interrupt_signal){.interrupt = interrupt, .sig = {.caught = fired}};
        enum hf_rc rc = hf_signal_open(loop, &one->sig, numbers[i], /* keeps_alive= */ true, err);
        if (rc != HF_OK) {
            hf_interrupt_close(interrupt);
            return rc;
        }
        interrupt->open_count++;
    }
    return HF_OK;
}

void hf_interrupt_close(struct hf_interrupt *interrupt)
{
    while (interrupt->open_count > 0) {
        interrupt->open_count--;
        hf_signal_close(&interrupt->signals[interrupt->open_count].sig);
    }
}
