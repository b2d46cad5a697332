/* wrapper/redaction_report.c: self-tests and counters of redaction as events. */
#include "wrapper/redaction_report.h"

#include <stdio.h>

#include "base/assert.h"
#include "schemas/events_gen.h"
#include "wrapper/redaction/shapes.h"
#include "wrapper/wrapper.h"

#define SECOND  UINT64_C(1000000000)
#define HOUR_NS (3600 * SECOND)
#define DAY_NS  (24 * HOUR_NS)
#define SOON_NS (2 * SECOND)

static struct hf_wrapper *wrapper_of(struct hf_redaction_report *report)
{
    return HF_CONTAINER_OF(report, struct hf_wrapper, report);
}

static struct hf_str policy_name(const struct hf_wrapper *w)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    return policy == NULL ? HF_STR("none") : hf_policy_name(policy);
}

/* self-tests */

static struct hf_str cut(const char *text, size_t most)
{
    struct hf_str all = hf_str_c(text);
    return (struct hf_str){all.ptr, all.len < most ? all.len : most};
}

static void tell_test(struct hf_wrapper *w, const struct hf_redact_tested *tested,
                      enum hf_event_selftest_completed_trigger trigger)
{
    bool failed = tested->rc != HF_OK;
    bool known = w->openclaw[0] != '\0';
    struct hf_event_selftest_completed event = {
        .tenant = hf_str_c(w->tenant),
        .suite = HF_EVENT_SELFTEST_COMPLETED_SUITE_REDACTION,
        .trigger = trigger,
        .versions = {.openclaw = known ? hf_str_c(w->openclaw) : HF_STR("unknown"),
                     .wrapper = HF_STR(HF_VERSION),
                     .policy = policy_name(w)},
        .passed = failed ? 0 : tested->cases,
        .failed = failed ? 1 : 0,
        .skipped = failed && tested->cases > 0 ? tested->cases - 1 : 0,
        .took = tested->took_us,
        .failures_count = failed ? 1 : 0};
    if (failed) {
        event.failures[0].name = HF_STR("redaction");
        event.failures[0].has_detail = tested->err.text[0] != '\0';
        event.failures[0].detail = cut(tested->err.text, 256);
    }
    hf_wrapper_note(w, HF_EVENT_SELFTEST_COMPLETED_NAME, &event);
}

static void try_it(struct hf_work *work)
{
    struct hf_redaction_report *report = HF_CONTAINER_OF(work, struct hf_redaction_report, work);
    hf_redact_test(report->testing, &report->result);
}

/* Another redactor may have taken its place meanwhile: it had its own test. */
static void tried(struct hf_work *work)
{
    struct hf_redaction_report *report = HF_CONTAINER_OF(work, struct hf_redaction_report, work);
    struct hf_wrapper *w = wrapper_of(report);
    bool same = report->testing == w->redact.redactor;
    hf_redactor_free(report->testing);
    report->testing = NULL;
    if (report->closing) {
        report->closed(report->arg);
        return;
    }
    if (report->result.rc != HF_OK && same) {
        hf_redact_failed(&w->redact, &report->result);
        report->failures_told = w->redact.failures;
        hf_log(w->logger, HF_LOG_ERROR, "redaction.failed", hf_f_err(&report->result.err));
    }
    if (w->tenant[0] != '\0') {
        tell_test(w, &report->result, HF_EVENT_SELFTEST_COMPLETED_TRIGGER_SCHEDULE);
    }
}

static void each_day(struct hf_timer *timer)
{
    struct hf_redaction_report *report = HF_CONTAINER_OF(timer, struct hf_redaction_report, day);
    struct hf_wrapper *w = wrapper_of(report);
    (void)hf_timer_arm(timer, DAY_NS);
    if (report->testing != NULL || w->redact.redactor == NULL) {
        return;
    }
    report->testing = hf_redactor_share(w->redact.redactor);
    report->result.env = hf_loop_env(w->loop);
    report->work = (struct hf_work){.run = try_it, .done = tried};
    if (hf_work_submit(w->loop, &report->work) != HF_OK) {
        hf_redactor_free(report->testing);
        report->testing = NULL;
    }
}

/* The test at start, and those of other sets of secrets that failed since. */
static void tell_soon(struct hf_timer *timer)
{
    struct hf_redaction_report *report = HF_CONTAINER_OF(timer, struct hf_redaction_report, soon);
    struct hf_wrapper *w = wrapper_of(report);
    (void)hf_timer_arm(timer, SOON_NS);
    if (w->tenant[0] == '\0') {
        return; /* the agent did not say yet who it is */
    }
    if (!report->booted) {
        report->booted = true;
        tell_test(w, &w->redact.boot, HF_EVENT_SELFTEST_COMPLETED_TRIGGER_BOOT);
    }
    if (w->redact.failures > report->failures_told) {
        report->failures_told = w->redact.failures;
        tell_test(w, &w->redact.failed, HF_EVENT_SELFTEST_COMPLETED_TRIGGER_UPDATE);
    }
}

