/* tests/unit/commands/fold.h: an event as a fold sees it, made of its struct. */
#ifndef HF_TESTS_UNIT_COMMANDS_FOLD_H
#define HF_TESTS_UNIT_COMMANDS_FOLD_H

#include "schemas/envelope.h"
#include "schemas/event.h"
#include "schemas/events_gen.h"

#define NOW    INT64_C(1767225600000000)
#define MINUTE INT64_C(60000000)

struct made {
    uint8_t bytes[4096];
    struct hf_envelope envelope;
};

/* Encodes *event, a struct of this type, as version `version` of its stream; fails the test when
 * its schema does not take it. Returns made->envelope. */
const struct hf_envelope *make_event(struct made *made, const char *type, const void *event,
                                     uint64_t version, int64_t occurred_us);

#endif
