/* wrapper/redaction_report.h: redaction tries itself and says what it did, as events.
 *
 * The golden vectors run when the wrapper starts, once a day, and whenever the set of registered
 * secrets changes (wrapper/secrets.c). At start and each day the outcome is selftest.completed,
 * else only a failure is. After a failure there is no redactor: nothing passes any more, results
 * are withheld and calls refused, until one passes its test: with another set of secrets, or after
 * a restart. redaction.counters says each hour, and at the end, what went through and what was
 * found, by layer and by shape; never values. Where nothing went through, nothing is said.
 * Threads: the loop's; tests run on another thread.
 */
#ifndef HF_WRAPPER_REDACTION_REPORT_H
#define HF_WRAPPER_REDACTION_REPORT_H

#include "base/loop.h"
#include "wrapper/redact.h"

struct hf_wrapper;

struct hf_redaction_report {
    /* private */
    struct hf_timer hour;
    struct hf_timer day;
    struct hf_timer soon; /* what waits until the tenant's name is known */
    struct hf_work work;
    struct hf_redactor *testing; /* a share of the redactor that is being tried */
    struct hf_redact_tested result;
    bool booted; /* the test at start is told */
    uint64_t failures_told;
    int64_t since_us; /* begin of the interval that is counted */
    struct hf_redact_counts before;
    bool closing;
    void (*closed)(void *arg);
    void *arg;
};

/* After hf_redact_open. */
void hf_redaction_report_open(struct hf_wrapper *wrapper);
/* While events are still taken: the last counters. */
void hf_redaction_report_end(struct hf_wrapper *wrapper);
/* closed: runs inside of it, or when the other thread is done. */
void hf_redaction_report_close(struct hf_wrapper *wrapper, void (*closed)(void *arg), void *arg);

#endif
