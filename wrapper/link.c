/* wrapper/link.c: takes connections of plugins, cuts what comes into messages, passes them on. */
#include "wrapper/link.h"

#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"

#define QUEUED_MAX (2 * HF_FRAME_MAX)   /* answers that the plugin does not take */
#define GREET_NS   UINT64_C(1000000000) /* to say hello, when others need the room */
#define SAY_NS     UINT64_C(1000000000)

static void stream_closed(struct hf_stream *stream)
{
    struct hf_link *link = stream->user;
    struct hf_wrapper *wrapper = link->wrapper;
    hf_task_cancel(&link->task);
    hf_queue_remove(&link->node);
    wrapper->link_count--;
    hf_frames_free(&link->frames);
    hf_heap_free(link);
}

static void close_link(struct hf_link *link)
{
    if (!link->closing) {
        link->closing = true;
        hf_call_orphan_all(link);
        hf_run_orphan_all(link);
        link->questions = 0;
        hf_stream_close(link->stream);
    }
}

/* Closes it soon: whoever sends may be in the middle of its calls. */
static void break_link(struct hf_link *link)
{
    link->broken = true;
    hf_task_post(link->wrapper->loop, &link->task);
}

void hf_link_send_bytes(struct hf_link *link, struct hf_bytes frame)
{
    if (link->closing || link->broken) {
        return;
    }
    if (hf_stream_queued(link->stream) > QUEUED_MAX ||
        hf_stream_write(link->stream, frame) != HF_OK) {
        break_link(link);
    }
}

void hf_link_send(struct hf_link *link, const struct hf_plugin_message *message)
{
    struct hf_buf buf = hf_buf_init(65536);
    if (hf_plugin_message_put(&buf, message) == HF_OK) {
        hf_link_send_bytes(link, hf_buf_bytes(&buf));
    } else {
        break_link(link);
    }
    hf_buf_free(&buf);
}

bool hf_link_holds(const struct hf_link *link)
{
    return link->welcome && hf_lease_holds(&link->wrapper->lease, &link->peer);
}

const char *hf_link_not_now(const struct hf_link *link, const struct hf_session *session)
{
    const struct hf_wrapper *w = link->wrapper;
    uint64_t now = hf_env_mono_ns(hf_loop_env(w->loop));
    if (w->draining) {
        return "the wrapper is about to stop";
    }
    if (w->parting) {
        return "the gateway is about to stop";
    }
    if (!hf_link_holds(link)) {
        return "this gateway does not hold the lease";
    }
    if (hf_lease_state(&w->lease, now) == HF_LEASE_BROKEN) {
        return "the gateway did not obey the gate; nothing may run";
    }
    if (session == NULL) {
        return "no memory for the session";
    }
    if (session->deciding >= HF_SESSION_CALLS) {
        return "too many calls of this session at once";
    }
    return NULL;
}

/* hello */

static void drained(struct hf_stream *stream)
{
    close_link(stream->user);
}

/* Once a second at most: whoever connects must not be able to fill the log. */
static void say_refused(const struct hf_link *link, const char *reason)
{
    struct hf_wrapper *w = link->wrapper;
    uint64_t now = hf_env_mono_ns(hf_loop_env(w->loop));
    if (w->refusal_said_ns != 0 && now - w->refusal_said_ns < SAY_NS) {
        w->refusals_unsaid++;
        return;
    }
    hf_log(w->logger, HF_LOG_WARN, "plugin.refused", hf_f_c("why", reason),
           hf_f_i64("pid", link->peer.pid), hf_f_u64("uid", link->peer.uid),
           hf_f_u64("unsaid", w->refusals_unsaid));
    w->refusal_said_ns = now;
    w->refusals_unsaid = 0;
}

static void refuse(struct hf_link *link, const char *reason)
{
    const struct hf_plugin_message answer = {
        .kind = HF_PLUGIN_REFUSED,
        .answer = {.reason = hf_str_c(reason),
                   .budgets = hf_wrapper_budget_word(&link->wrapper->budget)}};
    link->wrapper->counts.strangers++;
    say_refused(link, reason);
    hf_link_send(link, &answer);
    link->reading = false;
    hf_stream_read(link->stream, false);
    if (hf_stream_queued(link->stream) == 0) {
        break_link(link); /* what is in the socket is still read at the other end */
    } else {
        link->stream->on_drain = drained;
    }
}

/* Only a gateway may take the lease, and while one lives nobody else. */
static enum hf_rc claim(struct hf_link *link)
{
    struct hf_lease *lease = &link->wrapper->lease;
    struct hf_gateway holder;
    if (hf_lease_holds(lease, &link->peer)) {
        return HF_OK;
    }
    if (!link->gateway) {
        return HF_EPERM;
    }
    bool lives = hf_driver_look(link->wrapper->driver, lease->gateway.pid, &holder,
                                /* err= */ NULL) == HF_OK &&
                 hf_gateway_eq(&holder, &lease->gateway);
    enum hf_rc rc = hf_lease_claim(lease, &link->peer, lives);
    if (rc == HF_OK) {
        hf_wrapper_part(link->wrapper, false); /* it is the next one */
    }
    return rc;
}

