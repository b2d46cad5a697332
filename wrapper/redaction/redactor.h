/* wrapper/redaction/redactor.h: the insides of a redactor, for this folder only. */
#ifndef HF_WRAPPER_REDACTION_REDACTOR_H
#define HF_WRAPPER_REDACTION_REDACTOR_H

#include <stdatomic.h>

#include "wrapper/redaction/anchors.h"
#include "wrapper/redaction/redaction.h"

struct hf_redactor {
    atomic_uint owners;
    struct hf_secret key;
    struct hf_known *known;
    size_t known_count;
    char *texts; /* names and kinds of all of known */
    struct hf_anchors anchors;
};

#endif
