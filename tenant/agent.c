/* tenant/agent.c: opens and closes the agent. */
#include "tenant/agent.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/host_key.h"
#include "tenant/decisions.h"

static const struct hf_sm_state states[] = {
    [HF_AGENT_NEW] = {"NEW",
                      HF_SM_TO(HF_AGENT_REGISTERING) | HF_SM_TO(HF_AGENT_RUNNING) |
                          HF_SM_TO(HF_AGENT_OPENING) | HF_SM_TO(HF_AGENT_CLOSING),
                      HF_SM_INITIAL},
    [HF_AGENT_REGISTERING] = {"REGISTERING",
                              HF_SM_TO(HF_AGENT_RUNNING) | HF_SM_TO(HF_AGENT_REFUSED) |
                                  HF_SM_TO(HF_AGENT_CLOSING),
                              0},
    [HF_AGENT_RUNNING] = {"RUNNING", HF_SM_TO(HF_AGENT_HALTED) | HF_SM_TO(HF_AGENT_CLOSING), 0},
    [HF_AGENT_HALTED] = {"HALTED", HF_SM_TO(HF_AGENT_OPENING) | HF_SM_TO(HF_AGENT_CLOSING), 0},
    [HF_AGENT_OPENING] = {"OPENING", HF_SM_TO(HF_AGENT_RUNNING) | HF_SM_TO(HF_AGENT_CLOSING), 0},
    [HF_AGENT_REFUSED] = {"REFUSED", HF_SM_TO(HF_AGENT_CLOSING), 0},
    [HF_AGENT_CLOSING] = {"CLOSING", 0, HF_SM_FINAL},
};
static const struct hf_sm_conf sm_conf = {"agent", states, HF_LEN(states)};

const char *hf_agent_state_name(enum hf_agent_state state)
{
    return states[state].name;
}

enum hf_agent_state hf_agent_state(const struct hf_agent *agent)
{
    return (enum hf_agent_state)agent->sm.state;
}

void hf_agent_move(struct hf_agent *agent, enum hf_agent_state state)
{
    hf_sm_move(&agent->sm, (int)state);
    hf_log(agent->logger, HF_LOG_INFO, "agent.state", hf_f_c("state", hf_agent_state_name(state)));
    if (agent->changed != NULL) {
        agent->changed(agent->arg, agent);
    }
}

/* opening */

void hf_agent_log_changed(void *arg, struct hf_log_writer *writer)
{
    struct hf_agent *agent = arg;
    hf_agent_replicate_poke(agent, false);
    hf_agent_views_poke(&agent->views);
    if (hf_owned_room_turned(&agent->log, writer)) {
        hf_log(agent->logger, agent->log.full ? HF_LOG_ERROR : HF_LOG_INFO,
               agent->log.full ? "log.read_only" : "log.writable",
               hf_f_err(hf_log_writer_trouble(writer)));
    }
    hf_agent_scan_poke(agent);
    if (agent->conf.failed != NULL && hf_log_writer_state(writer) == HF_WRITER_FAILED) {
        agent->failure = *hf_log_writer_trouble(writer);
        hf_task_post(agent->loop, &agent->failing);
    }
}

static void tell_failure(struct hf_task *task)
{
    struct hf_agent *agent = HF_CONTAINER_OF(task, struct hf_agent, failing);
    agent->conf.failed(agent->conf.arg, &agent->failure);
}

/* What the region knows this agent by is made once: another one would be refused, beat by beat. */
static enum hf_rc expect_identity(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    enum hf_rc rc = hf_agent_path(agent, "agent.key", path, err);
    if (rc != HF_OK || hf_disk_exists(agent->disk, path)) {
        return rc;
    }
    return hf_err_set(err, HF_ENOTFOUND,
                      "%s is missing, and the region knows this agent by it; restore it from a "
                      "backup, or register anew with a new token (--token-file)",
                      path);
}

static enum hf_rc open_logs(struct hf_agent *agent, bool registered, struct hf_err *err)
{
    char name[HF_KEY_NAME_MAX + 1];
    struct hf_env *env = hf_loop_env(agent->loop);
    (void)snprintf(name, sizeof name, "%s/agent/%s", agent->region.region, agent->region.tenant);
    enum hf_rc rc = hf_agent_load_epoch(agent, err);
    if (rc == HF_OK) {
        rc = hf_agent_budgets_load(agent, err);
    }
    if (rc == HF_OK) {
        rc = hf_agent_open_log(agent, err);
    }
    if (rc == HF_OK && registered) {
        rc = expect_identity(agent, err);
    }
    if (rc == HF_OK) {
        const struct hf_owned_key_conf key = {
            agent->dir, "agent.key", name, HF_KEY_ED25519, &agent->host_key, env, agent->disk};
        rc = hf_owned_key(&key, &agent->identity, &agent->identity_vkey, err);
    }
    return rc;
}

