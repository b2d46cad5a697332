/* tenant/feed.c: asks for directives, does what is proved, records what became of it. */
#include "tenant/feed.h"

#include <stdio.h>

#include "base/assert.h"
#include "tenant/agent.h"
#include "tenant/decisions.h"
#include "tenant/feed_record.h"
#include "tenant/feed_store.h"
#include "tenant/probe.h"

#define SECOND      UINT64_C(1000000000)
#define WAIT_S      20 /* and up to ten more, so that a fleet does not come all together */
#define SAVE_NS     (600 * SECOND)
#define NOTE_NS     (UINT64_C(3600) * 1000000000)
#define REASON_FORK (HF_FEED_REASONS - 1) /* behind those of directive.refused */

_Static_assert(HF_EVENT_DIRECTIVE_REFUSED_REASON_COUNT == HF_FEED_REASONS - 1, "one is left out");

static void next_item(struct hf_agent *agent);

static struct hf_agent *agent_of(struct hf_agent_job *job)
{
    return HF_CONTAINER_OF(job, struct hf_agent, feed.job);
}

/* recording */

static enum hf_rc post(struct hf_agent *agent, const struct hf_feed_record *record,
                       void (*done)(struct hf_post *post), struct hf_err *err)
{
    struct hf_agent_feed *feed = &agent->feed;
    char stream[64];
    (void)snprintf(stream, sizeof stream, "%s/%s", record->stream, record->subject);
    const struct hf_envelope envelope = {.type = hf_str_c(record->type),
                                         .schema_version = record->version,
                                         .producer = hf_str_c(record->producer),
                                         .sequence = record->sequence,
                                         .stream = hf_str_c(stream),
                                         .occurred_us = hf_env_wall_us(hf_loop_env(agent->loop)),
                                         .payload = record->payload};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    feed->post.done = done;
    enum hf_rc rc = hf_owned_post(&agent->log, &conf, &feed->post, err);
    feed->posting = rc == HF_OK;
    return rc;
}

static void save(struct hf_agent *agent)
{
    struct hf_err err = {0};
    agent->feed.saved_ns = hf_env_mono_ns(hf_loop_env(agent->loop));
    if (hf_agent_feed_save(agent, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_ERROR, "feed.not_kept", hf_f_err(&err));
    }
}

/* doing */

static void act(struct hf_agent *agent, const struct hf_feed_item *item)
{
    switch (item->directive.kind) {
    case HF_DIRECTIVE_REFRESH:
        hf_agent_heartbeat_now(agent);
        hf_agent_subjects_repeat(agent);
        break;
    case HF_DIRECTIVE_ROTATE_KEY: hf_agent_rotate_now(agent); break;
    case HF_DIRECTIVE_PAUSE_UPLOADS:
        agent->uploads_paused_ns =
            hf_env_mono_ns(hf_loop_env(agent->loop)) + item->directive.seconds * SECOND;
        break;
    case HF_DIRECTIVE_ERASE: /* is done before it is recorded */
    case HF_DIRECTIVE_PROBE:
    case HF_DIRECTIVE_DECIDE:          /* its record is what the wrapper waits for */
    case HF_DIRECTIVE_BUDGET:          /* set before, as that can fail */
    case HF_DIRECTIVE_ACTIVATE: break; /* remembered before, for the same reason */
    }
}

/* What there was to be recorded of the directive is in the tenant's log, and it is behind us. */
static void go_on(struct hf_agent *agent)
{
    struct hf_agent_feed *feed = &agent->feed;
    const struct hf_feed_item *item = &feed->answer.items[feed->at];
    feed->sequence = item->sequence;
    if (item->for_all) {
        feed->all_version = item->version;
    } else {
        feed->own_version = item->version;
    }
    feed->at++;
    save(agent);
    if (agent->sm.state == HF_AGENT_RUNNING) { /* else it is asked for again when it runs */
        hf_agent_replicate_poke(agent, true);
        next_item(agent);
    }
}

/* True: it is in the log, or was there from before a crash; then it came again with other bytes, as
 * its time is another. */
