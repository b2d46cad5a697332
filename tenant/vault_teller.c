/* tenant/vault_teller.c: appends the vault's notes to the tenant's log, one after the other. */
#include "tenant/vault_teller.h"

#include <stdio.h>

#include "base/assert.h"
#include "schemas/events_gen.h"
#include "tenant/agent.h"

#define RETRY_NS UINT64_C(5000000000)

/* Again by itself only for want of room: whoever puts files back does not have them opened before
 * all are there. */
static void open_store(struct hf_agent *agent)
{
    struct hf_agent_vault *vault = &agent->vault;
    const struct hf_vault_conf conf = {.env = hf_loop_env(agent->loop),
                                       .disk = agent->disk,
                                       .host_key = &agent->host_key,
                                       .dir = agent->dir,
                                       .db_dir = agent->conf.vault_dir};
    bool again = vault->trouble.rc != HF_OK;
    enum hf_rc rc = hf_vault_open(&conf, &vault->store, &vault->trouble);
    if (rc == HF_OK) {
        vault->trouble = (struct hf_err){.rc = HF_OK};
        (void)hf_timer_arm(&vault->retry, 0); /* what was left untold */
        return;
    }
    if (!again) {
        hf_log(agent->logger, HF_LOG_ERROR, "vault.off", hf_f_err(&vault->trouble));
    }
    if (rc == HF_ENOSPC || rc == HF_ENOMEM) {
        (void)hf_timer_arm(&vault->retry, RETRY_NS);
    }
}

static void retry(struct hf_timer *timer)
{
    struct hf_agent_vault *vault = HF_CONTAINER_OF(timer, struct hf_agent_vault, retry);
    struct hf_agent *agent = HF_CONTAINER_OF(vault, struct hf_agent, vault);
    if (vault->store != NULL) {
        hf_agent_vault_tell(agent);
        return;
    }
    open_store(agent);
    if (vault->store != NULL) {
        hf_log(agent->logger, HF_LOG_INFO, "vault.on", hf_f_c("after", "there was no room"));
        hf_agent_scan_poke(agent);
        if (hf_agent_state(agent) == HF_AGENT_RUNNING) {
            hf_agent_subjects_start(agent);
        }
    }
}

void hf_agent_vault_open(struct hf_agent *agent)
{
    hf_queue_init(&agent->vault.waiting);
    hf_timer_init(&agent->vault.retry, agent->loop, retry);
    open_store(agent);
}

void hf_agent_vault_end(struct hf_agent *agent)
{
    if (agent->vault.retry.fire != NULL) {
        hf_timer_cancel(&agent->vault.retry);
    }
}

void hf_agent_vault_close(struct hf_agent *agent)
{
    HF_ASSERT(!agent->vault.telling);
    hf_vault_close(agent->vault.store);
    agent->vault.store = NULL;
}

bool hf_agent_vault_ready(const struct hf_agent *agent)
{
    enum hf_agent_state state = hf_agent_state(agent);
    return agent->log.writer != NULL && !agent->holding && state != HF_AGENT_OPENING &&
           state != HF_AGENT_CLOSING;
}

/* Tells those who waited for notes up to this one. */
static void answer(struct hf_agent_vault *vault, uint64_t sequence, const struct hf_err *err)
{
    HF_QUEUE_FOREACH_SAFE (node, &vault->waiting) {
        struct hf_agent_vault_wait *wait = HF_CONTAINER_OF(node, struct hf_agent_vault_wait, node);
        if (wait->sequence <= sequence) {
            hf_queue_remove(&wait->node);
            wait->told(wait, err);
        }
    }
}

static void postpone(struct hf_agent *agent, const struct hf_err *err)
{
    hf_log(agent->logger, HF_LOG_WARN, "vault.untold", hf_f_err(err));
    if (hf_agent_state(agent) != HF_AGENT_CLOSING) {
        (void)hf_timer_arm(&agent->vault.retry, RETRY_NS);
    }
    answer(&agent->vault, UINT64_MAX, err);
}

static void posted(struct hf_post *post)
{
    struct hf_agent_vault *vault = HF_CONTAINER_OF(post, struct hf_agent_vault, post);
    struct hf_agent *agent = HF_CONTAINER_OF(vault, struct hf_agent, vault);
    struct hf_err err = post->append.err;
    enum hf_rc rc = post->append.rc;
    vault->telling = false;
    agent->appends--;
    if (rc == HF_EFORK || rc == HF_ESTALE) {
        /* The vault was put back in time, or the log was not: told under a new name, nothing that
         * was told before is told again as something else. */
        hf_log(agent->logger, HF_LOG_WARN, "vault.renamed", hf_f_err(&err));
        rc = hf_vault_rename(vault->store, &err);
        if (rc == HF_OK) {
            hf_agent_vault_tell(agent);
            return;
        }
    }
    if (rc == HF_OK) {
        rc = hf_vault_told(vault->store, vault->note.sequence, &err);
        answer(vault, vault->note.sequence, NULL);
    }
    if (rc == HF_OK) {
        hf_agent_vault_tell(agent);
    } else {
        postpone(agent, &err);
    }
}