static void accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    struct hf_agent *agent = HF_CONTAINER_OF(listener, struct hf_agent, listener);
    hf_http_server_take(agent->local, stream);
}

static enum hf_rc open_socket(struct hf_agent *agent, struct hf_err *err)
{
    char text[HF_PATH_MAX + 16];
    struct hf_address address;
    struct hf_http_server_conf conf = hf_http_server_defaults;
    conf.limits.head_max = 8192;
    conf.limits.body_max = 1u << 20;
    conf.connections_max = 64;
    if (agent->conf.socket != NULL) {
        (void)snprintf(text, sizeof text, "unix:%s", agent->conf.socket);
    } else {
        (void)snprintf(text, sizeof text, "unix:%s/agent.sock", agent->dir);
    }
    enum hf_rc rc = hf_address_parse(text, &address, err);
    if (rc == HF_OK) {
        rc = hf_http_server_new(agent->loop, &conf, &hf_agent_local_handler, agent, &agent->local);
    }
    if (rc == HF_OK) {
        agent->listener.accepted = accepted;
        rc = hf_listener_open(agent->loop, &address, &agent->listener, err);
        agent->listening = rc == HF_OK;
    }
    return rc;
}

/* Events are taken without them too. */
static void open_views(struct hf_agent *agent)
{
    char name[32];
    char path[HF_PATH_MAX];
    struct hf_err err = {0};
    if (agent->conf.closed_in) {
        return; /* nobody could see them */
    }
    (void)snprintf(name, sizeof name, "views-%u.db", agent->epoch.epoch);
    const struct hf_agent_views_conf conf = {.loop = agent->loop,
                                             .logger = agent->logger,
                                             .path = path,
                                             .log = agent->log.log,
                                             .personal = hf_agent_personal_show,
                                             .arg = agent};
    enum hf_rc rc = hf_agent_path(agent, name, path, &err);
    if (rc == HF_OK) {
        rc = hf_agent_views_open(&conf, &agent->views, &err);
    }
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_ERROR, "views.off", hf_f_err(&err));
    }
}

enum hf_rc hf_agent_run(struct hf_agent *agent, struct hf_err *err)
{
    struct hf_checkpoint checkpoint;
    uint8_t note[HF_MARK_MAX];
    size_t len = 0;
    (void)err;
    bool known = hf_agent_load_receipt(agent, &checkpoint, note, &len);
    agent->receipt = known ? checkpoint.size : 0;
    agent->holding = false;
    hf_agent_move(agent, HF_AGENT_RUNNING);
    open_views(agent);
    hf_agent_scan_poke(agent);
    hf_agent_subjects_start(agent); /* before segments go up */
    if (agent->started) {
        hf_agent_replicate_poke(agent, true);
        hf_agent_feed_resume(agent);
        hf_agent_artifacts_resume(agent);
    } else {
        agent->started = true;
        hf_agent_replicate_start(agent);
        hf_agent_heartbeat_start(agent);
        hf_agent_rotate_start(agent);
        hf_agent_artifacts_start(agent); /* before directives come */
        hf_agent_feed_start(agent);
        hf_agent_prune_start(agent);
        hf_agent_period_start(agent);
    }
    hf_agent_succeed(agent);
    (void)hf_agent_compare(agent, agent->epoch.epoch, agent->receipt);
    return HF_OK;
}

