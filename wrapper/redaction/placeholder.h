/* wrapper/redaction/placeholder.h: what stands in a text where a secret stood.
 *
 * HFX_<kind>_<13 characters><1 character>: 65 bits of HMAC-SHA-256(key, kind || 0 || value) in
 * Crockford's base32, and a check over kind and characters in GF(32) that finds every wrong
 * character and every two that changed places. Pure; any thread.
 */
#ifndef HF_WRAPPER_REDACTION_PLACEHOLDER_H
#define HF_WRAPPER_REDACTION_PLACEHOLDER_H

#include "base/crypto.h"
#include "wrapper/redaction/redaction.h"

struct hf_placeholder {
    uint8_t len;
    char text[HF_PLACEHOLDER_MAX];
};

static inline struct hf_str hf_placeholder_str(const struct hf_placeholder *placeholder)
{
    return (struct hf_str){placeholder->text, placeholder->len};
}

/* [a-z0-9]{1,16} */
bool hf_placeholder_kind_valid(struct hf_str kind);

/* kind must be valid. */
void hf_placeholder_make(const struct hf_hmac_key *key, struct hf_str kind, struct hf_bytes value,
                         struct hf_placeholder *ret);

/* True when text begins with a well-formed placeholder, its check included; letters of any case, as
 * models change it. *ret gets it as hf_placeholder_make writes it. */
bool hf_placeholder_parse(struct hf_str text, struct hf_placeholder *ret);

#endif