/* what a note says */

static void write_change(const struct hf_vault_note *note, struct hf_envelope *envelope,
                         struct hf_writer *w)
{
    struct hf_str secret = hf_str_c(note->secret);
    switch (note->act) {
    case HF_VAULT_PUT: {
        const struct hf_event_secret_put event = {.secret = secret,
                                                  .kind = (enum hf_event_secret_put_kind)note->kind,
                                                  .version = note->version,
                                                  .uid = note->uid};
        envelope->type = HF_STR(HF_EVENT_SECRET_PUT_NAME);
        envelope->schema_version = HF_EVENT_SECRET_PUT_VERSION;
        hf_event_secret_put_encode(&event, w);
        break;
    }
    case HF_VAULT_ROTATED: {
        const struct hf_event_secret_rotated event = {
            .secret = secret,
            .kind = (enum hf_event_secret_rotated_kind)note->kind,
            .version = note->version,
            .uid = note->uid};
        envelope->type = HF_STR(HF_EVENT_SECRET_ROTATED_NAME);
        envelope->schema_version = HF_EVENT_SECRET_ROTATED_VERSION;
        hf_event_secret_rotated_encode(&event, w);
        break;
    }
    case HF_VAULT_DELETED: {
        const struct hf_event_secret_deleted event = {
            .secret = secret,
            .kind = (enum hf_event_secret_deleted_kind)note->kind,
            .version = note->version,
            .uid = note->uid};
        envelope->type = HF_STR(HF_EVENT_SECRET_DELETED_NAME);
        envelope->schema_version = HF_EVENT_SECRET_DELETED_VERSION;
        hf_event_secret_deleted_encode(&event, w);
        break;
    }
    case HF_VAULT_READ: {
        const struct hf_event_secret_read event = {
            .secret = secret, .values = note->values, .uid = note->uid};
        envelope->type = HF_STR(HF_EVENT_SECRET_READ_NAME);
        envelope->schema_version = HF_EVENT_SECRET_READ_VERSION;
        hf_event_secret_read_encode(&event, w);
        break;
    }
    }
    envelope->payload = hf_writer_done(w);
}

static enum hf_rc post_note(struct hf_agent *agent, struct hf_err *err)
{
    struct hf_agent_vault *vault = &agent->vault;
    const struct hf_vault_note *note = &vault->note;
    char stream[HF_VAULT_NAME_MAX + 16];
    char producer[HF_VAULT_ID_TEXT + 8];
    char actor[24];
    uint8_t payload[512];
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    (void)snprintf(stream, sizeof stream, "%s/%s",
                   note->act == HF_VAULT_READ ? "secret-read" : "secret", note->secret);
    (void)snprintf(producer, sizeof producer, "vault/%s", hf_vault_id(vault->store));
    (void)snprintf(actor, sizeof actor, "uid:%u", note->uid);
    struct hf_envelope envelope = {.producer = hf_str_c(producer),
                                   .sequence = note->sequence,
                                   .stream = hf_str_c(stream),
                                   .occurred_us = note->at_us,
                                   .actor = hf_str_c(actor)};
    write_change(note, &envelope, &w);
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    vault->post.done = posted;
    return hf_owned_post(&agent->log, &conf, &vault->post, err);
}

void hf_agent_vault_tell(struct hf_agent *agent)
{
    struct hf_agent_vault *vault = &agent->vault;
    struct hf_err err = {0};
    if (vault->telling || vault->store == NULL) {
        return;
    }
    enum hf_rc rc = hf_vault_untold(vault->store, &vault->note, &err);
    if (rc == HF_ENOTFOUND) {
        return;
    }
    if (rc == HF_OK && !hf_agent_vault_ready(agent)) {
        rc = hf_err_set(&err, HF_EBUSY, "the log takes no events just now");
    }
    if (rc == HF_OK) {
        rc = post_note(agent, &err);
    }
    if (rc != HF_OK) {
        postpone(agent, &err);
        return;
    }
    vault->telling = true;
    agent->appends++;
}
