/* base/net/address.c: texts to socket addresses and back. */
#include "base/net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/ip.h"
#include "base/parse.h"

static enum hf_rc parse_unix(const char *path, struct hf_address *address, struct hf_err *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof un.sun_path) {
        return hf_err_set(err, HF_EINVAL, "the path of a Unix socket has 1 to %zu bytes",
                          sizeof un.sun_path - 1);
    }
    memcpy(un.sun_path, path, len + 1);
    memcpy(&address->storage, &un, sizeof un);
    address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return HF_OK;
}

enum hf_rc hf_address_parse(const char *text, struct hf_address *ret_address, struct hf_err *err)
{
    memset(ret_address, 0, sizeof *ret_address);
    if (strncmp(text, "unix:", 5) == 0) {
        return parse_unix(text + 5, ret_address, err);
    }
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    char host[64];
    size_t host_len = colon == NULL ? 0 : (size_t)(colon - text);
    if (colon == NULL || host_len >= sizeof host ||
        hf_parse_u64(hf_str_c(colon + 1), 0, 65535, &port) != HF_OK) {
        return hf_err_set(err, HF_EINVAL,
                          "\"%.80s\" is not an address: write 127.0.0.1:8443, [::1]:8443 or "
                          "unix:/path",
                          text);
    }
    memcpy(host, text, host_len);
    host[host_len] = '\0';
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(&ret_address->storage, &v4, sizeof v4);
        ret_address->len = sizeof v4;
        return HF_OK;
    }
    if (host_len > 2 && host[0] == '[' && host[host_len - 1] == ']') {
        host[host_len - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &v6.sin6_addr) == 1) {
            memcpy(&ret_address->storage, &v6, sizeof v6);
            ret_address->len = sizeof v6;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL, "\"%.80s\": the host must be a numeric IP address", text);
}

bool hf_address_is_unix(const struct hf_address *address)
{
    return address->storage.ss_family == AF_UNIX;
}

bool hf_address_is_public(const struct hf_address *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (address->storage.ss_family == AF_INET) {
        memcpy(&v4, &address->storage, sizeof v4);
        return hf_ip4_is_public(ntohl(v4.sin_addr.s_addr));
    }
    memcpy(&v6, &address->storage, sizeof v6);
    return address->storage.ss_family == AF_INET6 && hf_ip6_is_public(v6.sin6_addr.s6_addr);
}

enum hf_rc hf_address_check_path(const char *path, struct hf_err *err)
{
    char text[256];
    struct hf_address address;
    (void)snprintf(text, sizeof text, "unix:%s", path);
    return hf_address_parse(text, &address, err);
}

enum hf_rc hf_address_check(const char *text, struct hf_err *err)
{
    struct hf_address address;
    return hf_address_parse(text, &address, err);
}

void hf_address_format(const struct hf_address *address, char out[HF_ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->storage.ss_family == AF_UNIX) {
        struct sockaddr_un un;
        memcpy(&un, &address->storage, sizeof un);
        (void)snprintf(out, HF_ADDRESS_TEXT_MAX, "unix:%s", un.sun_path);
    } else if (address->storage.ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, &address->storage, sizeof v6);
        (void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
        (void)snprintf(out, HF_ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(v6.sin6_port));
    } else {
        struct sockaddr_in v4;
        memcpy(&v4, &address->storage, sizeof v4);
        (void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        (void)snprintf(out, HF_ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(v4.sin_port));
    }
}

void hf_address_host(const char *peer, char *out, size_t size)
{
    const char *port = strncmp(peer, "unix", 4) == 0 ? NULL : strrchr(peer, ':');
    (void)snprintf(out, size, "%.*s", (int)(port == NULL ? strlen(peer) : (size_t)(port - peer)),
                   peer);
}
