/* tenant/local_api.c: the Unix socket: programs beside the agent append their events.
 *
 * POST /v1/events  {"type":..., "producer":..., "sequence":..., "occurred":..., "payload":{...}}
 *                  appends one event (log/event/codec.h describes it) and answers when it is
 *                  durable: {"index":N,"submission":"HEX","repeated":false}, with the submission
 *                  hash of what is in the log: a request for approval is sealed (tenant/personal.h)
 *                  What the agent itself writes is refused: the producers "directive", "feed",
 *                  "probe", "agent/...", "vault/..." and "artifact/...", and its types, such as
 *                  "directive....". "wrapper", "wrapper-...", and the wrapper's types, such as
 *                  "policy...." and "approval.requested", are for the users of wrapper_uids.
 * POST /v1/rotate-key  the agent takes its next API key soon
 * GET  /v1/status  how the agent is
 * GET  /v1/approvals, /v1/metering  the views (tenant/views.h)
 * GET  /v1/secrets  how far the log is searched for registered secrets (tenant/secret_scan.h)
 * GET  /v1/budget, POST /v1/budget/reserve and /release  the budgets (tenant/budget.h)
 * GET  /v1/decisions?from=INDEX&wait_s=N  answers to requests for approval (tenant/decisions.h)
 * /v1/vault...     the vault (tenant/vault_api.h)
 * GET  /v1/artifacts/SLOT?not=DIGEST&wait_s=N, /v1/artifacts/SLOT/DIGEST  what the region hands to
 *                  this tenant (tenant/artifacts.h)
 * Who may connect is decided by the socket's folder and mode, and checked again: the agent's own
 * user, root, and who is named in the configuration.
 */
#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "log/event/codec.h"
#include "tenant/agent.h"
#include "tenant/decisions.h"
#include "tenant/vault_api.h"

struct append_call {
    struct hf_agent_holder holder;
    struct hf_agent *agent;
    struct hf_http_exchange *exchange; /* NULL when it is over */
    struct hf_append append;
    struct hf_submission item;
    bool posting;
    bool urgent;
    bool metered;
    bool of_wrapper;                          /* who sends it is the safety wrapper */
    char reservation[HF_LEDGER_NAME_MAX + 1]; /* that a metering record settles */
    uint8_t bytes[HF_SUBMISSION_MAX];
};

static void refuse(struct hf_http_exchange *exchange, const struct hf_err *err)
{
    static const struct {
        enum hf_rc rc;
        int status;
        const char *type;
    } table[] = {
        {HF_EBUSY, 429, "too-many"},      {HF_ENOSPC, 503, "read-only"},
        {HF_ECLOSED, 503, "try-again"},   {HF_ENOSYS, 503, "vault-off"},
        {HF_EUNKNOWN, 503, "try-again"},  {HF_ENOMEM, 503, "try-again"},
        {HF_EFORK, 409, "fork"},          {HF_ESTALE, 409, "stale"},
        {HF_EPERM, 403, "not-permitted"},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        if (table[i].rc == err->rc) {
            hf_http_problem(exchange, table[i].status, table[i].type, err->text);
            return;
        }
    }
    hf_http_problem(exchange, 400, "invalid", err->text);
}

static void appended(struct hf_append *append)
{
    struct append_call *call = HF_CONTAINER_OF(append, struct append_call, append);
    call->agent->appends--;
    if (call->exchange != NULL && append->rc != HF_OK) {
        refuse(call->exchange, &append->err);
    } else if (call->exchange != NULL) {
        struct hf_buf text = hf_buf_init(256);
        struct hf_json_out json;
        struct hf_hash hash;
        hf_submission_hash(call->item.bytes, &hash);
        hf_json_init(&json, &text);
        hf_json_object_begin(&json);
        hf_json_key_u64(&json, "index", append->first);
        hf_json_key(&json, HF_STR("submission"));
        hf_json_hex(&json, hf_bytes_of(hash.b, HF_HASH_SIZE));
        hf_json_key(&json, HF_STR("repeated"));
        hf_json_bool(&json, append->repeated);
        hf_json_object_end(&json);
        hf_http_answer(call->exchange, 200, "application/json", hf_buf_bytes(&text));
        hf_buf_free(&text);
    }
    if (append->rc == HF_OK && call->metered) {
        hf_agent_budgets_metered(call->agent, hf_str_c(call->reservation));
    }
    if (append->rc == HF_OK && call->urgent) {
        hf_agent_replicate_poke(call->agent, true);
    }
    if (append->rc == HF_OK && call->of_wrapper) {
        hf_agent_artifacts_note(call->agent, call->item.bytes);
    }
    call->posting = false;
    if (call->exchange == NULL) {
        hf_heap_free(call);
    }
}

