/* base/net/certificate.h: a TLS certificate with its chain and its key, as authorities and ACME
 * clients leave them in PEM files (OpenSSL 3).
 *
 * Never changes once it is read. Threads: one at a time.
 */
#ifndef HF_BASE_NET_CERTIFICATE_H
#define HF_BASE_NET_CERTIFICATE_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/secret.h"

#define HF_CERTIFICATE_CHAIN_MAX 10 /* public authorities' have two to four */

struct hf_certificate;
struct ssl_ctx_st; /* OpenSSL's SSL_CTX and SSL: for base/net/tls.c */
struct ssl_st;
struct x509_st; /* X509 */

/* chain: PEM, the server's own certificate and then, if it has any, those of the authorities above
 * it. key: PEM, without a passphrase. HF_EINVAL: one of them is no such text. HF_EMISMATCH: the key
 * is not the first certificate's. Gives *ret_certificate. */
enum hf_rc hf_certificate_read(struct hf_bytes chain, const struct hf_secret *key,
                               struct hf_certificate **ret_certificate, struct hf_err *err);
/* NULL is fine. */
void hf_certificate_free(struct hf_certificate *certificate);

/* Would a browser that trusts the authority take it for this host name or numeric address, at the
 * right time? HF_EINVAL says why not: it is an authority's own, it is not for servers, each of the
 * chain did not sign the one before it, it does not have the name. */
enum hf_rc hf_certificate_check(const struct hf_certificate *certificate, const char *host,
                                struct hf_err *err);
/* Is the host name among its names (subjectAltName; a wildcard stands for one label)? */
bool hf_certificate_covers(const struct hf_certificate *certificate, const char *host);
/* In how many certificates it came. */
unsigned hf_certificate_count(const struct hf_certificate *certificate);
/* All of the chain is good from the one to the other. */
int64_t hf_certificate_from_us(const struct hf_certificate *certificate);
int64_t hf_certificate_until_us(const struct hf_certificate *certificate);
/* SHA-256 over the SubjectPublicKeyInfo. */
void hf_certificate_pin(const struct hf_certificate *certificate, struct hf_hash *ret_pin);
/* The same of one that OpenSSL holds; false: there is no memory. */
bool hf_certificate_pin_of(const struct x509_st *one, struct hf_hash *ret_pin);

/* Makes it the only one that these servers show; what they need of it they keep. HF_EINVAL:
 * OpenSSL's rules refuse it, for a key that is too short or an old digest. */
enum hf_rc hf_certificate_use_always(const struct hf_certificate *certificate,
                                     struct ssl_ctx_st *context, struct hf_err *err);
/* The same for one connection whose handshake goes on; false: there is no memory. */
bool hf_certificate_use_once(const struct hf_certificate *certificate, struct ssl_st *ssl);

#endif
