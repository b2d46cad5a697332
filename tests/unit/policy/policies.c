/* tests/unit/policy/policies.c: policies made of text, and random ones. */
#include "tests/unit/policy/policies.h"

#include <stdio.h>

#include "base/file.h"
#include "tests/harness/test.h"
#include "wrapper/policy/text.h"

static struct hf_policy *load(struct hf_str text)
{
    static struct hf_policy_faults faults;
    struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_policy *policy = NULL;
    struct hf_err err = {0};
    if (hf_policy_compile(text, &bundle, &faults, &err) != HF_OK ||
        hf_policy_load(hf_buf_bytes(&bundle), &policy, &err) != HF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        HF_ASSERT(policy != NULL);
    }
    hf_buf_free(&bundle);
    return policy;
}

struct hf_policy *policy_of(const char *text)
{
    return load(hf_str_c(text));
}

struct hf_policy *policy_default(void)
{
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_err err = {0};
    HF_ASSERT(hf_file_read(hf_test_source("../packaging/policy/default.policy"), &text, &err) ==
              HF_OK);
    struct hf_policy *policy = load(hf_bytes_str(hf_buf_bytes(&text)));
    hf_buf_free(&text);
    return policy;
}

unsigned draw(uint64_t *io_seed, unsigned below)
{
    /* xorshift64*, of Vigna 2016 */
    *io_seed ^= *io_seed >> 12;
    *io_seed ^= *io_seed << 25;
    *io_seed ^= *io_seed >> 27;
    return (unsigned)((*io_seed * UINT64_C(2685821657736338717)) >> 33) % below;
}

static const char *const tools[] = {"read", "write", "exec", "mcp_a", "mcp_b", "mcp_bc"};
static const char *const tool_names[] = {"read", "write", "exec", "mcp_*", "mcp_b*", "*"};
static const char *const conditions[] = {
    "when any path in $workspace/** /etc/*",
    "when only path in $workspace/**",
    "when no write path in /etc/**",
    "when any host in *.example.org a.test",
    "unless all host in @private",
    "when any command in git \"rm * -rf\"",
    "when opaque",
    "unless opaque syntax variable",
    "when param action in set get",
    "when amount over 10 EUR",
    "when amount at most 10 EUR",
    "when time 08:00 to 18:00",
    "when day sat sun",
    "when rate all hour over 5",
    "when rate pay day over 5",
    "when requester owner member",
    "when channel t*",
    "when taint untrusted",
    "when budget exhausted warn",
    "when after untrusted within 4",
    "when after class read communicate within 2",
    "when class write pay",
    "when rule-of-two",
    "when unlisted",
    "when secret",
};

void draw_rule(uint64_t *io_seed, unsigned number, struct hf_buf *out)
{
    static const char *const effects[] = {"forbid", "ask", "permit", "permit"};
    hf_buf_printf(out, "rule r%u\n  %s\n  reason \"Because.\"\n  asi ASI0%u\n", number,
                  effects[draw(io_seed, 4)], 1 + draw(io_seed, 9));
    if (draw(io_seed, 3) > 0) {
        hf_buf_str(out, HF_STR("  tools"));
        for (unsigned i = 0; i <= draw(io_seed, 3); i++) {
            hf_buf_printf(out, " %s", tool_names[draw(io_seed, HF_LEN(tool_names))]);
        }
        hf_buf_str(out, HF_STR("\n"));
    }
    if (draw(io_seed, 2) > 0) {
        hf_buf_str(out, HF_STR("  classes"));
        for (unsigned i = 0; i <= draw(io_seed, 3); i++) {
            struct hf_str name = hf_policy_facts_classes_name(
                (enum hf_policy_facts_classes)draw(io_seed, HF_POLICY_FACTS_CLASSES_COUNT));
            hf_buf_printf(out, " %.*s", HF_STR_ARG(name));
        }
        hf_buf_str(out, HF_STR("\n"));
    }
    if (draw(io_seed, 4) == 0) {
        hf_buf_printf(out, "  levels L%u L%u\n", 1 + draw(io_seed, 5), 1 + draw(io_seed, 5));
    }
    for (unsigned i = draw(io_seed, 3); i > 0; i--) {
        hf_buf_printf(out, "  %s\n", conditions[draw(io_seed, HF_LEN(conditions))]);
    }
}

