/* tenant/artifacts.c: fetches what directives name, verifies it, records what became of it. */
#include "tenant/artifacts.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "tenant/agent.h"
#include "tenant/artifact_store.h"

static struct hf_agent *agent_of(struct hf_agent_artifacts *artifacts)
{
    return HF_CONTAINER_OF(artifacts, struct hf_agent, artifacts);
}

static void again(struct hf_agent *agent)
{
    (void)hf_timer_arm(&agent->artifacts.job.timer, 0);
}

/* recording */

/* The event is in the tenant's log. One that was recorded before a crash has other bytes, as its
 * time is another. */
static void recorded(struct hf_post *ended)
{
    struct hf_agent_artifacts *a = HF_CONTAINER_OF(ended, struct hf_agent_artifacts, post);
    struct hf_agent *agent = agent_of(a);
    struct hf_err err = ended->append.err;
    enum hf_rc rc = ended->append.rc;
    a->posting = false;
    if (agent->sm.state == HF_AGENT_CLOSING) {
        return;
    }
    bool in_log = rc == HF_OK || rc == HF_EFORK || rc == HF_ESTALE;
    const struct hf_agent_slot *slot = &a->slots[a->at];
    if (in_log && slot->wanted && slot->wanted_directive != a->directive) {
        a->next.wanted = true; /* told anew meanwhile */
        a->next.wanted_digest = slot->wanted_digest;
        a->next.wanted_directive = slot->wanted_directive;
        a->next.wanted_until_us = slot->wanted_until_us;
    }
    if (in_log) {
        a->next.good = slot->good;
        rc = hf_agent_slot_save(agent, a->at, &a->next, &err);
    }
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "artifact.failed", hf_f_err(&err));
        hf_agent_back_off(agent, &a->job);
        return;
    }
    a->job.failures = 0;
    hf_agent_artifacts_wake(agent);
    hf_agent_replicate_poke(agent, /* urgent= */ true);
    again(agent);
}

/* `next` is what the slot will be. */
static void record(struct hf_agent *agent, const char *type, uint32_t version,
                   struct hf_bytes payload)
{
    struct hf_agent_artifacts *a = &agent->artifacts;
    char name[64];
    struct hf_err err = {0};
    (void)snprintf(name, sizeof name, "artifact/%s", hf_slot_name(a->at));
    const struct hf_envelope envelope = {.type = hf_str_c(type),
                                         .schema_version = version,
                                         .producer = hf_str_c(name),
                                         .sequence = a->directive,
                                         .stream = hf_str_c(name),
                                         .occurred_us = hf_env_wall_us(hf_loop_env(agent->loop)),
                                         .payload = payload};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    a->post.done = recorded;
    a->posting = hf_owned_post(&agent->log, &conf, &a->post, &err) == HF_OK;
    if (!a->posting) {
        hf_log(agent->logger, HF_LOG_WARN, "artifact.failed", hf_f_err(&err));
        hf_agent_back_off(agent, &a->job);
    }
}

static void refuse(struct hf_agent *agent, hf_artifact_reason reason, const char *detail)
{
    struct hf_agent_artifacts *a = &agent->artifacts;
    struct hf_writer w = hf_writer_init(a->payload, sizeof a->payload);
    const struct hf_event_artifact_refused event = {
        .tenant = hf_str_c(agent->region.tenant),
        .slot = (enum hf_event_artifact_refused_slot)a->at,
        .digest = hf_bytes_of(a->fetched.b, HF_HASH_SIZE),
        .directive = a->directive,
        .reason = reason,
        .has_detail = detail[0] != '\0',
        .detail = hf_str_c(detail)};
    hf_log(agent->logger, HF_LOG_WARN, "artifact.refused",
           hf_f_str("reason", hf_event_artifact_refused_reason_name(reason)),
           hf_f_c("detail", detail));
    a->next = a->slots[a->at];
    a->next.wanted = false;
    hf_event_artifact_refused_encode(&event, &w);
    record(agent, HF_EVENT_ARTIFACT_REFUSED_NAME, HF_EVENT_ARTIFACT_REFUSED_VERSION,
           hf_writer_done(&w));
}

static void stage(struct hf_agent *agent, const struct hf_manifest *m)
{
    struct hf_agent_artifacts *a = &agent->artifacts;
    struct hf_writer w = hf_writer_init(a->payload, sizeof a->payload);
    const struct hf_event_artifact_staged event = {
        .tenant = hf_str_c(agent->region.tenant),
        .slot = (enum hf_event_artifact_staged_slot)a->at,
        .digest = hf_bytes_of(a->fetched.b, HF_HASH_SIZE),
        .sequence = m->sequence,
        .directive = a->directive};
    a->next = a->slots[a->at];
    a->next.wanted = false;
    a->next.floor = m->floor > a->next.floor ? m->floor : a->next.floor;
    a->next.staged = (struct hf_agent_artifact){
        .set = true, .digest = m->digest, .sequence = m->sequence, .directive = a->directive};
    memcpy(a->next.staged.version, m->version, sizeof m->version);
    hf_log(agent->logger, HF_LOG_INFO, "artifact.staged", hf_f_c("slot", hf_slot_name(m->slot)),
           hf_f_c("name", m->name), hf_f_c("version", m->version));
    hf_event_artifact_staged_encode(&event, &w);
    record(agent, HF_EVENT_ARTIFACT_STAGED_NAME, HF_EVENT_ARTIFACT_STAGED_VERSION,
           hf_writer_done(&w));
}

