/* tests/fuzz/tlog/keys.h: two fixed signing keys for the fuzz targets of this folder.
 *
 * The signer signs what a target makes; the stranger never signs anything, so that whatever
 * verifies under it is a forgery.
 */
#ifndef HF_TESTS_FUZZ_TLOG_KEYS_H
#define HF_TESTS_FUZZ_TLOG_KEYS_H

#include "log/tlog/note.h"

struct fuzz_keys {
    struct hf_signing_key *signer;
    struct hf_signing_key *stranger;
};

/* Made at the first call, kept until the process ends. One thread. */
const struct fuzz_keys *fuzz_keys(void);

/* A verifier key that claims the name, type and id given but holds the public half of key. */
struct hf_vkey fuzz_claim(struct hf_str name, enum hf_key_type type, uint32_t id,
                          const struct hf_signing_key *key);

#endif
