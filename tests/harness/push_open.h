/* tests/harness/push_open.h: the other end of web push: opens messages as a browser does.
 *
 * Written from RFC 8188 and RFC 8291, apart from base/web_push.c but for the derivation of keys,
 * which the RFC's own example holds still.
 */
#ifndef HF_TESTS_HARNESS_PUSH_OPEN_H
#define HF_TESTS_HARNESS_PUSH_OPEN_H

#include "base/web_push.h"

/* Appends the text of a message of one record. HF_EINVAL: it is none. HF_EBADSIG: it is not for
 * this key and auth, or was altered. */
enum hf_rc hf_push_open(const struct hf_p256_key *key, struct hf_bytes auth,
                        struct hf_bytes message, struct hf_buf *plain);

#endif
