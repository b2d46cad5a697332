/* wrapper/control.c: the control socket: how the wrapper is, for the agent, the proxy and people.
 *
 * GET  /v1/status         lease, enforcement, policy, counters
 * POST /v1/explain        what would be decided about a call; with ?facts=true also on which facts
 * POST /v1/drain          the gateway is about to stop: refuses what waits, and all that is asked
 *                         until it has; for root and the wrapper's own user
 * POST /v1/policy/reload  reads the bundles of --policy and --shadow again, for root and the
 *                         wrapper's own user
 */
#include <unistd.h>

#include "base/assert.h"
#include "base/json_out.h"
#include "wrapper/explain.h"

static void put_lease(struct hf_json_out *json, const struct hf_wrapper *w)
{
    uint64_t now = hf_env_mono_ns(hf_loop_env(w->loop));
    enum hf_lease_state state = hf_lease_state(&w->lease, now);
    hf_json_key(json, HF_STR("lease"));
    hf_json_object_begin(json);
    hf_json_key_str(json, "state", hf_str_c(hf_lease_state_name(state)));
    if (state != HF_LEASE_NONE) {
        hf_json_key_u64(json, "pid", (uint64_t)w->lease.gateway.pid);
        hf_json_key_u64(json, "uid", w->lease.gateway.uid);
        hf_json_key_u64(json, "started", w->lease.gateway.started);
        hf_json_key_str(json, "cgroup", hf_str_c(w->lease.gateway.cgroup));
    }
    hf_json_key_u64(json, "proved", w->lease.proved);
    hf_json_key_u64(json, "failed", w->lease.failed);
    hf_json_key_str(json, "why", hf_str_c(w->lease.why));
    hf_json_object_end(json);
}

static void put_policy(struct hf_json_out *json, const char *key, const struct hf_policy *policy,
                       const struct hf_policies *policies)
{
    hf_json_key(json, hf_str_c(key));
    if (policy == NULL) {
        hf_json_null(json);
        return;
    }
    hf_json_object_begin(json);
    hf_json_key_str(json, "name", hf_policy_name(policy));
    hf_json_key_str(json, "version", hf_policy_version(policy));
    hf_json_key(json, HF_STR("digest"));
    hf_json_hex(json, hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE));
    if (policies != NULL) {
        hf_json_key_str(json, "from", policies->of_region ? HF_STR("region") : HF_STR("file"));
        hf_json_key_u64(json, "sequence", policies->sequence);
        hf_json_key_u64(json, "floor", policies->floor);
    }
    hf_json_object_end(json);
}

static void put_counts(struct hf_json_out *json, const struct hf_wrapper *w)
{
    const struct hf_wrapper_counts *c = &w->counts;
    hf_json_key(json, HF_STR("counts"));
    hf_json_object_begin(json);
    hf_json_key_u64(json, "calls", c->calls);
    hf_json_key_u64(json, "allowed", c->allowed);
    hf_json_key_u64(json, "refused", c->refused);
    hf_json_key_u64(json, "asked", c->asked);
    hf_json_key_u64(json, "approved", c->approved);
    hf_json_key_u64(json, "waiting", w->waiting);
    hf_json_key_u64(json, "unrecorded", c->unrecorded);
    hf_json_key_u64(json, "runs", c->runs);
    hf_json_key_u64(json, "runs_refused", c->runs_refused);
    hf_json_key_u64(json, "results", c->results);
    hf_json_key_u64(json, "unknown", c->unknown);
    hf_json_key_u64(json, "disguised", c->disguised);
    hf_json_key_u64(json, "redacted", c->redacted);
    hf_json_key_u64(json, "changed", c->changed);
    hf_json_key_u64(json, "strangers", c->strangers);
    hf_json_key_u64(json, "dropped", c->dropped);
    hf_json_key_u64(json, "flips", c->flips);
    hf_json_object_end(json);
}

