/* wrapper/judge.c: everything that is known about a call goes into its facts. */
#include "wrapper/judge.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "wrapper/requester.h"
#include "wrapper/resolver.h"
#include "wrapper/wrapper.h"

/* verdict */

static void copy_verdict(const struct hf_policy_verdict *verdict, struct hf_judgement *ret)
{
    ret->verdict = verdict->verdict;
    ret->asi = verdict->asi;
    ret->risk = verdict->risk;
    (void)snprintf(ret->rule, sizeof ret->rule, "%.*s", HF_STR_ARG(verdict->rule));
    (void)snprintf(ret->reason, sizeof ret->reason, "%.*s", HF_STR_ARG(verdict->reason));
}

static void compare(const struct hf_wrapper *w, const struct hf_policy_facts *facts,
                    struct hf_judgement *ret)
{
    const struct hf_policy *shadow = hf_policies_shadow(&w->policies);
    struct hf_policy_verdict verdict;
    if (shadow == NULL) {
        return;
    }
    hf_policy_eval(shadow, facts, &verdict);
    ret->has_shadow = true;
    ret->shadow_verdict = verdict.verdict;
    ret->shadow_digest = *hf_policy_digest(shadow);
    (void)snprintf(ret->shadow_rule, sizeof ret->shadow_rule, "%.*s", HF_STR_ARG(verdict.rule));
}

/* SHA-256("holdfast/action/v1\n" and, each behind its length, tenant, session, call, tool, the
 * policy's digest and the parameters as the tool gets them, secrets taken out). */
static void hash_action(const struct hf_wrapper *w, const struct hf_plugin_call *call,
                        struct hf_bytes params, struct hf_judgement *ret)
{
    struct hf_sha256_state state;
    uint8_t length[8];
    const struct hf_bytes parts[] = {
        hf_str_bytes(hf_str_c(w->tenant)),
        hf_str_bytes(call->session),
        hf_str_bytes(call->call),
        hf_str_bytes(call->tool),
        hf_bytes_of(ret->policy_digest.b, HF_HASH_SIZE),
        params,
    };
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES("holdfast/action/v1\n"));
    for (size_t i = 0; i < HF_LEN(parts); i++) {
        hf_be64_put(length, parts[i].len);
        hf_sha256_update(&state, hf_bytes_of(length, sizeof length));
        hf_sha256_update(&state, parts[i]);
    }
    hf_sha256_end(&state, &ret->action);
}

/* facts */

static void add_rate(struct hf_policy_facts *facts, enum hf_policy_facts_rates_of of,
                     const struct hf_rate *rate, uint64_t now_ns)
{
    for (unsigned window = 0; rate != NULL && window < HF_RATE_WINDOWS; window++) {
        facts->rates[facts->rates_count++] =
            (struct hf_policy_facts_rates){.of = of,
                                           .window = (enum hf_policy_facts_rates_window)window,
                                           .count = hf_rate_count(rate, window, now_ns)};
    }
}

static void add_rates(const struct hf_wrapper *w, const struct hf_session *session,
                      struct hf_str tool, struct hf_policy_facts *facts)
{
    static const struct hf_rate none;
    uint64_t now = hf_env_mono_ns(hf_loop_env(w->loop));
    const struct hf_rate *of_tool = hf_sessions_tool(w->sessions, tool);
    add_rate(facts, HF_POLICY_FACTS_RATES_OF_ALL, hf_sessions_all(w->sessions), now);
    add_rate(facts, HF_POLICY_FACTS_RATES_OF_TOOL, of_tool == NULL ? &none : of_tool, now);
    add_rate(facts, HF_POLICY_FACTS_RATES_OF_SESSION, &session->rate, now);
    for (unsigned c = 0; c < HF_RATE_CLASSES; c++) {
        add_rate(facts, (enum hf_policy_facts_rates_of)(HF_POLICY_FACTS_RATES_OF_READ + c),
                 hf_sessions_class(w->sessions, c), now);
    }
}

static void add_recent(const struct hf_session *session, struct hf_policy_facts *facts)
{
    for (size_t i = 0; i < session->recent_count; i++) {
        const struct hf_session_call *call = &session->recent[i];
        struct hf_policy_facts_recent *to = &facts->recent[facts->recent_count++];
        *to = (struct hf_policy_facts_recent){
            .tool = hf_str_c(call->tool),
            .untrusted = call->untrusted,
            .verdict = call->verdict == HF_VERDICT_PERMIT ? HF_POLICY_FACTS_RECENT_VERDICT_PERMIT
                       : call->verdict == HF_VERDICT_ASK  ? HF_POLICY_FACTS_RECENT_VERDICT_ASK
                                                          : HF_POLICY_FACTS_RECENT_VERDICT_FORBID};
        for (unsigned c = 0; c < HF_RATE_CLASSES; c++) {
            if ((call->classes & (1u << c)) != 0) {
                to->classes[to->classes_count++] = (enum hf_policy_facts_recent_classes)c;
            }
        }
    }
}

