/* hub/takers.h: who waits for messages to bring (the role notifications), and is woken when there
 * are some. Threads: the loop's. */
#ifndef HF_HUB_TAKERS_H
#define HF_HUB_TAKERS_H

#include "base/queue.h"

struct hf_hub;

struct hf_hub_takers {
    struct hf_queue waiting;
};

void hf_hub_takers_init(struct hf_hub_takers *takers);
/* There is something to take, or the Hub closes. */
void hf_hub_takers_wake(struct hf_hub_takers *takers);

#endif
