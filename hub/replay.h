/* hub/replay.h: a command that is sent again with the same Idempotency-Key. */
#ifndef HF_HUB_REPLAY_H
#define HF_HUB_REPLAY_H

#include "hub/call.h"

/* Looks at the call's Idempotency-Key, if it is a principal's command and has one. True: it is to
 * be carried out; its event will carry the key (hf_call_post). Else it is answered: as the first
 * time, with the thing as it is now and without what was shown once; or with why not. */
bool hf_call_is_new(struct hf_hub_call *call);

#endif