/* Coordinated universal time, until a tenant has a zone of its own. */
static void add_time(struct hf_wrapper *w, struct hf_policy_facts *facts)
{
    uint64_t minutes = (uint64_t)hf_env_wall_us(hf_loop_env(w->loop)) / 60000000;
    uint64_t days = minutes / 1440;
    facts->minute = minutes % 1440;
    facts->weekday = (enum hf_policy_facts_weekday)((days + 3) % 7); /* 1970 began on a Thursday */
}

/* The parameters without secrets: what is decided on, recorded and hashed. Each secret leaves its
 * placeholder, which is also a fact. */
struct clean {
    struct hf_buf text;
    struct hf_json_doc *doc;
};

static enum hf_rc clean_params(struct hf_wrapper *w, struct hf_str params, struct clean *ret,
                               bool *ret_secret, struct hf_err *err)
{
    enum hf_rc rc = hf_redact_text(&w->redact, params, &ret->text, ret_secret, err);
    rc = rc == HF_OK ? hf_json_parse(hf_buf_bytes(&ret->text), &ret->doc, err) : rc;
    if (rc == HF_OK && hf_json_kind(hf_json_root(ret->doc)) != HF_JSON_OBJECT) {
        rc = hf_err_set(err, HF_EINVAL, "the parameters are no object");
    }
    return rc;
}

static bool name_fits(struct hf_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr("._:/-", c) != NULL))) {
            return false;
        }
    }
    return text.len > 0;
}

static void fill(struct hf_wrapper *w, const struct hf_plugin_call *call,
                 const struct hf_session *session, struct hf_policy_facts *facts)
{
    hf_facts_init(facts);
    facts->tenant = hf_str_c(w->tenant);
    facts->tool = call->tool;
    facts->channel =
        name_fits(call->channel) && call->channel.len <= 64 ? call->channel : HF_STR("none");
    facts->level = w->conf.level;
    facts->has_budget = w->budget.known;
    facts->budget = w->budget.stand.state;
    facts->requester = hf_requester_of(call, hf_str_c(w->conf.members));
    add_time(w, facts);
    add_rates(w, session, call->tool, facts);
    add_recent(session, facts);
    for (unsigned label = 0; label < HF_SESSION_LABELS; label++) {
        if ((session->taint & (1u << label)) != 0) {
            hf_facts_add_taint(facts, (enum hf_policy_facts_taint)label);
        }
    }
}

/* Folders that have a name in policies. */
#define ROOTS_MAX 6

struct places {
    struct hf_disk_resolver disk;
    struct hf_root roots[ROOTS_MAX];
    char paths[ROOTS_MAX][HF_PATH_MAX];
};

/* Where the folder leads now; empty when it is not known or cannot be looked at: then nothing is
 * below it. */
static struct hf_str add_place(struct places *p, struct hf_str name, const char *path)
{
    size_t i = p->disk.place_count;
    if (path == NULL || path[0] == '\0' ||
        hf_resolve_path(&p->disk, hf_str_c(path), p->paths[i], HF_PATH_MAX) != HF_OK) {
        return HF_STR("");
    }
    p->roots[i] = (struct hf_root){name, hf_str_c(p->paths[i])};
    p->disk.place_count++;
    return p->roots[i].path;
}

static void reduce(struct hf_wrapper *w, const struct hf_json *params, struct places *p,
                   struct hf_arena *arena, struct hf_policy_facts *facts)
{
    hf_disk_resolver_init(&p->disk, p->roots);
    struct hf_call call = {
        .params = params, .cwd = HF_STR("/"), .roots = p->roots, .resolver = &p->disk.resolver};
    struct hf_str workspace = add_place(p, HF_STR("workspace"), w->workspace);
    call.cwd = workspace.len > 0 ? workspace : call.cwd;
    call.home = add_place(p, HF_STR("home"), w->conf.home);
    (void)add_place(p, HF_STR("config"), w->conf.openclaw_config);
    (void)add_place(p, HF_STR("state"), w->conf.openclaw_state);
    (void)add_place(p, HF_STR("wrapper"), w->conf.openclaw_plugin);
    (void)add_place(p, HF_STR("tmp"), "/tmp");
    call.root_count = p->disk.place_count;
    hf_reduce(hf_policies_active(&w->policies), &call, arena, facts);
}

