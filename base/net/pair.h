/* base/net/pair.h: two streams in memory, joined; for simulations, on any loop.
 *
 * What one side writes arrives at the other after delay_ns, in order, while that side reads; what
 * it does not read yet counts as queued on the writer's side, so that back-pressure is seen.
 */
#ifndef HF_BASE_NET_PAIR_H
#define HF_BASE_NET_PAIR_H

#include "base/net/stream.h"

/* Gives both. HF_ENOMEM. */
enum hf_rc hf_pair_new(struct hf_loop *loop, uint64_t delay_ns, struct hf_stream **ret_a,
                       struct hf_stream **ret_b);

#endif
