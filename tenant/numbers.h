/* tenant/numbers.h: numbers that only grow, for what is told apart by them: signs of life, and
 * events that the agent writes of itself.
 *
 * They come from the clock, so that those of a server that was put back in time are new. But clocks
 * are set back, and programs restarted: so a number beyond those that may be in use is kept in the
 * file "numbers" of the agent's folder (decimal, newline), written anew every minute and when
 * the agent ends. Without the file, or when it cannot be written, the clock alone counts.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_NUMBERS_H
#define HF_TENANT_NUMBERS_H

#include <stdint.h>

struct hf_agent;

struct hf_agent_numbers {
    uint64_t last; /* given out */
    uint64_t kept; /* none above it was given out before it was written */
};

void hf_agent_numbers_load(struct hf_agent *agent);
/* The next one: larger than all before, and not below the clock's microseconds. */
uint64_t hf_agent_number(struct hf_agent *agent);
/* The agent ends in order: what was given out is written as it is. */
void hf_agent_numbers_end(struct hf_agent *agent);

#endif