static bool is_recorded(struct hf_agent *agent, const struct hf_post *ended)
{
    enum hf_rc rc = ended->append.rc;
    agent->feed.posting = false;
    if (agent->sm.state == HF_AGENT_CLOSING) {
        return false;
    }
    if (rc != HF_OK && rc != HF_EFORK && rc != HF_ESTALE) {
        hf_log(agent->logger, HF_LOG_WARN, "feed.failed", hf_f_err(&ended->append.err));
        hf_agent_back_off(agent, &agent->feed.job);
        return false;
    }
    return true;
}

static void ended_probe(struct hf_post *ended)
{
    struct hf_agent_feed *feed = HF_CONTAINER_OF(ended, struct hf_agent_feed, post);
    struct hf_agent *agent = HF_CONTAINER_OF(feed, struct hf_agent, feed);
    if (is_recorded(agent, ended)) {
        go_on(agent);
    }
}

/* The answer to a probe has come; nothing runs, and the agent says so in the wrapper's place. */
static void end_probe(struct hf_agent *agent, const struct hf_feed_item *item, uint64_t delivered)
{
    struct hf_agent_feed *feed = &agent->feed;
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(feed->payload, sizeof feed->payload);
    struct hf_feed_record record;
    hf_feed_record_probe_ended(agent->region.tenant, item, delivered, &w, &record);
    if (post(agent, &record, ended_probe, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "feed.failed", hf_f_err(&err));
        hf_agent_back_off(agent, &feed->job);
    }
}

static void recorded(struct hf_post *ended)
{
    struct hf_agent_feed *feed = HF_CONTAINER_OF(ended, struct hf_agent_feed, post);
    struct hf_agent *agent = HF_CONTAINER_OF(feed, struct hf_agent, feed);
    const struct hf_feed_item *item = &feed->answer.items[feed->at];
    if (!is_recorded(agent, ended)) {
        return;
    }
    bool decided = item->verdict == HF_FEED_DO && item->directive.kind == HF_DIRECTIVE_DECIDE;
    if (decided) {
        hf_agent_asking_end(&agent->asking, hf_str_c(item->directive.approval));
        hf_agent_decisions_wake(agent);
    }
    if (decided && !item->directive.approved && ended->append.rc == HF_OK &&
        hf_probe_is(hf_str_c(item->directive.approval))) {
        end_probe(agent, item, ended->append.first);
        return;
    }
    go_on(agent);
}

/* What has to be on the disk before the directive is recorded as applied. */
static enum hf_rc remember(struct hf_agent *agent, const struct hf_feed_item *item,
                           struct hf_err *err)
{
    if (item->directive.kind == HF_DIRECTIVE_BUDGET) {
        return hf_agent_budget_set(agent, &item->directive.budget, err);
    }
    if (item->directive.kind == HF_DIRECTIVE_ERASE) {
        return hf_agent_personal_erase(agent, &item->directive.subject, err);
    }
    return item->directive.kind == HF_DIRECTIVE_ACTIVATE ? hf_agent_artifacts_want(agent, item, err)
                                                         : HF_OK;
}

static void take_item(struct hf_agent *agent, const struct hf_feed_item *item)
{
    struct hf_agent_feed *feed = &agent->feed;
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(feed->payload, sizeof feed->payload);
    struct hf_feed_record record;
    bool does = item->verdict == HF_FEED_DO;
    enum hf_rc rc = does ? remember(agent, item, &err) : HF_OK;
    if (rc == HF_ENOSYS) {
        /* Without its vault, which is so until it is started anew, it erases no key; what else it
         * is told must not wait for that. The region tells it again, or when it gives that key. */
        hf_log(agent->logger, HF_LOG_ERROR, "directive.unable", hf_f_err(&err));
        does = false;
    } else if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "feed.failed", hf_f_err(&err));
        hf_agent_back_off(agent, &feed->job);
        return;
    }
    if (does) {
        act(agent, item);
    }
    hf_feed_record_item(agent->region.tenant, item, does, &w, &record);
    hf_log(agent->logger, does ? HF_LOG_INFO : HF_LOG_WARN,
           does ? "directive.applied" : "directive.refused", hf_f_c("kind", item->kind),
           hf_f_u64("sequence", item->sequence), hf_f_u64("verdict", (uint64_t)item->verdict));
    if (post(agent, &record, recorded, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "feed.failed", hf_f_err(&err));
        hf_agent_back_off(agent, &feed->job);
    }
}

