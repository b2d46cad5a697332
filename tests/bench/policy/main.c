/* tests/bench/policy/main.c: a policy's verdict against SHA-256 of the same vector, by number of
 * rules.
 *
 * The rules of a policy of N: nine in ten name tools of their own, as those for many services do,
 * the rest are
 * about classes and hold for every call. The vector is a command line with paths and hosts, as
 * encoded by
 * hf_facts_encode. Each figure is the best of interleaved rounds in one run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/env.h"
#include "base/heap.h"
#include "log/event/codec.h"
#include "schemas/envelope.h"
#include "schemas/events_gen.h"
#include "tests/harness/log_world.h"
#include "wrapper/policy/policy.h"
#include "wrapper/policy/text.h"

enum {
    ROUNDS = 9,
    CALLS = 20000,
    GROUP = 1024,
    EVENT_MAX = 4096
};

static void must(enum hf_rc rc, const struct hf_err *err, const char *what)
{
    if (rc != HF_OK) {
        (void)fprintf(stderr, "bench: %s: %s\n", what, err->text);
        abort();
    }
}

/* A tenth of the rules are about classes; at most 50 of these, which a person can still oversee. */
static struct hf_policy *make_policy(unsigned count, struct hf_buf *ret_text)
{
    static struct hf_policy_faults faults;
    struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_policy *policy = NULL;
    struct hf_err err = {0};
    unsigned general = count / 10 < 50 ? count / 10 : 50;
    hf_buf_str(ret_text, HF_STR("policy bench version 1\nlevel L4\n"));
    hf_buf_str(ret_text, HF_STR("list hosts\n  *.example.org a.test b.test\n"));
    for (unsigned i = 0; i < count; i++) {
        hf_buf_printf(ret_text, "rule r%u\n  %s\n  reason \"R.\"\n  asi ASI02\n", i,
                      i % 7 == 0 ? "ask" : "permit");
        if (i < general) {
            static const char *const classes[] = {"read", "write", "execute", "communicate"};
            hf_buf_printf(ret_text, "  classes %s\n", classes[i % 4]);
        } else {
            hf_buf_printf(ret_text, "  tools service%u_*\n", i / 3);
        }
        hf_buf_printf(ret_text, "  when only path in $workspace/** /data/%u/**\n", i);
        hf_buf_str(ret_text, i % 3 == 0 ? HF_STR("  unless taint untrusted\n")
                                        : HF_STR("  when any host in @hosts\n"));
    }
    hf_buf_str(ret_text,
               HF_STR("rule z\n  permit\n  classes execute\n  reason \"R.\"\n  asi ASI05\n"));
    must(hf_policy_compile(hf_bytes_str(hf_buf_bytes(ret_text)), &bundle, &faults, &err), &err,
         "compile");
    must(hf_policy_load(hf_buf_bytes(&bundle), &policy, &err), &err, "load");
    hf_buf_free(&bundle);
    return policy;
}

