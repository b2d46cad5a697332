/* wrapper/wrapper.c: opens the parts, and closes them in order. */
#include "wrapper/wrapper.h"

#include "base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "schemas/event.h"

#define SECOND     UINT64_C(1000000000)
#define NOTE_NS    (600 * SECOND)
#define DRAIN_NS   (10 * SECOND) /* what is being written down takes 5 s at most */
#define DRAIN_STEP (SECOND / 20)
#define PARTING_NS (360 * SECOND) /* OpenClaw's own limit for its end is 325 s */

enum {
    PATH_SEQUENCE,
    PATH_TAINT,
    PATH_BUDGETS,
    PATH_KEY
};

void hf_wrapper_note(struct hf_wrapper *w, const char *type, const void *event)
{
    const struct hf_note_options options = {.wait_ns = NOTE_NS};
    struct hf_err err = {0};
    if (hf_note_post(w->recorder, hf_event_find(hf_str_c(type)), event, &options,
                     /* ret_note= */ NULL, &err) != HF_OK) {
        w->counts.dropped++;
        hf_log(w->logger, HF_LOG_WARN, "event.dropped", hf_f_c("type", type), hf_f_err(&err));
    }
}

void hf_wrapper_part(struct hf_wrapper *w, bool parting)
{
    w->parting = parting;
    if (parting) {
        w->parting_until_ns = hf_env_mono_ns(hf_loop_env(w->loop)) + PARTING_NS;
        hf_log(w->logger, HF_LOG_INFO, "gateway.parting", hf_f_u64("waiting", w->waiting));
        hf_links_drain(w);
    }
}

/* opening */

static enum hf_rc make_paths(struct hf_wrapper *w, struct hf_err *err)
{
    static const char *const names[] = {[PATH_SEQUENCE] = "sequence",
                                        [PATH_TAINT] = "taint",
                                        [PATH_BUDGETS] = "budgets",
                                        [PATH_KEY] = "redaction.key"};
    enum hf_rc rc = hf_dir_create_all(w->conf.state, 0700, err);
    for (size_t i = 0; i < HF_LEN(names) && rc == HF_OK; i++) {
        rc = hf_path_join(w->conf.state, names[i], w->paths[i], sizeof w->paths[i]);
        rc = rc == HF_OK ? HF_OK : hf_err_set(err, rc, "%s: is too long", w->conf.state);
    }
    return rc;
}

static void plugin_accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    hf_link_accept(HF_CONTAINER_OF(listener, struct hf_wrapper, plugin), stream);
}

static void control_accepted(struct hf_listener *listener, struct hf_stream *stream)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(listener, struct hf_wrapper, control_listener);
    hf_http_server_take(w->control, stream);
}

/* Who may connect is decided by the peer's user; the mode must only let those in. */
static enum hf_rc listen_at(struct hf_wrapper *w, const char *path, const struct hf_peers *others,
                            struct hf_listener *listener, bool *ret_open, struct hf_err *err)
{
    char text[HF_PATH_MAX + 16];
    struct hf_address address;
    (void)snprintf(text, sizeof text, "unix:%s", path);
    enum hf_rc rc = hf_address_parse(text, &address, err);
    rc = rc == HF_OK ? hf_listener_open(w->loop, &address, listener, err) : rc;
    if (rc == HF_OK) {
        *ret_open = true;
        if (others->count > 0 && chmod(path, 0666) != 0) {
            rc = hf_err_errno(err, errno, "%s", path);
        }
    }
    return rc;
}

static enum hf_rc open_sockets(struct hf_wrapper *w, struct hf_err *err)
{
    struct hf_http_server_conf conf = hf_http_server_defaults;
    conf.limits.head_max = 8192;
    conf.limits.body_max = 65536;
    conf.connections_max = 64;
    enum hf_rc rc = hf_http_server_new(w->loop, &conf, &hf_wrapper_control_handler, w, &w->control);
    if (rc == HF_OK) {
        w->control_listener.accepted = control_accepted;
        rc = listen_at(w, w->conf.control_socket, &w->conf.readers, &w->control_listener,
                       &w->listening[1], err);
    }
    if (rc == HF_OK) {
        w->plugin.accepted = plugin_accepted;
        rc = listen_at(w, w->conf.plugin_socket, &w->conf.gateways, &w->plugin, &w->listening[0],
                       err);
    }
    return rc;
}