/* All of the answer is done: its checkpoint is what we know now. An answer that came at once and
 * empty is not asked for again at once: a Hub that does not wait must not be asked in a loop. */
static void end_answer(struct hf_agent *agent)
{
    struct hf_agent_feed *feed = &agent->feed;
    uint64_t now = hf_env_mono_ns(hf_loop_env(agent->loop));
    bool quick = feed->answer.count == 0 && now - feed->asked_ns < SECOND;
    uint64_t random = 0;
    feed->size = feed->answer.size;
    feed->root = feed->answer.root;
    feed->note_len = feed->answer.note_len;
    memcpy(feed->note, feed->answer.note, feed->note_len);
    if (feed->answer.count > 0 || feed->saved_ns == 0 || now - feed->saved_ns > SAVE_NS) {
        save(agent);
    }
    hf_env_random(hf_loop_env(agent->loop), &random, sizeof random);
    (void)hf_timer_arm(&feed->job.timer, quick ? SECOND + random % SECOND : 0);
}

static void next_item(struct hf_agent *agent)
{
    struct hf_agent_feed *feed = &agent->feed;
    if (feed->at == feed->answer.count) {
        end_answer(agent);
    } else {
        take_item(agent, &feed->answer.items[feed->at]);
    }
}

/* refusing */

static void noted(struct hf_post *ended)
{
    struct hf_agent_feed *feed = HF_CONTAINER_OF(ended, struct hf_agent_feed, post);
    struct hf_agent *agent = HF_CONTAINER_OF(feed, struct hf_agent, feed);
    feed->posting = false;
    if (ended->append.rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "feed.failed", hf_f_err(&ended->append.err));
    }
    if (agent->sm.state == HF_AGENT_RUNNING) {
        hf_agent_replicate_poke(agent, true);
        hf_agent_back_off(agent, &feed->job);
    }
}

/* Which reason an error of hf_feed_answer_take is; REASON_FORK for two histories. */
static int reason_of(enum hf_rc rc)
{
    static const struct {
        enum hf_rc rc;
        int reason;
    } table[] = {
        {HF_EFORK, REASON_FORK},
        {HF_EBADSIG, HF_EVENT_DIRECTIVE_REFUSED_REASON_BAD_PROOF},
        {HF_EBADPROOF, HF_EVENT_DIRECTIVE_REFUSED_REASON_BAD_PROOF},
        {HF_EMISMATCH, HF_EVENT_DIRECTIVE_REFUSED_REASON_OTHER_TENANT},
        {HF_ESTALE, HF_EVENT_DIRECTIVE_REFUSED_REASON_REPLAYED},
        {HF_ECONFLICT, HF_EVENT_DIRECTIVE_REFUSED_REASON_WITHHELD},
        {HF_EINVAL, HF_EVENT_DIRECTIVE_REFUSED_REASON_MALFORMED},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        if (table[i].rc == rc) {
            return table[i].reason;
        }
    }
    return -1;
}

/* Nothing of the answer is taken. What it was is recorded once an hour: whoever sends it must not
 * be able to fill the tenant's log. */