static struct hf_str pick(uint64_t *io_seed, const char *const *list, size_t count)
{
    return hf_str_c(list[draw(io_seed, (unsigned)count)]);
}

static void draw_call(uint64_t *io_seed, struct hf_policy_facts *ret)
{
    static const char *const paths[] = {"$workspace/a", "/etc/passwd", "/etc/a/b", "$workspace"};
    static const char *const hosts[] = {"a.test", "x.example.org", "10.0.0.1", "evil.test"};
    static const char *const programs[] = {"git", "rm", "ls"};
    static const char *const args[] = {"-rf", "push", "x"};
    for (unsigned i = draw(io_seed, 3); i > 0; i--) {
        ret->paths[ret->paths_count].access = (enum hf_policy_facts_paths_access)draw(io_seed, 5);
        ret->paths[ret->paths_count++].path = pick(io_seed, paths, HF_LEN(paths));
    }
    for (unsigned i = draw(io_seed, 3); i > 0; i--) {
        ret->hosts[ret->hosts_count++] = pick(io_seed, hosts, HF_LEN(hosts));
    }
    for (unsigned i = draw(io_seed, 3); i > 0; i--) {
        struct hf_policy_facts_commands *c = &ret->commands[ret->commands_count++];
        c->program = pick(io_seed, programs, HF_LEN(programs));
        c->listed = draw(io_seed, 2) > 0;
        for (unsigned k = draw(io_seed, 3); k > 0; k--) {
            c->args[c->args_count++] = pick(io_seed, args, HF_LEN(args));
        }
    }
    if (draw(io_seed, 3) == 0) {
        hf_facts_add_opaque(
            ret, (enum hf_policy_facts_opaque)draw(io_seed, HF_POLICY_FACTS_OPAQUE_COUNT));
    }
    if (draw(io_seed, 3) == 0) {
        ret->amounts_count = 1;
        ret->amounts[0].currency = draw(io_seed, 4) > 0 ? HF_STR("EUR") : HF_STR("USD");
        ret->amounts[0].micros = draw(io_seed, 20) * UINT64_C(1000000);
    }
    if (draw(io_seed, 3) == 0) {
        ret->params_count = 1;
        ret->params[0].name = HF_STR("action");
        ret->params[0].value = draw(io_seed, 2) > 0 ? HF_STR("set") : HF_STR("list");
    }
}

void draw_facts(uint64_t *io_seed, struct hf_policy_facts *ret)
{
    hf_facts_init(ret);
    ret->tenant = HF_STR("acme");
    ret->tool = pick(io_seed, tools, HF_LEN(tools));
    ret->level = 1 + draw(io_seed, 5);
    ret->minute = draw(io_seed, 1440);
    ret->weekday = (enum hf_policy_facts_weekday)draw(io_seed, 7);
    ret->requester = (enum hf_policy_facts_requester)draw(io_seed, 6);
    ret->channel = draw(io_seed, 2) > 0 ? HF_STR("telegram") : HF_STR("webchat");
    unsigned few = draw(io_seed, 256);
    few &= draw(io_seed, 256);
    hf_facts_add_classes(ret, (hf_class_set)few);
    draw_call(io_seed, ret);
    if (draw(io_seed, 8) > 0) {
        ret->has_budget = true;
        ret->budget = (enum hf_policy_facts_budget)draw(io_seed, 4);
        ret->rates_count = 1;
        ret->rates[0] = (struct hf_policy_facts_rates){
            draw(io_seed, 10), HF_POLICY_FACTS_RATES_OF_ALL, HF_POLICY_FACTS_RATES_WINDOW_HOUR};
    }
    for (unsigned i = draw(io_seed, 3); i > 0; i--) {
        struct hf_policy_facts_recent *call = &ret->recent[ret->recent_count++];
        call->tool = pick(io_seed, tools, HF_LEN(tools));
        call->untrusted = draw(io_seed, 2) > 0;
        call->classes_count = 1;
        call->classes[0] = (enum hf_policy_facts_recent_classes)draw(io_seed, 8);
        call->verdict = (enum hf_policy_facts_recent_verdict)draw(io_seed, 3);
    }
    for (unsigned i = 0; i < HF_POLICY_FACTS_TAINT_COUNT; i++) {
        if (draw(io_seed, 3) == 0) {
            hf_facts_add_taint(ret, (enum hf_policy_facts_taint)i);
        }
    }
}