static void answer_status(struct hf_wrapper *w, struct hf_http_exchange *exchange)
{
    struct hf_buf text = hf_buf_init(16384);
    struct hf_json_out json;
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "wrapper", HF_STR(HF_VERSION));
    hf_json_key_str(&json, "tenant", hf_str_c(w->tenant));
    hf_json_key_str(&json, "enforcement", hf_str_c(hf_watch_enforcement(w)));
    hf_json_key(&json, HF_STR("parting"));
    hf_json_bool(&json, w->parting);
    hf_json_key_u64(&json, "gateways", w->gateways);
    hf_json_key_u64(&json, "unguarded", w->unguarded);
    hf_json_key_str(&json, "openclaw", hf_str_c(w->openclaw));
    put_lease(&json, w);
    put_policy(&json, "policy", hf_policies_active(&w->policies), &w->policies);
    put_policy(&json, "shadow", hf_policies_shadow(&w->policies), NULL);
    hf_json_key_u64(&json, "secrets", w->redact.secrets);
    put_counts(&json, w);
    hf_json_object_end(&json);
    if (text.failed == HF_OK) {
        hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(&text));
    } else {
        hf_http_problem(exchange, 503, "try-again", "no memory for the answer");
    }
    hf_buf_free(&text);
}

static bool may_change(struct hf_http_exchange *exchange)
{
    const struct hf_peer *peer = hf_http_exchange_peer(exchange);
    if (peer->uid != 0 && peer->uid != (uint32_t)geteuid()) {
        hf_http_problem(exchange, 403, "not-permitted",
                        "Only root and the wrapper's own user may change anything.");
        return false;
    }
    return true;
}

static void drain(struct hf_wrapper *w, struct hf_http_exchange *exchange)
{
    if (may_change(exchange)) {
        hf_wrapper_part(w, true);
        answer_status(w, exchange);
    }
}

static void reload(struct hf_wrapper *w, struct hf_http_exchange *exchange)
{
    struct hf_err err = {0};
    if (!may_change(exchange)) {
        return;
    }
    if (w->conf.policy == NULL) {
        hf_http_problem(exchange, 409, "invalid", "The wrapper was started without --policy.");
        return;
    }
    if (w->policies.of_region) {
        hf_http_problem(
            exchange, 409, "invalid",
            "The region's policy is in force; publish and activate the next one there.");
        return;
    }
    enum hf_rc rc = hf_activation_reload(w, &err);
    if (rc != HF_OK) {
        hf_http_problem(exchange, rc == HF_EPERM ? 422 : 503,
                        rc == HF_EPERM ? "invalid" : "try-again", err.text);
        return;
    }
    answer_status(w, exchange);
}

static void handle(void *ctx, struct hf_http_exchange *exchange)
{
    struct hf_wrapper *w = ctx;
    const struct hf_http_request *request = hf_http_exchange_request(exchange);
    struct hf_str method = hf_bytes_str(request->method);
    struct hf_str target = hf_bytes_str(request->target);
    if (!hf_peers_allow(&w->conf.readers, (uint32_t)geteuid(), hf_http_exchange_peer(exchange))) {
        hf_http_problem(exchange, 403, "not-permitted",
                        "Only root, the wrapper's own user and those of --readers may ask.");
    } else if (hf_http_field(request, "origin") != NULL) {
        hf_http_problem(exchange, 403, "not-permitted", "Browsers may not talk to the wrapper.");
    } else if (hf_str_eq(method, HF_STR("GET")) && hf_str_eq(target, HF_STR("/v1/status"))) {
        answer_status(w, exchange);
    } else if (hf_str_eq(method, HF_STR("POST")) &&
               hf_str_eq(target, HF_STR("/v1/policy/reload"))) {
        reload(w, exchange);
    } else if (hf_str_eq(method, HF_STR("POST")) && hf_str_eq(target, HF_STR("/v1/drain"))) {
        drain(w, exchange);
    } else if (hf_str_eq(method, HF_STR("POST")) && hf_str_eq(target, HF_STR("/v1/explain"))) {
        hf_explain_answer(w, exchange, /* facts= */ false);
    } else if (hf_str_eq(method, HF_STR("POST")) &&
               hf_str_eq(target, HF_STR("/v1/explain?facts=true"))) {
        hf_explain_answer(w, exchange, /* facts= */ true);
    } else {
        hf_http_problem(exchange, 404, "not-found",
                        "The wrapper has GET /v1/status, and POST of /v1/explain, /v1/drain and "
                        "/v1/policy/reload.");
    }
}

const struct hf_http_handler hf_wrapper_control_handler = {.handle = handle};