static void refuse_answer(struct hf_agent *agent, enum hf_rc rc, struct hf_err *err)
{
    struct hf_agent_feed *feed = &agent->feed;
    int reason = reason_of(rc);
    uint64_t now = hf_env_mono_ns(hf_loop_env(agent->loop));
    bool forked = reason == REASON_FORK;
    hf_log(agent->logger, HF_LOG_ERROR, forked ? "feed.fork" : "feed.refused", hf_f_err(err));
    if (reason >= 0 && (feed->noted_ns[reason] == 0 || now - feed->noted_ns[reason] > NOTE_NS)) {
        struct hf_writer w = hf_writer_init(feed->payload, sizeof feed->payload);
        struct hf_feed_record record;
        if (forked) {
            hf_feed_record_forked(agent->region.tenant, hf_bytes_of(feed->note, feed->note_len),
                                  hf_bytes_of(feed->answer.note, feed->answer.note_len), &w,
                                  &record);
        } else {
            hf_feed_record_unproved(agent->region.tenant,
                                    (enum hf_event_directive_refused_reason)reason, &w, &record);
        }
        record.sequence = hf_agent_number(agent);
        feed->noted_ns[reason] = now;
        if (post(agent, &record, noted, err) == HF_OK) {
            return;
        }
        hf_log(agent->logger, HF_LOG_WARN, "feed.failed", hf_f_err(err));
    }
    hf_agent_back_off(agent, &feed->job);
}

/* asking */

static void answered(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent *agent = agent_of(job);
    struct hf_agent_feed *feed = &agent->feed;
    struct hf_err err = call->err;
    enum hf_rc rc = call->rc;
    job->busy = false;
    if (agent->sm.state != HF_AGENT_RUNNING) {
        hf_buf_free(&call->answer); /* halted meanwhile */
        return;
    }
    if (rc != HF_OK || call->status != 200) {
        hf_log(agent->logger, HF_LOG_WARN, "feed.failed", hf_f_err(&err),
               hf_f_u64("status", (uint64_t)call->status));
        hf_buf_free(&call->answer);
        hf_agent_back_off(agent, job);
        return;
    }
    const struct hf_feed_known known = {.tenant = hf_str_c(agent->region.tenant),
                                        .vkey = &agent->region.log_vkey,
                                        .now_us = hf_env_wall_us(hf_loop_env(agent->loop)),
                                        .sequence = feed->sequence,
                                        .own_version = feed->own_version,
                                        .all_version = feed->all_version,
                                        .size = feed->size,
                                        .root = feed->root};
    rc = hf_feed_answer_take(hf_buf_bytes(&call->answer), &known, &feed->answer, &err);
    hf_buf_free(&call->answer);
    if (rc != HF_OK) {
        refuse_answer(agent, rc, &err);
        return;
    }
    job->failures = 0;
    feed->at = 0;
    next_item(agent);
}

static void ask(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent *agent = agent_of(job);
    struct hf_agent_feed *feed = &agent->feed;
    char path[96];
    uint64_t random = 0;
    if (agent->sm.state != HF_AGENT_RUNNING || job->busy || feed->posting) {
        return;
    }
    hf_env_random(hf_loop_env(agent->loop), &random, sizeof random);
    (void)snprintf(path, sizeof path, "/v1/feed?after=%llu&size=%llu&wait_s=%u",
                   (unsigned long long)feed->sequence, (unsigned long long)feed->size,
                   (unsigned)(WAIT_S + random % 11));
    feed->asked_ns = hf_env_mono_ns(hf_loop_env(agent->loop));
    hf_agent_ask(agent, job, path, /* content_type= */ NULL, answered);
}

void hf_agent_feed_start(struct hf_agent *agent)
{
    struct hf_err err = {0};
    hf_timer_init(&agent->feed.job.timer, agent->loop, ask);
    agent->feed.off = true;
    if (hf_agent_feed_load(agent, &err) != HF_OK) {
        /* Begun anew it would take old directives again: a person has to look. */
        hf_log(agent->logger, HF_LOG_ERROR, "feed.off", hf_f_err(&err),
               hf_f_c("help",
                      "no directive is taken; restore the file from a backup, or remove it: "
                      "then those that are still in force are taken again"));
        return;
    }
    agent->feed.off = false;
    (void)hf_timer_arm(&agent->feed.job.timer, 0);
}

void hf_agent_feed_resume(struct hf_agent *agent)
{
    if (!agent->feed.off && !agent->feed.job.busy && !agent->feed.posting) {
        (void)hf_timer_arm(&agent->feed.job.timer, 0);
    }
}