/* verifying */

/* Two artifacts with one number: a release key was used by two who do not know of each other. */
static bool is_taken(const struct hf_agent_artifact *known, const struct hf_manifest *m)
{
    return known->set && known->sequence == m->sequence && !hf_hash_eq(&known->digest, &m->digest);
}

static enum hf_rc verify(const struct hf_agent *agent, struct hf_bytes package,
                         struct hf_manifest *ret, hf_artifact_reason *ret_reason,
                         struct hf_err *err)
{
    const struct hf_agent_artifacts *a = &agent->artifacts;
    const struct hf_agent_slot *slot = &a->slots[a->at];
    const struct hf_manifest_want want = {.has_slot = true,
                                          .slot = a->at,
                                          .region = hf_str_c(agent->region.region),
                                          .platform = hf_str_c(hf_manifest_platform()),
                                          .floor = slot->floor,
                                          .now_us = hf_env_wall_us(hf_loop_env(agent->loop))};
    struct hf_release release;
    *ret_reason = HF_EVENT_ARTIFACT_REFUSED_REASON_MALFORMED;
    enum hf_rc rc = hf_package_split(package, &release.note, &release.bytes, err);
    if (rc == HF_OK) {
        rc = hf_release_verify(&release, &a->keys, &want, ret, ret_reason, err);
    }
    if (rc == HF_OK && !hf_hash_eq(&ret->digest, &a->fetched)) {
        *ret_reason = HF_EVENT_ARTIFACT_REFUSED_REASON_HASH;
        rc = hf_err_set(err, HF_EPERM, "the Hub gave another artifact than the directive names");
    }
    if (rc == HF_OK && (is_taken(&slot->staged, ret) || is_taken(&slot->good, ret))) {
        *ret_reason = HF_EVENT_ARTIFACT_REFUSED_REASON_SEQUENCE;
        rc = hf_err_set(err, HF_EPERM, "another artifact with the number %llu is here",
                        (unsigned long long)ret->sequence);
    }
    return rc;
}

static void take(struct hf_agent *agent, struct hf_bytes package)
{
    struct hf_agent_artifacts *a = &agent->artifacts;
    struct hf_manifest manifest = {.length = 0};
    hf_artifact_reason reason;
    struct hf_err err = {0};
    enum hf_rc rc = verify(agent, package, &manifest, &reason, &err);
    if (rc == HF_ENOMEM) {
        hf_agent_back_off(agent, &a->job);
        return;
    }
    if (rc != HF_OK) {
        refuse(agent, reason, err.text);
        return;
    }
    if (hf_agent_package_save(agent, &a->fetched, package, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_ERROR, "artifact.not_kept", hf_f_err(&err));
        hf_agent_back_off(agent, &a->job);
        return;
    }
    stage(agent, &manifest);
}

/* fetching */

static void answered(struct hf_http_call *call)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(call, struct hf_agent_job, call);
    struct hf_agent_artifacts *a = HF_CONTAINER_OF(job, struct hf_agent_artifacts, job);
    struct hf_agent *agent = agent_of(a);
    const struct hf_agent_slot *slot = &a->slots[a->at];
    job->busy = false;
    if (agent->sm.state != HF_AGENT_RUNNING) {
        hf_buf_free(&call->answer);
        return;
    }
    if (!slot->wanted || slot->wanted_directive != a->directive) {
        again(agent); /* told anew meanwhile */
    } else if (call->rc == HF_ETOOBIG) {
        refuse(agent, HF_EVENT_ARTIFACT_REFUSED_REASON_LENGTH,
               "the Hub sends more than an artifact may have");
    } else if (call->rc != HF_OK || call->status != 200) {
        hf_log(agent->logger, HF_LOG_WARN, "artifact.not_fetched", hf_f_err(&call->err),
               hf_f_u64("status", (uint64_t)call->status));
        hf_agent_back_off(agent, job);
    } else {
        take(agent, hf_buf_bytes(&call->answer));
    }
    hf_buf_free(&call->answer);
}

static bool find_wanted(struct hf_agent_artifacts *a)
{
    for (size_t i = 0; i < HF_SLOT_COUNT; i++) {
        if (a->slots[i].wanted) {
            a->at = (enum hf_slot)i;
            a->fetched = a->slots[i].wanted_digest;
            a->directive = a->slots[i].wanted_directive;
            return true;
        }
    }
    return false;
}