static void take_hello(struct hf_link *link, const struct hf_plugin_hello *hello)
{
    struct hf_wrapper *w = link->wrapper;
    const struct hf_plugin_message welcome = {
        .kind = HF_PLUGIN_WELCOME,
        .hello = {.protocol = HF_PLUGIN_PROTOCOL, .budgets = hf_wrapper_budget_word(&w->budget)}};
    if (hello->protocol != HF_PLUGIN_PROTOCOL) {
        refuse(link, "plugin and wrapper speak different versions; install those that belong "
                     "together");
        return;
    }
    link->gateway = hello->gateway;
    enum hf_rc rc = claim(link);
    if (rc != HF_OK) {
        refuse(link, rc == HF_EPERM ? "only the tenant's gateway is served, and this is none"
                                    : "another gateway holds the lease and lives");
        return;
    }
    link->welcome = true;
    (void)snprintf(w->openclaw, sizeof w->openclaw, "%.*s", HF_STR_ARG(hello->openclaw));
    if (w->conf.workspace == NULL && hello->workspace.len > 0) {
        (void)snprintf(w->workspace, sizeof w->workspace, "%.*s", HF_STR_ARG(hello->workspace));
    }
    hf_log(w->logger, HF_LOG_INFO, "plugin.connected", hf_f_i64("pid", link->peer.pid),
           hf_f_str("openclaw", hello->openclaw), hf_f_str("plugin", hello->plugin));
    hf_link_send(link, &welcome);
    if (link->gateway) {
        hf_watch_canary_soon(w);
    }
}

void hf_links_challenge(struct hf_wrapper *w)
{
    HF_QUEUE_FOREACH (node, &w->links) {
        struct hf_link *link = HF_CONTAINER_OF(node, struct hf_link, node);
        if (!link->closing && link->gateway && hf_link_holds(link)) {
            const char *nonce = hf_lease_challenge(&w->lease, hf_loop_env(w->loop));
            const struct hf_plugin_message message = {.kind = HF_PLUGIN_CANARY,
                                                      .canary = {.nonce = hf_str_c(nonce)}};
            hf_link_send(link, &message);
            return;
        }
    }
}

static void take_canary(struct hf_link *link, const struct hf_plugin_canary *canary)
{
    struct hf_wrapper *w = link->wrapper;
    uint64_t now = hf_env_mono_ns(hf_loop_env(w->loop));
    uint64_t failed = w->lease.failed;
    bool first = hf_lease_state(&w->lease, now) != HF_LEASE_ENFORCED;
    hf_lease_ended(&w->lease, canary->nonce, canary->status, canary->text, now);
    if (w->lease.failed != failed) {
        hf_log(w->logger, HF_LOG_WARN, "canary.failed", hf_f_c("why", w->lease.why),
               hf_f_str("answer", canary->text));
        hf_watch_canary_soon(w);
    } else if (first && hf_lease_state(&w->lease, now) == HF_LEASE_ENFORCED) {
        hf_log(w->logger, HF_LOG_INFO, "gate.enforced", hf_f_i64("pid", w->lease.gateway.pid));
    }
}

/* messages */

static void pass_on(struct hf_link *link, const struct hf_plugin_message *message)
{
    switch (message->kind) {
    case HF_PLUGIN_CALL: hf_call_begin(link, message); break;
    case HF_PLUGIN_RUN: hf_run_begin(link, message); break;
    case HF_PLUGIN_ABORT:
        hf_call_abort(link, message->id);
        hf_run_abort(link, message->id);
        break;
    case HF_PLUGIN_RESULT: hf_result_take(link, message); break;
    case HF_PLUGIN_CANARY_DONE: take_canary(link, &message->canary); break;
    case HF_PLUGIN_USAGE: hf_result_usage(link, &message->usage); break;
    case HF_PLUGIN_LIFE: hf_result_life(link, &message->life); break;
    case HF_PLUGIN_HELLO:
    case HF_PLUGIN_WELCOME:
    case HF_PLUGIN_REFUSED:
    case HF_PLUGIN_PENDING:
    case HF_PLUGIN_VERDICT:
    case HF_PLUGIN_REDACTED:
    case HF_PLUGIN_CANARY: refuse(link, "a message came that is not the plugin's to send"); break;
    }
}

static void take_frame(struct hf_link *link, struct hf_bytes frame)
{
    struct hf_plugin_message message;
    struct hf_err err = {0};
    enum hf_rc rc = hf_plugin_message_parse(frame, &message, &err);
    if (rc != HF_OK) {
        refuse(link, err.text);
        return;
    }
    if (link->welcome) {
        pass_on(link, &message);
    } else if (message.kind == HF_PLUGIN_HELLO) {
        take_hello(link, &message.hello);
    } else {
        refuse(link, "the first message is hello");
    }
    hf_plugin_message_free(&message);
}