static void make_facts(struct hf_policy_facts *ret)
{
    static const char *const words[] = {"curl", "-s", "https://w.example.org/x", "notes.md"};
    hf_facts_init(ret);
    ret->tenant = HF_STR("acme");
    ret->tool = HF_STR("exec");
    ret->level = 5;
    hf_facts_add_classes(ret,
                         HF_CLASS_BIT(EXECUTE) | HF_CLASS_BIT(READ) | HF_CLASS_BIT(COMMUNICATE));
    for (size_t i = 0; i < 3; i++) {
        ret->paths[ret->paths_count].access = HF_POLICY_FACTS_PATHS_ACCESS_READ;
        ret->paths[ret->paths_count++].path = HF_STR("$workspace/project/notes/today.md");
    }
    ret->hosts_count = 1;
    ret->hosts[0] = HF_STR("w.example.org");
    ret->commands_count = 1;
    ret->commands[0].program = hf_str_c(words[0]);
    for (size_t i = 1; i < HF_LEN(words); i++) {
        ret->commands[0].args[ret->commands[0].args_count++] = hf_str_c(words[i]);
    }
    for (unsigned of = 0; of < HF_POLICY_FACTS_RATES_OF_COUNT; of++) {
        ret->rates[ret->rates_count++] = (struct hf_policy_facts_rates){
            3, (enum hf_policy_facts_rates_of)of, HF_POLICY_FACTS_RATES_WINDOW_HOUR};
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

enum measure {
    EVALUATE, /* facts that are decoded already */
    DECIDE,   /* bytes: decoded and evaluated */
    HASH,
    MEASURES
};

static double one_us(struct hf_env *env, enum measure what, const struct hf_policy *policy,
                     const struct hf_policy_facts *facts, struct hf_bytes vector)
{
    static volatile unsigned sink;
    struct hf_policy_verdict got;
    struct hf_hash hash;
    uint64_t began = hf_env_mono_ns(env);
    for (unsigned i = 0; i < CALLS; i++) {
        if (what == EVALUATE) {
            hf_policy_eval(policy, facts, &got);
            sink = sink + (unsigned)got.verdict;
        } else if (what == DECIDE) {
            hf_policy_decide(policy, vector, &got);
            sink = sink + (unsigned)got.verdict;
        } else {
            hf_sha256(vector, &hash);
            sink = sink + hash.b[0];
        }
    }
    return (double)(hf_env_mono_ns(env) - began) / 1e3 / CALLS;
}

static void curve(struct hf_env *env)
{
    static const unsigned sizes[] = {50, 500, 5000};
    static uint8_t bytes[HF_FACTS_SIZE_MAX];
    struct hf_policy_facts facts;
    struct hf_bytes vector;
    struct hf_err err = {0};
    make_facts(&facts);
    must(hf_facts_encode(&facts, bytes, &vector, &err), &err, "vector");
    (void)printf("%8s %14s %14s %14s %18s %18s\n", "rules", "evaluate us", "decide us",
                 "SHA-256 us", "evaluate/SHA-256", "decide/SHA-256");
    for (size_t s = 0; s < HF_LEN(sizes); s++) {
        struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
        struct hf_policy *policy = make_policy(sizes[s], &text);
        double us[MEASURES][ROUNDS];
        for (unsigned round = 0; round < ROUNDS; round++) {
            for (unsigned m = 0; m < MEASURES; m++) {
                us[m][round] = one_us(env, (enum measure)m, policy, &facts, vector);
            }
        }
        for (unsigned m = 0; m < MEASURES; m++) {
            qsort(us[m], ROUNDS, sizeof us[m][0], by_value);
        }
        double hash = us[HASH][0];
        (void)printf("%8u %14.2f %14.2f %14.2f %18.2f %18.2f\n", sizes[s], us[EVALUATE][0],
                     us[DECIDE][0], hash, us[EVALUATE][0] / hash, us[DECIDE][0] / hash);
        hf_policy_free(policy);
        hf_buf_free(&text);
    }
    (void)printf("(the vector has %zu bytes)\n", vector.len);
}

/* A tenant's log of so many decisions by the default policy, for holdfast policy simulate. */
struct filler {
    struct hf_log_world world;
    struct hf_submission items[GROUP];
    uint8_t bytes[GROUP][EVENT_MAX];
    uint8_t payload[EVENT_MAX];
    size_t count;
    uint64_t sequence;
};

static void flush(struct filler *f)
{
    struct hf_append append = {.items = f->items,
                               .item_count = f->count,
                               .wait = HF_WAIT_DURABLE,
                               .done = hf_log_world_answered};
    hf_append_submit(hf_log_writer_appender(f->world.writer), &append);
    hf_loop_run(f->world.loop);
    must(append.rc, &append.err, "append");
    f->count = 0;
}

static void add(struct filler *f, const struct hf_event_call_decided *event)
{
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(f->payload, sizeof f->payload);
    must(hf_event_call_decided_check(event, &err), &err, "event");
    hf_event_call_decided_encode(event, &w);
    struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_CALL_DECIDED_NAME),
                                   .schema_version = HF_EVENT_CALL_DECIDED_VERSION,
                                   .producer = HF_STR("bench"),
                                   .sequence = ++f->sequence,
                                   .stream = HF_STR("calls/acme"),
                                   .occurred_us = INT64_C(1790000000000000),
                                   .payload = hf_writer_done(&w)};
    struct hf_writer out = hf_writer_init(f->bytes[f->count], EVENT_MAX);
    must(hf_envelope_write_submission(&envelope, &out, &err), &err, "submission");
    f->items[f->count] = (struct hf_submission){.bytes = hf_writer_done(&out)};
    if (++f->count == GROUP) {
        flush(f);
    }
}

static void fill(const char *dir, uint64_t calls)
{
    struct filler *f = hf_heap_zalloc(1, sizeof *f);
    struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
    struct hf_policy *policy = make_policy(500, &text);
    static uint8_t bytes[HF_FACTS_SIZE_MAX];
    struct hf_policy_facts facts;
    struct hf_policy_verdict got;
    struct hf_err err = {0};
    HF_ASSERT(f != NULL);
    (void)snprintf(f->world.path, sizeof f->world.path, "%s/calls", dir);
    must(hf_log_world_init(&f->world, "events"), &f->world.err, "log");
    must(hf_log_world_open(&f->world, HF_PLACE_CREATE), &f->world.err, "log");
    make_facts(&facts);
    for (uint64_t i = 0; i < calls; i++) {
        struct hf_bytes vector;
        facts.minute = i % 1440;
        must(hf_facts_encode(&facts, bytes, &vector, &err), &err, "vector");
        hf_policy_decide(policy, vector, &got);
        const struct hf_event_call_decided event = {
            .tenant = HF_STR("acme"),
            .session = HF_STR("agent:main"),
            .call = HF_STR("call_1"),
            .tool = facts.tool,
            .vector = vector,
            .action = hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE),
            .policy = HF_STR("bench"),
            .policy_digest = hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE),
            .rule = got.rule,
            .asi = (enum hf_event_call_decided_asi)got.asi,
            .verdict = (enum hf_event_call_decided_verdict)got.verdict,
            .outcome = HF_EVENT_CALL_DECIDED_OUTCOME_ALLOWED,
            .latency = 3};
        add(f, &event);
    }
    if (f->count > 0) {
        flush(f);
    }
    char path[600];
    (void)snprintf(path, sizeof path, "%s/bench.policy", dir);
    FILE *file = fopen(path, "w");
    HF_ASSERT(file != NULL && fwrite(text.ptr, 1, text.len, file) == text.len);
    (void)fclose(file);
    hf_log_world_fini(&f->world);
    hf_policy_free(policy);
    hf_buf_free(&text);
    hf_heap_free(f);
}

int main(int argc, char **argv)
{
    struct hf_err err = {0};
    must(hf_crypto_init(&err), &err, "crypto");
    if (argc == 4 && strcmp(argv[1], "fill") == 0) {
        fill(argv[2], strtoull(argv[3], NULL, 10));
        return 0;
    }
    struct hf_env *env = hf_env_os();
    curve(env);
    return 0;
}