static void fetch(struct hf_timer *timer)
{
    struct hf_agent_job *job = HF_CONTAINER_OF(timer, struct hf_agent_job, timer);
    struct hf_agent_artifacts *a = HF_CONTAINER_OF(job, struct hf_agent_artifacts, job);
    struct hf_agent *agent = agent_of(a);
    char path[128];
    char hex[2 * HF_HASH_SIZE + 1];
    if (agent->sm.state != HF_AGENT_RUNNING || job->busy || a->posting || !find_wanted(a)) {
        return;
    }
    if (hf_env_wall_us(hf_loop_env(agent->loop)) > a->slots[a->at].wanted_until_us) {
        refuse(agent, HF_EVENT_ARTIFACT_REFUSED_REASON_UNREACHABLE,
               "it could not be fetched before the directive's time was over");
        return;
    }
    hf_hex_encode(hf_bytes_of(a->fetched.b, HF_HASH_SIZE), hex);
    (void)snprintf(path, sizeof path, "/v1/feed/artifacts/%s", hex);
    job->answer_max = HF_PACKAGE_MAX;
    hf_agent_ask(agent, job, path, /* content_type= */ NULL, answered);
}

/* what others ask for */

enum hf_rc hf_agent_artifacts_open(struct hf_agent *agent, struct hf_err *err)
{
    return hf_agent_keys_load(agent, err);
}

void hf_agent_artifacts_start(struct hf_agent *agent)
{
    struct hf_err err = {0};
    hf_timer_init(&agent->artifacts.job.timer, agent->loop, fetch);
    if (hf_agent_slots_load(agent, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_ERROR, "artifacts.off", hf_f_err(&err),
               hf_f_c("help",
                      "none is taken or offered; restore the file from a backup, or remove it: "
                      "then an older one than it had may be activated again"));
        agent->artifacts.off = true;
        return;
    }
    again(agent);
}

void hf_agent_artifacts_resume(struct hf_agent *agent)
{
    if (!agent->artifacts.off) {
        again(agent);
    }
}

/* All tenants hear of a directive for all at once; they need not ask for its bytes at once. */
static uint64_t jitter_ns(const struct hf_agent *agent)
{
    uint64_t random = 0;
    uint64_t most = agent->conf.artifact_jitter_ns;
    hf_env_random(hf_loop_env(agent->loop), &random, sizeof random);
    return most == 0 ? 0 : random % most;
}

enum hf_rc hf_agent_artifacts_want(struct hf_agent *agent, const struct hf_feed_item *item,
                                   struct hf_err *err)
{
    const struct hf_directive *d = &item->directive;
    struct hf_agent_artifacts *a = &agent->artifacts;
    struct hf_agent_slot next = a->slots[d->slot];
    if (a->off) {
        return hf_err_set(err, HF_ECORRUPT, "what was kept of artifacts cannot be read");
    }
    if (next.staged.directive >= item->sequence) {
        return HF_OK; /* it came again after a crash */
    }
    next.wanted = true;
    next.wanted_digest = d->artifact;
    next.wanted_directive = item->sequence;
    next.wanted_until_us = item->not_after_us;
    enum hf_rc rc = hf_agent_slot_save(agent, d->slot, &next, err);
    if (rc == HF_OK && !a->job.busy && !a->posting) {
        a->job.failures = 0;
        (void)hf_timer_arm(&a->job.timer, item->for_all ? jitter_ns(agent) : 0);
    }
    return rc;
}

void hf_agent_artifacts_activated(struct hf_agent *agent, enum hf_slot slot,
                                  const struct hf_hash *digest)
{
    struct hf_err err = {0};
    struct hf_agent_slot next = agent->artifacts.slots[slot];
    if (agent->artifacts.off || !next.staged.set || !hf_hash_eq(&next.staged.digest, digest) ||
        (next.good.set && next.good.directive == next.staged.directive)) {
        return; /* it went on with what it had */
    }
    next.good = next.staged;
    if (hf_agent_slot_save(agent, slot, &next, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_ERROR, "artifact.not_kept", hf_f_err(&err));
        return;
    }
    hf_agent_artifacts_wake(agent);
    hf_agent_heartbeat_now(agent);
}

void hf_agent_artifacts_note(struct hf_agent *agent, struct hf_bytes submission)
{
    struct hf_envelope envelope;
    struct hf_event_policy_activated event;
    struct hf_hash digest;
    if (hf_envelope_read_submission(submission, &envelope, /* err= */ NULL) != HF_OK ||
        !hf_str_eq(envelope.type, HF_STR(HF_EVENT_POLICY_ACTIVATED_NAME)) ||
        hf_event_policy_activated_decode(envelope.payload, &event, /* err= */ NULL) != HF_OK) {
        return;
    }
    memcpy(digest.b, event.digest.ptr, HF_HASH_SIZE);
    hf_agent_artifacts_activated(agent, HF_SLOT_POLICY, &digest);
}

struct hf_str hf_agent_artifacts_version(const struct hf_agent *agent, enum hf_slot slot)
{
    const struct hf_agent_artifact *good = &agent->artifacts.slots[slot].good;
    return good->set ? hf_str_c(good->version) : HF_STR("none");
}