static bool begins_with_one(struct hf_str text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (hf_str_starts(text, hf_str_c(list[i]))) {
            return true;
        }
    }
    return false;
}

/* What the agent says is believed because it alone says it: under its names, and what is of these
 * types. */
static bool is_reserved(const struct hf_envelope *envelope)
{
    static const char *const producers[] = {"agent/", "vault/", "artifact/"};
    static const char *const types[] = {"approval.delivered",
                                        "artifact.",
                                        "budget.",
                                        "directive.",
                                        "enforcement.",
                                        "epoch.",
                                        "feed.",
                                        "metering.period_",
                                        "secret.",
                                        "secrets."};

    return hf_str_eq(envelope->producer, HF_STR("directive")) ||
           hf_str_eq(envelope->producer, HF_STR("feed")) ||
           hf_str_eq(envelope->producer, HF_STR("probe")) ||
           begins_with_one(envelope->producer, producers, HF_LEN(producers)) ||
           begins_with_one(envelope->type, types, HF_LEN(types));
}

/* The same for what the wrapper says: what was decided, asked for, taken out, and is in force. */
static bool is_of_wrapper(const struct hf_envelope *envelope)
{
    static const char *const types[] = {
        "approval.enforced", "approval.requested", "approval.withdrawn", "call.",
        "policy.",           "redaction.",         "selftest."};

    return hf_str_eq(envelope->producer, HF_STR("wrapper")) ||
           hf_str_starts(envelope->producer, HF_STR("wrapper-")) ||
           begins_with_one(envelope->type, types, HF_LEN(types));
}

/* What was metered settles its reservation. It is the tenant's own: the agent's view and its
 * budgets would count it, and the region would not. */
static enum hf_rc note_metering(struct append_call *call, const struct hf_envelope *envelope,
                                struct hf_err *err)
{
    struct hf_event_metering_recorded record;
    struct hf_str own = hf_str_c(call->agent->region.tenant);
    call->metered = hf_str_eq(envelope->type, HF_STR(HF_EVENT_METERING_RECORDED_NAME));
    call->reservation[0] = '\0';
    if (!call->metered ||
        hf_event_metering_recorded_decode(envelope->payload, &record, /* err= */ NULL) != HF_OK) {
        return HF_OK; /* of another version */
    }
    if (own.len > 0 && !hf_str_eq(record.tenant, own)) {
        return hf_err_set(err, HF_EINVAL, "payload: tenant: this is the log of %.*s",
                          HF_STR_ARG(own));
    }
    if (record.has_reservation && record.reservation.len < sizeof call->reservation) {
        memcpy(call->reservation, record.reservation.ptr, record.reservation.len);
        call->reservation[record.reservation.len] = '\0';
    }
    return HF_OK;
}

/* Is the event in the log? Then nothing is written, and the log says whether it is the same. */
static bool is_there(const struct append_call *call, const struct hf_envelope *envelope)
{
    struct hf_bytes entry;
    return hf_log_writer_find(call->agent->log.writer, envelope->producer, envelope->sequence,
                              &entry, /* err= */ NULL) == HF_OK;
}

/* What says something about a person is sealed. What a person waits for goes up at once, and what
 * became of it; too many cannot wait. */
