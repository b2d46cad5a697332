/* tests/unit/policy/policies.h: policies made of text, and random ones, for tests of this folder.
 * */
#ifndef HF_TESTS_UNIT_POLICY_POLICIES_H
#define HF_TESTS_UNIT_POLICY_POLICIES_H

#include "base/buf.h"
#include "base/env.h"
#include "wrapper/policy/policy.h"

/* Compiles and loads; stops the program with the mistake when there is one. */
struct hf_policy *policy_of(const char *text);
/* The default bundle's text, from the sources. */
struct hf_policy *policy_default(void);

/* A number below `below`, from the stream of a seed. */
unsigned draw(uint64_t *io_seed, unsigned below);
/* Appends rule number `number` as a block of text, of a small world of tools, hosts and paths. */
void draw_rule(uint64_t *io_seed, unsigned number, struct hf_buf *out);
/* A vector of the same world; complete, so that rules can be evaluated on it. */
void draw_facts(uint64_t *io_seed, struct hf_policy_facts *ret);

#endif
