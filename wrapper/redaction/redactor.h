/* wrapper/redaction/redactor.h: the insides of a redactor, for this folder only. */
#ifndef HF_WRAPPER_REDACTION_REDACTOR_H
#define HF_WRAPPER_REDACTION_REDACTOR_H

#include <stdatomic.h>

#include "wrapper/redaction/anchors.h"
#include "wrapper/redaction/redaction.h"

struct hf_redactor {
    atomic_uint owners;
    struct hf_secret key; /* a struct hf_hmac_key */
    struct hf_known *known;
    size_t known_count;
    char *texts; /* names and kinds of all of known */
    struct hf_anchors anchors;
};

static inline const struct hf_hmac_key *hf_redactor_key(const struct hf_redactor *redactor)
{
    return (const struct hf_hmac_key *)(const void *)hf_secret_reveal(&redactor->key).ptr;
}

#endif
