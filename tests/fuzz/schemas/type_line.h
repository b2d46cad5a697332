/* tests/fuzz/schemas/type_line.h: inputs that begin with the event type that they are for. */
#ifndef HF_TESTS_FUZZ_SCHEMAS_TYPE_LINE_H
#define HF_TESTS_FUZZ_SCHEMAS_TYPE_LINE_H

#include "schemas/event.h"

/* Reads the line "TYPE VERSION"; *ret_rest is what comes behind it. NULL when there is no such line
 * or type: names, not numbers, so that seeds stay what they are when types are added. */
const struct hf_event_type *fuzz_type_line(struct hf_bytes input, struct hf_bytes *ret_rest);

#endif
