/* base/net/address.h: where to listen or to connect: "127.0.0.1:8443", "[::1]:0", "unix:/run/x". */
#ifndef HF_BASE_NET_ADDRESS_H
#define HF_BASE_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/err.h"

#define HF_ADDRESS_TEXT_MAX 128

struct hf_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* Numeric addresses only: looking names up blocks. HF_EINVAL says what is wrong. */
enum hf_rc hf_address_parse(const char *text, struct hf_address *ret_address, struct hf_err *err);
/* Whether a path can be that of a Unix socket. */
enum hf_rc hf_address_check_path(const char *path, struct hf_err *err);
/* Whether a text is an address to listen at. */
enum hf_rc hf_address_check(const char *text, struct hf_err *err);
/* NUL-terminated. */
void hf_address_format(const struct hf_address *address, char out[HF_ADDRESS_TEXT_MAX]);
bool hf_address_is_unix(const struct hf_address *address);
/* Is it a host of the public Internet: no loopback, private, link-local, shared, documentation,
 * multicast or reserved address, and no form of IPv6 that wraps one of IPv4? By the special-purpose
 * registries of IANA. */
bool hf_address_is_public(const struct hf_address *address);

/* Of a peer's text (base/net/stream.h) the host alone, "127.0.0.1", "[::1]"; of a Unix socket's all
 * of it. */
void hf_address_host(const char *peer, char *out, size_t size);

#endif
