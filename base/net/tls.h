/* base/net/tls.h: TLS 1.2 and 1.3 in process, on top of any stream (OpenSSL 3).
 *
 * A region's identity may be self-signed: whoever talks to it pins the SHA-256 of its public key
 * (SubjectPublicKeyInfo, RFC 7469's pin), which a registration token carries.
 */
#ifndef HF_BASE_NET_TLS_H
#define HF_BASE_NET_TLS_H

#include "base/crypto.h"
#include "base/net/certificate.h"
#include "base/net/stream.h"
#include "base/secret.h"

struct hf_tls_server;

/* Both PEM; the certificate may be a chain. HF_EMISMATCH when the key is not the certificate's.
 * Gives *ret_server. */
enum hf_rc hf_tls_server_new(struct hf_bytes certificate, const struct hf_secret *key,
                             struct hf_tls_server **ret_server, struct hf_err *err);
/* No stream of it may be left. */
void hf_tls_server_free(struct hf_tls_server *server);
/* From now on, whoever names a host that this certificate covers (SNI, RFC 6066) is shown this one
 * in place of the server's own; connections that are open stay as they are. Takes `named`; NULL:
 * none any more. */
void hf_tls_server_set_named(struct hf_tls_server *server, struct hf_certificate *named);
/* Of the server's own certificate: SHA-256 over the SubjectPublicKeyInfo. */
void hf_tls_server_pin(const struct hf_tls_server *server, struct hf_hash *ret_pin);

/* Takes `under`, whose callbacks it sets; the new stream does the handshake by itself when it
 * reads, and whoever uses it bounds the time. HF_ENOMEM leaves `under` with the caller. */
enum hf_rc hf_tls_accept(struct hf_tls_server *server, struct hf_stream *under,
                         struct hf_stream **ret_stream);

/* The other side: trusts the one server key that has the pin, whatever else its certificate says,
 * and names no host, so that the server shows its own certificate.
 * A stream to another server ends with HF_EBADSIG before a byte of what was written is sent. */
struct hf_tls_client;

/* Gives *ret_client, which outlives its streams. */
enum hf_rc hf_tls_client_new(const struct hf_hash *pin, struct hf_tls_client **ret_client,
                             struct hf_err *err);
void hf_tls_client_free(struct hf_tls_client *client);
/* As hf_tls_accept. */
enum hf_rc hf_tls_connect(struct hf_tls_client *client, struct hf_stream *under,
                          struct hf_stream **ret_stream);

#endif