static void decide(struct hf_wrapper *w, const struct hf_policy_facts *facts,
                   struct hf_judgement *ret)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    struct hf_env *env = hf_loop_env(w->loop);
    struct hf_policy_verdict verdict;
    uint64_t began = hf_env_mono_ns(env);
    hf_policy_eval(policy, facts, &verdict);
    ret->took_us = (hf_env_mono_ns(env) - began) / 1000;
    copy_verdict(&verdict, ret);
    ret->policy_digest = *hf_policy_digest(policy);
    (void)snprintf(ret->policy, sizeof ret->policy, "%.*s", HF_STR_ARG(hf_policy_name(policy)));
    ret->wait_s = hf_policy_wait_s(policy);
    compare(w, facts, ret);
}

static enum hf_rc judge(struct hf_wrapper *w, const struct hf_plugin_call *call,
                        const struct hf_session *session, struct hf_policy_facts *facts,
                        struct hf_judgement *ret, struct hf_err *err)
{
    struct clean clean = {.text = hf_buf_init(4 * HF_PLUGIN_PARAMS_MAX)};
    struct hf_arena arena;
    bool secret = false;
    struct places *places = hf_heap_alloc(sizeof *places); /* not cleared, as they are many bytes */
    if (places == NULL) {
        (void)hf_err_set(err, HF_ENOMEM, "no memory for the call");
        return HF_ENOMEM;
    }
    hf_arena_init(&arena, HF_REDUCE_ARENA_MAX);
    enum hf_rc rc = clean_params(w, call->params, &clean, &secret, err);
    if (rc == HF_OK) {
        fill(w, call, session, facts);
        if (secret) {
            facts->secrets[facts->secrets_count++] = HF_STR("found");
        }
        reduce(w, hf_json_root(clean.doc), places, &arena, facts);
        rc = hf_facts_encode_cut(facts, ret->room, &ret->vector, err);
    }
    if (rc == HF_OK) {
        ret->classes = hf_facts_classes(facts);
        ret->labels = (uint8_t)hf_policy_result_taint(hf_policies_active(&w->policies), facts);
        decide(w, facts, ret);
        hash_action(w, call, hf_buf_bytes(&clean.text), ret);
    }
    hf_arena_fini(&arena);
    hf_heap_free(places);
    hf_json_free(clean.doc);
    hf_buf_free(&clean.text);
    return rc;
}

enum hf_rc hf_judge(struct hf_wrapper *w, const struct hf_plugin_call *call,
                    const struct hf_session *session, struct hf_judgement *ret, struct hf_err *err)
{
    *ret = (struct hf_judgement){.verdict = HF_VERDICT_FORBID};
    if (hf_policies_active(&w->policies) == NULL) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no policy");
    }
    if (w->tenant[0] == '\0') {
        return hf_err_set(err, HF_ENOTFOUND, "the tenant's agent does not answer");
    }
    if (!name_fits(call->tool)) {
        return hf_err_set(err, HF_EINVAL, "a tool of such a name cannot be written down");
    }
    struct hf_policy_facts *facts = hf_heap_alloc(sizeof *facts);
    ret->room = hf_heap_alloc(HF_FACTS_SIZE_MAX);
    enum hf_rc rc = facts == NULL || ret->room == NULL
                        ? hf_err_set(err, HF_ENOMEM, "no memory for the call")
                        : judge(w, call, session, facts, ret, err);
    hf_heap_free(facts);
    return rc;
}

bool hf_judgement_holds(const struct hf_wrapper *w, const struct hf_judgement *judgement)
{
    const struct hf_policy *policy = hf_policies_active(&w->policies);
    struct hf_policy_verdict again;
    if (policy == NULL || !hf_hash_eq(hf_policy_digest(policy), &judgement->policy_digest)) {
        return false;
    }
    hf_policy_decide(policy, judgement->vector, &again);
    return again.verdict == judgement->verdict && hf_str_eq(again.rule, hf_str_c(judgement->rule));
}

void hf_judgement_free(struct hf_judgement *judgement)
{
    hf_heap_free(judgement->room);
    judgement->room = NULL;
    judgement->vector = hf_bytes_of(NULL, 0);
}