/* counters */

static void fill_layers(struct hf_event_redaction_counters *event,
                        const struct hf_redact_counts *now, const struct hf_redact_counts *before)
{
    for (size_t i = 0; i < HF_REDACTION_LAYERS; i++) {
        uint64_t matches = now->all.matches[i] - before->all.matches[i];
        event->layers[event->layers_count].layer =
            hf_str_c(hf_redaction_layer_name((enum hf_redaction_layer)i));
        event->layers[event->layers_count].matches = matches;
        event->layers[event->layers_count].redacted = i == HF_REDACTION_ALLOW ? 0 : matches;
        event->layers_count++;
    }
}

/* In the order of their table; the last place is for all that found none. */
static void fill_shapes(struct hf_event_redaction_counters *event,
                        const struct hf_redact_counts *now, const struct hf_redact_counts *before)
{
    size_t last = HF_LEN(event->shapes) - 1;
    uint64_t rest = 0;
    for (size_t i = 0; i < hf_shape_count; i++) {
        uint64_t matches = now->shapes[i] - before->shapes[i];
        if (matches > 0 && event->shapes_count < last) {
            event->shapes[event->shapes_count].shape = hf_str_c(hf_shapes[i].name);
            event->shapes[event->shapes_count++].matches = matches;
        } else {
            rest += matches;
        }
    }
    if (rest > 0) {
        event->shapes[event->shapes_count].shape = HF_STR("other");
        event->shapes[event->shapes_count++].matches = rest;
    }
}

static void tell_counters(struct hf_wrapper *w)
{
    struct hf_redaction_report *report = &w->report;
    const struct hf_redact_counts *now = &w->redact.counts;
    const struct hf_redact_counts *before = &report->before;
    int64_t end_us = hf_env_wall_us(hf_loop_env(w->loop));
    uint64_t texts = now->all.texts - before->all.texts;
    uint64_t failures = now->all.failures - before->all.failures;
    if (w->tenant[0] == '\0' || (texts == 0 && failures == 0)) {
        return; /* the interval goes on */
    }
    struct hf_event_redaction_counters event = {.tenant = hf_str_c(w->tenant),
                                                .start = report->since_us,
                                                .end = end_us,
                                                .policy = policy_name(w),
                                                .messages = texts,
                                                .bytes = now->all.bytes - before->all.bytes,
                                                .failures = failures,
                                                .took = (now->took_ns - before->took_ns) / 1000};
    fill_layers(&event, now, before);
    fill_shapes(&event, now, before);
    hf_wrapper_note(w, HF_EVENT_REDACTION_COUNTERS_NAME, &event);
    report->before = *now;
    report->since_us = end_us;
}

static void each_hour(struct hf_timer *timer)
{
    struct hf_redaction_report *report = HF_CONTAINER_OF(timer, struct hf_redaction_report, hour);
    (void)hf_timer_arm(timer, HOUR_NS);
    tell_counters(wrapper_of(report));
}

/* opening and closing */

void hf_redaction_report_open(struct hf_wrapper *w)
{
    struct hf_redaction_report *report = &w->report;
    report->since_us = hf_env_wall_us(hf_loop_env(w->loop));
    hf_timer_init(&report->hour, w->loop, each_hour);
    hf_timer_init(&report->day, w->loop, each_day);
    hf_timer_init(&report->soon, w->loop, tell_soon);
    (void)hf_timer_arm(&report->hour, HOUR_NS);
    (void)hf_timer_arm(&report->day, DAY_NS);
    (void)hf_timer_arm(&report->soon, 0);
}

void hf_redaction_report_end(struct hf_wrapper *w)
{
    struct hf_redaction_report *report = &w->report;
    if (report->hour.fire != NULL) {
        hf_timer_cancel(&report->hour);
        hf_timer_cancel(&report->day);
        hf_timer_cancel(&report->soon);
        tell_counters(w);
    }
}

void hf_redaction_report_close(struct hf_wrapper *w, void (*closed)(void *arg), void *arg)
{
    struct hf_redaction_report *report = &w->report;
    report->closing = true;
    report->closed = closed;
    report->arg = arg;
    if (report->testing == NULL) {
        closed(arg);
    }
}