static enum hf_rc look_at(struct append_call *call, struct hf_writer *io_submission,
                          struct hf_err *err)
{
    struct hf_envelope envelope;
    enum hf_rc rc = hf_envelope_read_submission(hf_writer_done(io_submission), &envelope, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (is_reserved(&envelope)) {
        return hf_err_set(err, HF_EPERM,
                          "%.*s by \"%.*s\" is the agent's own to write; of other programs it "
                          "takes other types, under other names",
                          HF_STR_ARG(envelope.type), HF_STR_ARG(envelope.producer));
    }
    if (is_of_wrapper(&envelope) && !call->of_wrapper) {
        return hf_err_set(err, HF_EPERM,
                          "%.*s by \"%.*s\" is for the safety wrapper to write; its user stands in "
                          "wrapper_uids of the agent's configuration",
                          HF_STR_ARG(envelope.type), HF_STR_ARG(envelope.producer));
    }
    rc = hf_agent_scan_check(call->agent, hf_writer_done(io_submission), err);
    if (rc == HF_OK || is_there(call, &envelope)) {
        rc = hf_agent_personal_seal(call->agent, io_submission, err);
    }
    call->item = (struct hf_submission){.bytes = hf_writer_done(io_submission)};
    if (rc == HF_OK) {
        rc = hf_envelope_read_submission(call->item.bytes, &envelope, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    rc = note_metering(call, &envelope, err);
    if (rc != HF_OK) {
        return rc;
    }
    bool asks = hf_str_starts(envelope.type, HF_STR("approval."));
    call->urgent = asks || hf_str_starts(envelope.type, HF_STR("policy."));
    return asks ? hf_agent_asking_take(&call->agent->asking, &envelope,
                                       hf_env_wall_us(hf_loop_env(call->agent->loop)), err)
                : HF_OK;
}

static void append_over(struct hf_agent_holder *holder)
{
    struct append_call *call = HF_CONTAINER_OF(holder, struct append_call, holder);
    call->exchange = NULL;
    if (!call->posting) {
        hf_heap_free(call);
    }
}

static void append_event(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    struct hf_err err = {0};
    struct hf_json_doc *doc = NULL;
    if (agent->holding || hf_agent_state(agent) == HF_AGENT_OPENING) {
        hf_http_problem(exchange, 503, "try-again", "A new epoch of the log is being opened.");
        return;
    }
    struct append_call *call = hf_heap_alloc(sizeof *call);
    if (call == NULL) {
        hf_http_problem(exchange, 503, "try-again", "no memory for the event");
        return;
    }
    call->holder.over = append_over;
    call->append = (struct hf_append){.wait = HF_WAIT_DURABLE};
    call->agent = agent;
    call->exchange = exchange;
    call->posting = false;
    call->metered = false;
    call->of_wrapper = hf_peers_allow(&agent->conf.wrapper_peers, (uint32_t)geteuid(),
                                      hf_http_exchange_peer(exchange));
    hf_http_exchange_set_user(exchange, &call->holder);
    struct hf_writer w = hf_writer_init(call->bytes, sizeof call->bytes);
    enum hf_rc rc = hf_json_parse(hf_http_exchange_body(exchange), &doc, &err);
    if (rc == HF_OK && hf_json_kind(hf_json_root(doc)) == HF_JSON_OBJECT &&
        hf_json_get(hf_json_root(doc), "occurred") == NULL) {
        rc = hf_err_set(&err, HF_EINVAL,
                        "occurred: is missing; the producer says when it happened, so that the "
                        "same event can be sent again without harm");
    }
    if (rc == HF_OK) {
        rc = hf_event_from_json(hf_json_root(doc), hf_env_wall_us(hf_loop_env(agent->loop)), &w,
                                &err);
    }
    hf_json_free(doc);
    if (rc == HF_OK) {
        rc = look_at(call, &w, &err);
    }
    if (rc != HF_OK) {
        refuse(exchange, &err);
        return;
    }
    call->append.items = &call->item;
    call->append.item_count = 1;
    call->append.done = appended;
    call->posting = true;
    agent->appends++;
    hf_append_submit(hf_log_writer_appender(agent->log.writer), &call->append);
}

static void answer_status(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    uint64_t kept = 0;
    struct hf_buf text = hf_buf_init(8192);
    struct hf_json_out json;
    if (agent->log.log == NULL || hf_log_kept(agent->log.log, &kept, /* err= */ NULL) != HF_OK) {
        kept = 0;
    }
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "tenant", hf_str_c(agent->region.tenant));
    hf_json_key_str(&json, "region", hf_str_c(agent->region.region));
    hf_json_key_str(&json, "state", hf_str_c(hf_agent_state_name(hf_agent_state(agent))));
    hf_json_key_u64(&json, "epoch", agent->epoch.epoch);
    hf_json_key_u64(&json, "events", agent->log.log == NULL ? 0 : hf_log_size(agent->log.log));
    hf_json_key_u64(&json, "receipt", agent->receipt);
    hf_json_key_u64(&json, "kept_from", kept);
    hf_json_key_str(&json, "trouble", hf_str_c(hf_agent_trouble_name(agent->trouble.kind)));
    hf_json_key_str(&json, "trouble_text", hf_str_c(agent->trouble.text));
    hf_json_key_u64(&json, "key_serial", agent->region.key_serial);
    hf_json_key_u64(&json, "upload_failures", agent->upload.failures);
    hf_json_key_str(&json, "subjects", hf_str_c(hf_agent_subjects_word(agent)));
    hf_json_key(&json, HF_STR("skew_us"));
    hf_json_i64(&json, hf_skew_us(&agent->skew));
    hf_json_key_u64(&json, "skew_samples", agent->skew.count);
    hf_json_key_u64(&json, "heartbeat_failures", agent->beat.failures);
    hf_json_object_end(&json);
    hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(&text));
    hf_buf_free(&text);
}

static void answer_view(struct hf_agent *agent, struct hf_http_exchange *exchange,
                        enum hf_agent_view view)
{
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(8u << 20);
    struct hf_json_out json;
    hf_json_init(&json, &text);
    if (hf_agent_views_write(&agent->views, view, &json, &err) == HF_OK && text.failed == HF_OK) {
        hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(&text));
    } else {
        hf_http_problem(exchange, 503, "try-again",
                        err.text[0] == '\0' ? "no memory for the view" : err.text);
    }
    hf_buf_free(&text);
}

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct hf_agent *agent = ctx;
    const struct hf_http_request *request = hf_http_exchange_request(exchange);
    const struct hf_peer *peer = hf_http_exchange_peer(exchange);
    struct hf_str method = hf_bytes_str(request->method);
    struct hf_str target = hf_bytes_str(request->target);
    if (!hf_peers_allow(&agent->conf.peers, geteuid(), peer) &&
        !hf_peers_named(&agent->conf.vault_peers, peer)) {
        hf_http_problem(exchange, 403, "not-permitted",
                        "Only root, the agent's own user and those of allow_uids and vault_uids in "
                        "its configuration may talk to the agent.");
    } else if (hf_http_field(request, "origin") != NULL) {
        hf_http_problem(exchange, 403, "not-permitted", "Browsers may not talk to the agent.");
    } else if (hf_str_eq(method, HF_STR("POST")) && hf_str_eq(target, HF_STR("/v1/events"))) {
        append_event(agent, exchange);
    } else if (hf_str_eq(method, HF_STR("POST")) && hf_str_eq(target, HF_STR("/v1/rotate-key")) &&
               hf_agent_state(agent) == HF_AGENT_RUNNING) {
        hf_agent_rotate_now(agent);
        hf_http_answer(exchange, 202, "application/json", HF_BYTES("{}"));
    } else if (hf_str_eq(method, HF_STR("GET")) && hf_str_eq(target, HF_STR("/v1/status"))) {
        answer_status(agent, exchange);
    } else if (hf_str_eq(method, HF_STR("GET")) && hf_str_eq(target, HF_STR("/v1/approvals"))) {
        answer_view(agent, exchange, HF_AGENT_VIEW_APPROVALS);
    } else if (hf_str_eq(method, HF_STR("GET")) && hf_str_eq(target, HF_STR("/v1/metering"))) {
        answer_view(agent, exchange, HF_AGENT_VIEW_METERING);
    } else if (hf_str_eq(method, HF_STR("GET")) && hf_str_eq(target, HF_STR("/v1/secrets"))) {
        hf_agent_scan_serve(agent, exchange);
    } else if (hf_str_eq(method, HF_STR("GET")) && hf_str_eq(target, HF_STR("/v1/budget"))) {
        hf_agent_budget_show(agent, exchange);
    } else if (hf_str_eq(method, HF_STR("POST")) &&
               hf_str_eq(target, HF_STR("/v1/budget/reserve"))) {
        hf_agent_budget_reserve(agent, exchange);
    } else if (hf_str_eq(method, HF_STR("POST")) &&
               hf_str_eq(target, HF_STR("/v1/budget/release"))) {
        hf_agent_budget_release(agent, exchange);
    } else if (hf_str_eq(method, HF_STR("GET")) &&
               hf_str_starts(target, HF_STR("/v1/decisions?"))) {
        hf_agent_decisions_serve(agent, exchange);
    } else if (hf_str_eq(method, HF_STR("GET")) &&
               hf_str_starts(target, HF_STR("/v1/artifacts/"))) {
        hf_agent_artifacts_serve(agent, exchange);
    } else if (hf_agent_vault_is_target(target)) {
        hf_agent_vault_serve(agent, exchange);
    } else {
        hf_http_problem(exchange, 404, "not-found",
                        "The agent has POST /v1/events, /v1/budget/reserve and /v1/budget/release, "
                        "POST /v1/rotate-key once it runs, and GET /v1/status, /v1/approvals, "
                        "/v1/metering, /v1/secrets, /v1/budget, /v1/decisions, /v1/artifacts "
                        "and /v1/vault.");
    }
}

static void over(void *ctx, struct hf_http_exchange *exchange)
{
    struct hf_agent_holder *holder = hf_http_exchange_user(exchange);
    (void)ctx;
    if (holder != NULL) {
        holder->over(holder);
    }
}

const struct hf_http_handler hf_agent_local_handler = {.handle = handle, .over = over};
