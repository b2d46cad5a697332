/* wrapper/redaction/candidate.h: a place where an anchor was found, until it is decided.
 *
 * Deciding is a function of the text alone: what stands before (16 bytes of it) and what comes
 * after. So it does not matter in which pieces the text came. Pure; any thread.
 */
#ifndef HF_WRAPPER_REDACTION_CANDIDATE_H
#define HF_WRAPPER_REDACTION_CANDIDATE_H

#include "wrapper/redaction/redactor.h"

struct hf_candidate {
    uint64_t at;       /* position in the text where the anchor begins */
    uint32_t anchor;   /* index */
    struct hf_run run; /* of a shape: how far it was followed */
};

/* What a candidate turned out to be. */
struct hf_verdict {
    enum hf_match match;
    enum hf_redaction_layer layer;
    size_t len;     /* of the match */
    size_t keep;    /* bytes at its front that stay */
    uint32_t which; /* registered secret, or shape */
};

/* bytes begin at the candidate, before ends there. ret->match HF_MATCH_MORE: ask again when there
 * are more bytes, or none will come (final). */
void hf_candidate_decide(const struct hf_redactor *redactor, struct hf_candidate *io_candidate,
                         struct hf_bytes before, struct hf_bytes bytes, bool final,
                         struct hf_verdict *ret);

#endif