static enum hf_rc open_parts(struct hf_wrapper *w, struct hf_err *err)
{
    struct hf_env *env = hf_loop_env(w->loop);
    const struct hf_http_client_conf client = {.socket = w->conf.agent_socket};
    enum hf_rc rc = make_paths(w, err);
    rc = rc == HF_OK ? hf_redact_open(env, w->paths[PATH_KEY], &w->redact, err) : rc;
    rc = rc == HF_OK ? hf_sessions_new(env, w->paths[PATH_TAINT], &w->sessions, err) : rc;
    rc =
        rc == HF_OK ? hf_policies_open(&w->policies, w->conf.state, w->conf.release_keys, err) : rc;
    rc = rc == HF_OK ? hf_http_client_new(w->loop, &client, &w->client, err) : rc;
    if (rc == HF_OK) {
        const struct hf_recorder_conf recorder = {.client = w->client,
                                                  .state = w->paths[PATH_SEQUENCE]};
        rc = hf_recorder_new(w->loop, &recorder, &w->recorder, err);
    }
    if (rc == HF_OK) {
        hf_activation_start(w);
        hf_redaction_report_open(w);
        hf_secrets_open(&w->secrets, w->loop, w->logger, w->client, &w->redact);
        hf_policy_channel_open(w);
        hf_wrapper_budget_open(&w->budget, w->loop, w->client, w->logger, w->paths[PATH_BUDGETS]);
        rc = hf_answers_new(w->loop, w->client, &w->answers, err);
    }
    return rc;
}

enum hf_rc hf_wrapper_open(struct hf_loop *loop, const struct hf_wrapper_conf *conf,
                           struct hf_wrapper *w, struct hf_err *err)
{
    memset(w, 0, sizeof *w); /* a literal of it would be too big for the stack */
    w->loop = loop;
    w->logger = conf->logger;
    w->conf = *conf;
    hf_queue_init(&w->links);
    hf_queue_init(&w->runs);
    hf_queue_init(&w->releases);
    if (conf->workspace != NULL) {
        (void)snprintf(w->workspace, sizeof w->workspace, "%s", conf->workspace);
    }
    hf_driver_host_init(&w->host, &conf->gateways, /* proc= */ NULL);
    w->driver = &w->host.driver;
    hf_watch_start(w);
    enum hf_rc rc = open_parts(w, err);
    return rc == HF_OK ? open_sockets(w, err) : rc;
}

/* closing */

static void free_parts(void *arg)
{
    struct hf_wrapper *w = arg;
    hf_recorder_free(w->recorder);
    hf_answers_free(w->answers);
    hf_runs_close(w);
    hf_releases_close(w);
    hf_http_client_free(w->client);
    hf_sessions_free(w->sessions);
    hf_policies_close(&w->policies);
    hf_redact_close(&w->redact);
    w->closed(w->arg);
}

static void secrets_closed(void *arg)
{
    hf_redaction_report_close(arg, free_parts, arg);
}

static void part_closed(struct hf_wrapper *w)
{
    w->open--;
    if (w->open == 0) {
        hf_timer_cancel(&w->drain);
        hf_secrets_close(&w->secrets, secrets_closed, w);
    }
}

static void control_drained(void *arg)
{
    struct hf_wrapper *w = arg;
    hf_http_server_free(w->control);
    part_closed(w);
}

static void control_closed(struct hf_listener *listener)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(listener, struct hf_wrapper, control_listener);
    part_closed(w);
}

static void plugin_closed(struct hf_listener *listener)
{
    part_closed(HF_CONTAINER_OF(listener, struct hf_wrapper, plugin));
}

static void links_gone(struct hf_timer *timer)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(timer, struct hf_wrapper, drain);
    if (w->link_count > 0) {
        (void)hf_timer_arm(timer, DRAIN_STEP);
    } else {
        part_closed(w);
    }
}

static void close_rest(struct hf_wrapper *w)
{
    bool plugin = w->listening[0];
    bool control = w->listening[1];
    hf_links_close(w);
    w->open = 1u + (w->control != NULL ? 1u : 0u) + (plugin ? 1u : 0u) + (control ? 1u : 0u);
    hf_timer_init(&w->drain, w->loop, links_gone);
    (void)hf_timer_arm(&w->drain, 0);
    if (w->control != NULL) {
        hf_http_server_drain(w->control, control_drained, w);
    }
    if (control) {
        w->control_listener.closed = control_closed;
        hf_listener_close(&w->control_listener);
    }
    if (plugin) {
        w->plugin.closed = plugin_closed;
        hf_listener_close(&w->plugin);
    }
}

/* What was refused is being written down; then its connections are closed. */
static void draining(struct hf_timer *timer)
{
    struct hf_wrapper *w = HF_CONTAINER_OF(timer, struct hf_wrapper, drain);
    bool busy = hf_links_busy(w) || (w->recorder != NULL && hf_recorder_pending(w->recorder) > 0);
    if (busy && hf_env_mono_ns(hf_loop_env(w->loop)) < w->drain_until_ns) {
        (void)hf_timer_arm(timer, DRAIN_STEP);
    } else {
        close_rest(w);
    }
}

void hf_wrapper_close(struct hf_wrapper *w, void (*closed)(void *arg), void *arg)
{
    w->closed = closed;
    w->arg = arg;
    w->draining = true;
    w->drain_until_ns = hf_env_mono_ns(hf_loop_env(w->loop)) + DRAIN_NS;
    hf_watch_stop(w);
    hf_policy_channel_close(w);
    hf_wrapper_budget_close(&w->budget);
    hf_links_drain(w);
    hf_redaction_report_end(w);
    hf_timer_init(&w->drain, w->loop, draining);
    (void)hf_timer_arm(&w->drain, 0);
}
