/* wrapper/redaction/literals.h: spellings of registered secrets, in the order of their bytes. */
#ifndef HF_WRAPPER_REDACTION_LITERALS_H
#define HF_WRAPPER_REDACTION_LITERALS_H

#include "base/secret.h"
#include "wrapper/redaction/placeholder.h"

struct hf_known {
    struct hf_str name;
    struct hf_str kind;
    struct hf_secret value;
    struct hf_placeholder placeholder;
};

/* One spelling of a registered secret. */
struct hf_literal {
    struct hf_bytes bytes;
    uint32_t known; /* index */
};

struct hf_literals {
    struct hf_literal *items; /* no two the same; one that two secrets have is the first one's */
    size_t count;
    struct hf_secret pool; /* private: their bytes */
};

/* known: borrowed while it runs. HF_ENOMEM; what was built is freed by hf_literals_free. */
enum hf_rc hf_literals_gather(const struct hf_known *known, size_t known_count,
                              struct hf_literals *literals);
void hf_literals_free(struct hf_literals *literals);

#endif
