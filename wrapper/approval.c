/* wrapper/approval.c: written down, waited for, ended. */
#include "wrapper/approval.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "wrapper/wrapper.h"

#define SECOND    UINT64_C(1000000000)
#define RECORD_NS (5 * SECOND) /* twice of it is less than the plugin waits */

static int64_t now_us(const struct hf_approval *a)
{
    return hf_env_wall_us(hf_loop_env(a->wrapper->loop));
}

static void stop_counting(struct hf_approval *a)
{
    a->session->waiting--;
    a->wrapper->waiting--;
}

static void stop_waiting(struct hf_approval *a)
{
    hf_answers_leave(a->wrapper->answers, &a->waiting);
    hf_timer_cancel(&a->expiry);
    stop_counting(a);
}

static void withdraw(struct hf_approval *a, enum hf_event_approval_withdrawn_reason why)
{
    const struct hf_event_approval_withdrawn event = {.approval = hf_str_c(a->waiting.approval),
                                                      .tenant = hf_str_c(a->wrapper->tenant),
                                                      .reason = why};
    stop_waiting(a);
    hf_wrapper_note(a->wrapper, HF_EVENT_APPROVAL_WITHDRAWN_NAME, &event);
    a->ended(a, why == HF_EVENT_APPROVAL_WITHDRAWN_REASON_EXPIRED ? HF_APPROVAL_EXPIRED
                                                                  : HF_APPROVAL_WITHDRAWN);
}

static void withdraw_unwanted(struct hf_approval *a)
{
    withdraw(a, hf_wrapper_stops(a->wrapper) ? HF_EVENT_APPROVAL_WITHDRAWN_REASON_SHUTDOWN
                                             : HF_EVENT_APPROVAL_WITHDRAWN_REASON_ABORTED);
}

static void expired(struct hf_timer *timer)
{
    withdraw(HF_CONTAINER_OF(timer, struct hf_approval, expiry),
             HF_EVENT_APPROVAL_WITHDRAWN_REASON_EXPIRED);
}

static void answered(struct hf_waiting *waiting)
{
    struct hf_approval *a = HF_CONTAINER_OF(waiting, struct hf_approval, waiting);
    stop_waiting(a);
    a->ended(a, waiting->approved ? HF_APPROVAL_APPROVED : HF_APPROVAL_DENIED);
}

static void wait_for_person(struct hf_approval *a)
{
    int64_t left_us = a->expires_us - now_us(a);
    uint64_t left_ms = left_us < 0 ? 0 : (uint64_t)left_us / 1000;
    a->waiting.answered = answered;
    hf_answers_wait(a->wrapper->answers, &a->waiting);
    if (hf_timer_arm(&a->expiry, left_ms * 1000000) != HF_OK) {
        expired(&a->expiry);
    } else {
        a->waits(a, left_ms);
    }
}

static void requested(void *arg, const struct hf_record *record)
{
    struct hf_approval *a = arg;
    a->note = NULL;
    a->asked = record->rc == HF_OK;
    a->waiting.request = record->request;
    a->waiting.asked = record->index;
    if (record->rc != HF_OK) {
        hf_log(a->wrapper->logger, HF_LOG_ERROR, "approval.unrecorded", hf_f_err(&record->err));
        stop_counting(a);
        a->ended(a, HF_APPROVAL_UNRECORDED);
    } else if (!a->wanted(a)) {
        withdraw_unwanted(a);
    } else {
        wait_for_person(a);
    }
}

void hf_approval_init(struct hf_approval *a, struct hf_wrapper *wrapper)
{
    *a = (struct hf_approval){.wrapper = wrapper};
    hf_timer_init(&a->expiry, wrapper->loop, expired);
    hf_queue_init(&a->waiting.node);
}

void hf_approval_fini(struct hf_approval *a)
{
    HF_ASSERT(a->note == NULL && !hf_timer_armed(&a->expiry));
}

bool hf_approval_has_room(const struct hf_wrapper *w, const struct hf_session *session)
{
    return session->waiting < HF_SESSION_WAITING && w->waiting < HF_WRAPPER_WAITING_MAX;
}

void hf_approval_ask(struct hf_approval *a, struct hf_event_approval_requested *event,
                     uint64_t wait_s)
{
    struct hf_wrapper *w = a->wrapper;
    struct hf_err err = {0};
    uint8_t random[16];
    const struct hf_note_options options = {
        .wait_ns = RECORD_NS, .urgent = true, .done = requested, .arg = a};
    hf_env_random(hf_loop_env(w->loop), random, sizeof random);
    memcpy(a->waiting.approval, "a-", 2);
    hf_hex_encode(hf_bytes_of(random, sizeof random), a->waiting.approval + 2);
    a->expires_us = now_us(a) + (int64_t)wait_s * INT64_C(1000000);
    event->approval = hf_str_c(a->waiting.approval);
    event->tenant = hf_str_c(w->tenant);
    event->expires = a->expires_us;
    event->action = hf_bytes_of(a->action.b, HF_HASH_SIZE);
    w->counts.asked++;
    w->waiting++;
    a->session->waiting++;
    enum hf_rc rc =
        hf_note_post(w->recorder, hf_event_find(HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME)), event,
                     &options, &a->note, &err);
    if (rc != HF_OK) {
        const struct hf_record record = {.rc = rc, .err = err};
        requested(a, &record);
    }
}

void hf_approval_withdraw(struct hf_approval *a)
{
    if (hf_timer_armed(&a->expiry)) {
        withdraw_unwanted(a);
    }
}

void hf_approval_enforced(const struct hf_approval *a,
                          enum hf_event_approval_enforced_outcome outcome)
{
    const struct hf_event_approval_enforced event = {.approval = hf_str_c(a->waiting.approval),
                                                     .tenant = hf_str_c(a->wrapper->tenant),
                                                     .outcome = outcome,
                                                     .action =
                                                         hf_bytes_of(a->action.b, HF_HASH_SIZE),
                                                     .has_delivered = a->waiting.delivered > 0,
                                                     .delivered = a->waiting.delivered};
    if (a->asked) {
        hf_wrapper_note(a->wrapper, HF_EVENT_APPROVAL_ENFORCED_NAME, &event);
    }
}
