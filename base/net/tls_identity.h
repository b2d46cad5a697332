/* base/net/tls_identity.h: the identity of a TLS server that nobody vouches for but itself.
 *
 * Whoever talks to it pins its key (base/net/tls.h). Pure but for OpenSSL's randomness; any thread.
 */
#ifndef HF_BASE_NET_TLS_IDENTITY_H
#define HF_BASE_NET_TLS_IDENTITY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"

/* A fresh P-256 key and a self-signed certificate for `name` (a host name or numeric address) and
 * localhost, good for ten years from now_us. PEM texts: certificate appended to ret_certificate,
 * the key given. */
enum hf_rc hf_tls_identity_make(const char *name, int64_t now_us, struct hf_buf *ret_certificate,
                                struct hf_secret *ret_key, struct hf_err *err);

#endif
