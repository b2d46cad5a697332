/* wrapper/policy/reduce.h: a tool call as facts, by the classification in a policy bundle.
 *
 * The caller fills what it knows of the moment into the facts (tenant, tool, time, counters,
 * requester, channel, taint, level, budget, recent calls, secrets); hf_reduce adds what the call
 * itself does: classes, paths, hosts, commands, amounts, values, and what is not understood about
 * it. Parameters that the policy does not classify are named in `strange`; a tool that it does not
 * know has no classes.
 *
 * Paths are resolved by the caller's resolver, because only who is on the machine can follow
 * symbolic links; hf_resolver_lexical does it by the text alone, for tests and golden vectors. A
 * file may change between the decision and its use: what is decided on is what was resolved.
 * Pure but for the resolver; any thread.
 */
#ifndef HF_WRAPPER_POLICY_REDUCE_H
#define HF_WRAPPER_POLICY_REDUCE_H

#include "base/arena.h"
#include "base/json_in.h"
#include "wrapper/policy/policy.h"

/* Memory that one reduction may take, for hf_arena_init. */
#define HF_REDUCE_ARENA_MAX (4u << 20)

struct hf_resolver {
    /* path: absolute, may hold ".", ".." and symbolic links. Writes where it leads, absolute and
     * without
     * any of these; of what does not exist, as far as it exists and the rest by text. *ret_moved:
     * a link
     * or a ".." was followed. Failure makes the call incomplete. */
    enum hf_rc (*resolve)(void *arg, struct hf_str path, struct hf_writer *out, bool *ret_moved);
    /* path: absolute, some of its parts with "*", "?" or "[" as a shell takes them; found gets each
     * path that is there, links not followed. NULL: nobody looks. HF_ETOOBIG: there is too much to
     * look at. Any other failure makes the call incomplete. */
    enum hf_rc (*expand)(void *arg, struct hf_str path,
                         void (*found)(void *found_arg, struct hf_str path), void *found_arg);
    void *arg;
};

/* By text alone. */
extern const struct hf_resolver hf_resolver_lexical;

/* A folder with a name: a path below it is written as $name/rest. The innermost root counts. */
struct hf_root {
    struct hf_str name; /* "workspace" */
    struct hf_str path; /* absolute, resolved */
};

struct hf_call {
    const struct hf_json *params; /* an object; NULL when there are none */
    struct hf_str cwd;            /* absolute: where relative paths begin */
    struct hf_str home;           /* absolute: what ~ stands for; empty if there is none */
    const struct hf_root *roots;
    size_t root_count;
    const struct hf_resolver *resolver;
};

/* io_facts->tool is set, and whatever else is not about the call. Text in the facts borrows from
 * the parameters and the arena. Never fails: what cannot be held sets `incomplete`; the whole may
 * still be longer than a vector, so hf_facts_encode_cut makes the bytes. */
void hf_reduce(const struct hf_policy *policy, const struct hf_call *call, struct hf_arena *arena,
               struct hf_policy_facts *io_facts);

/* What a session has seen once the call ran: the labels of the tool's results, content from outside
 * when it communicates, credentials when it touches them. Adds them to the session's taint; bit N
 * for enum hf_policy_facts_taint N. */
unsigned hf_policy_result_taint(const struct hf_policy *policy,
                                const struct hf_policy_facts *facts);

#endif