/* As many as may be under way; what is left waits in the buffer, and behind it in the socket. */
static void take_frames(struct hf_link *link)
{
    struct hf_bytes frame;
    enum hf_rc rc = HF_OK;
    while (!link->closing && link->reading && link->questions < HF_LINK_QUESTIONS_MAX &&
           (rc = hf_frames_next(&link->frames, &frame)) == HF_OK) {
        take_frame(link, frame);
    }
    if (rc == HF_EINVAL) {
        close_link(link);
    }
}

void hf_link_flow(struct hf_link *link)
{
    bool on = link->questions < HF_LINK_QUESTIONS_MAX;
    if (!link->closing && link->reading) {
        hf_stream_read(link->stream, on);
        if (on) {
            hf_task_post(link->wrapper->loop, &link->task);
        }
    }
}

static void on_data(struct hf_stream *stream, struct hf_bytes data)
{
    struct hf_link *link = stream->user;
    if (link->closing) {
        return;
    }
    if (hf_frames_put(&link->frames, data) != HF_OK) {
        close_link(link);
        return;
    }
    take_frames(link);
    if (link->questions >= HF_LINK_QUESTIONS_MAX) {
        hf_stream_read(stream, false);
    }
}

static void on_end(struct hf_stream *stream, enum hf_rc why)
{
    (void)why;
    close_link(stream->user);
}

static void look_again(struct hf_task *task)
{
    struct hf_link *link = HF_CONTAINER_OF(task, struct hf_link, task);
    if (link->broken) {
        close_link(link);
    } else {
        take_frames(link);
    }
}

/* Is there room for one more? One that never says hello has none that another one needs: the plugin
 * says it at once, and any process of the gateway's user may connect. */
static bool make_room(struct hf_wrapper *w, uint64_t now_ns)
{
    if (w->link_count < HF_WRAPPER_LINKS_MAX) {
        return true;
    }
    HF_QUEUE_FOREACH_SAFE (node, &w->links) {
        struct hf_link *link = HF_CONTAINER_OF(node, struct hf_link, node);
        if (!link->welcome && !link->closing && now_ns - link->since_ns >= GREET_NS) {
            close_link(link);
            return true;
        }
    }
    return false;
}

void hf_link_accept(struct hf_wrapper *wrapper, struct hf_stream *stream)
{
    struct hf_link *link = hf_heap_zalloc(1, sizeof *link);
    struct hf_err err = {0};
    uint64_t now_ns = hf_env_mono_ns(hf_loop_env(wrapper->loop));
    bool known = hf_peers_allow(&wrapper->conf.gateways, (uint32_t)geteuid(), &stream->peer);
    bool room = known && make_room(wrapper, now_ns); /* strangers take nobody's place */
    if (link == NULL) {
        hf_stream_close(stream);
        return;
    }
    link->wrapper = wrapper;
    link->since_ns = now_ns;
    link->stream = stream;
    link->frames = hf_frames_init();
    hf_queue_init(&link->calls);
    hf_queue_init(&link->runs);
    hf_task_init(&link->task, look_again);
    hf_queue_push(&wrapper->links, &link->node);
    wrapper->link_count++;
    stream->user = link;
    stream->on_data = on_data;
    stream->on_end = on_end;
    stream->on_drain = NULL;
    stream->on_closed = stream_closed;
    if (!known) {
        refuse(link, "this user runs no gateway of this tenant");
    } else if (!room || wrapper->draining) {
        refuse(link, "the wrapper takes no more connections");
    } else if (hf_driver_look(wrapper->driver, stream->peer.pid, &link->peer, &err) != HF_OK) {
        refuse(link, err.text);
    } else {
        link->reading = true;
        hf_stream_read(stream, true);
    }
}

/* all of them */

void hf_links_drain(struct hf_wrapper *w)
{
    HF_QUEUE_FOREACH_SAFE (node, &w->links) {
        struct hf_link *link = HF_CONTAINER_OF(node, struct hf_link, node);
        hf_call_drain_all(link);
        hf_run_drain_all(link);
    }
}

void hf_links_close(struct hf_wrapper *w)
{
    HF_QUEUE_FOREACH_SAFE (node, &w->links) {
        close_link(HF_CONTAINER_OF(node, struct hf_link, node));
    }
}

bool hf_links_busy(const struct hf_wrapper *w)
{
    HF_QUEUE_FOREACH (node, &w->links) {
        const struct hf_link *link = HF_CONTAINER_OF(node, struct hf_link, node);
        if (!hf_queue_empty(&link->calls) || !hf_queue_empty(&link->runs) ||
            hf_stream_queued(link->stream) > 0) {
            return true;
        }
    }
    return false;
}
