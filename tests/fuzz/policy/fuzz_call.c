/* tests/fuzz/policy/fuzz_call.c: any call of any tool becomes a vector that encodes and gets a
 * verdict.
 *
 * The first line is the tool, the rest its parameters. */
#include "base/assert.h"
#include "tests/unit/policy/policies.h"
#include "wrapper/policy/reduce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hf_policy *policy;

static bool is_tool(struct hf_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return text.len > 0 && text.len <= 128;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hf_root roots[] = {{{"home", 4}, {"/home/agent", 11}},
                                           {{"workspace", 9}, {"/home/agent/workspace", 21}}};
    static uint8_t out[HF_FACTS_SIZE_MAX];
    const char *line = size == 0 ? NULL : memchr(data, '\n', size);
    size_t head = line == NULL ? size : (size_t)(line - (const char *)data);
    struct hf_str tool = hf_bytes_str(hf_bytes_of(data, head));
    struct hf_json_doc *doc = NULL;
    struct hf_policy_facts facts;
    struct hf_policy_verdict got;
    struct hf_bytes vector;
    struct hf_arena arena;
    struct hf_err err = {0};
    if (line == NULL || !is_tool(tool) ||
        hf_json_parse(hf_bytes_of(line + 1, size - head - 1), &doc, &err) != HF_OK) {
        return 0;
    }
    if (policy == NULL) {
        policy = policy_default();
    }
    hf_arena_init(&arena, HF_REDUCE_ARENA_MAX);
    hf_facts_init(&facts);
    facts.tenant = HF_STR("acme");
    facts.tool = tool;
    const struct hf_call call = {.params = hf_json_root(doc),
                                 .cwd = HF_STR("/home/agent/workspace"),
                                 .home = HF_STR("/home/agent"),
                                 .roots = roots,
                                 .root_count = HF_LEN(roots),
                                 .resolver = &hf_resolver_lexical};
    hf_reduce(policy, &call, &arena, &facts);
    HF_ASSERT(hf_facts_encode_cut(&facts, out, &vector, &err) == HF_OK);
    hf_policy_decide(policy, vector, &got);
    HF_ASSERT(!facts.incomplete || got.verdict == HF_VERDICT_FORBID);
    for (size_t i = 0; i < facts.paths_count; i++) {
        HF_ASSERT(facts.paths[i].path.ptr[0] == '/' || facts.paths[i].path.ptr[0] == '$');
    }
    hf_arena_fini(&arena);
    hf_json_free(doc);
    return 0;
}