enum hf_rc hf_agent_open(struct hf_loop *loop, const struct hf_agent_conf *conf,
                         struct hf_agent *agent, struct hf_err *err)
{
    bool registered = false;
    memset(agent, 0, sizeof *agent); /* a literal would stand on the stack, and it is big */
    agent->loop = loop;
    agent->logger = conf->logger;
    hf_queue_init(&agent->waiting);
    agent->conf = *conf;
    struct hf_agent_job *jobs[] = {&agent->enrol,     &agent->upload,      &agent->beat,
                                   &agent->rotate,    &agent->feed.job,    &agent->artifacts.job,
                                   &agent->known.job, &agent->subjects.job};
    for (size_t i = 0; i < HF_LEN(jobs); i++) {
        jobs[i]->body = hf_buf_init(8u << 20);
    }
    agent->carry.bytes = hf_buf_init(HF_APPEND_BYTES_MAX);
    agent->carry.blob = hf_buf_init(64u << 20);
    (void)snprintf(agent->dir, sizeof agent->dir, "%s", conf->dir);
    hf_sm_init(&agent->sm, &sm_conf, /* invariant= */ NULL, HF_AGENT_NEW, 0);
    hf_task_init(&agent->failing, tell_failure);
    agent->disk = conf->disk == NULL ? hf_disk_os() : conf->disk;
    enum hf_rc rc = hf_disk_make_dirs(agent->disk, conf->dir, 0700, err);
    if (rc == HF_OK) {
        rc = conf->host_key == NULL
                 ? hf_host_key_load(hf_loop_env(loop), /* path= */ NULL, &agent->host_key, err)
                 : hf_secret_copy(hf_secret_reveal(conf->host_key), &agent->host_key);
    }
    if (rc == HF_OK) {
        rc = hf_agent_artifacts_open(agent, err);
    }
    if (rc == HF_OK) {
        rc = hf_agent_find_place(agent, &registered, err);
    }
    hf_agent_numbers_load(agent);
    if (rc == HF_OK) {
        rc = open_logs(agent, registered, err);
    }
    agent->client = conf->client;
    if (rc == HF_OK && agent->client == NULL) {
        const struct hf_http_client_conf client = {.pin = &agent->region.tls_pin};
        rc = hf_http_client_new(loop, &client, &agent->client, err);
    }
    if (rc == HF_OK) {
        rc = hf_agent_guard_open(agent, err);
    }
    if (rc == HF_OK && (!conf->closed_in || conf->vault_dir != NULL)) {
        hf_agent_vault_open(agent);
    }
    if (rc == HF_OK && !conf->closed_in) {
        hf_agent_scan_open(agent);
        rc = open_socket(agent, err);
    }
    if (rc == HF_OK && registered && !agent->epoch.done) {
        hf_agent_move(agent, HF_AGENT_OPENING);
        hf_agent_carry_on(agent);
        return HF_OK;
    }
    if (rc == HF_OK && registered) {
        return hf_agent_run(agent, err);
    }
    if (rc == HF_OK) {
        hf_agent_enrol(agent);
    }
    return rc;
}

/* closing */

static void log_closed(void *arg)
{
    struct hf_agent *agent = arg;
    hf_signing_key_free(agent->identity);
    hf_agent_vault_close(agent);
    hf_secret_free(&agent->host_key);
    hf_secret_free(&agent->api_key);
    hf_token_free(&agent->token);
    hf_buf_free(&agent->carry.bytes);
    hf_buf_free(&agent->carry.blob);
    agent->closed(agent->arg);
}

void hf_agent_close_log(struct hf_agent *agent)
{
    hf_owned_close(&agent->log, log_closed, agent);
}

static void searched(struct hf_agent *agent)
{
    hf_agent_views_close(&agent->views);
    hf_agent_close_old(agent);
}

static void drained(void *arg)
{
    struct hf_agent *agent = arg;
    hf_http_server_free(agent->local);
    agent->local = NULL;
    hf_agent_scan_close(agent, searched);
}

void hf_agent_close(struct hf_agent *agent, void (*closed)(void *arg), void *arg)
{
    agent->changed = NULL;
    agent->closed = closed;
    agent->arg = arg;
    hf_sm_move(&agent->sm, HF_AGENT_CLOSING);
    agent->conf.failed = NULL;
    hf_task_cancel(&agent->failing);
    hf_agent_job_end(&agent->enrol);
    hf_agent_job_end(&agent->upload);
    hf_agent_job_end(&agent->beat);
    hf_agent_job_end(&agent->rotate);
    hf_agent_job_end(&agent->feed.job);
    hf_agent_job_end(&agent->artifacts.job);
    hf_agent_job_end(&agent->known.job);
    hf_agent_job_end(&agent->subjects.job);
    if (agent->word.fire != NULL) {
        hf_timer_cancel(&agent->word);
    }
    if (agent->prune.fire != NULL) {
        hf_timer_cancel(&agent->prune);
    }
    hf_agent_vault_end(agent);
    hf_agent_budgets_end(agent);
    hf_agent_period_end(agent);
    hf_agent_guard_close(agent);
    hf_agent_numbers_end(agent);
    hf_http_client_free(agent->client);
    agent->client = NULL;
    if (agent->listening) {
        agent->listening = false;
        hf_listener_close(&agent->listener);
    }
    hf_agent_waiters_end(agent);
    if (agent->local != NULL) {
        hf_http_server_drain(agent->local, drained, agent);
    } else {
        drained(agent);
    }
}
