/* wrapper/policy/host.c: hosts in every spelling that reaches this machine or a private network. */
#include "wrapper/policy/host.h"

#include <arpa/inet.h>

#include "base/hex.h"
#include "base/ip.h"

/* One part of an address as inet_aton reads it: decimal, 0 octal, 0x hexadecimal. */
static bool address_part(struct hf_str *io_rest, uint64_t *ret)
{
    uint64_t value = 0;
    unsigned base = 10;
    size_t i = 0;
    if (io_rest->len >= 2 && io_rest->ptr[0] == '0' && (io_rest->ptr[1] | 0x20) == 'x') {
        base = 16;
        i = 2;
    } else if (io_rest->len >= 2 && io_rest->ptr[0] == '0' && io_rest->ptr[1] != '.') {
        base = 8;
        i = 1;
    }
    size_t start = i;
    for (; i < io_rest->len && io_rest->ptr[i] != '.'; i++) {
        int digit = hf_hex_digit(io_rest->ptr[i]);
        if (digit < 0 || (unsigned)digit >= base || value > UINT32_MAX) {
            return false;
        }
        value = value * base + (unsigned)digit;
    }
    *io_rest = (struct hf_str){io_rest->ptr + i, io_rest->len - i};
    *ret = value;
    return i > start || base != 10; /* a bare 0x is zero to clients, as is a bare 0 */
}

/* An IPv4 address in any spelling that a resolver takes without asking anybody. */
static bool address4(struct hf_str text, uint32_t *ret)
{
    uint64_t parts[4];
    size_t count = 0;
    while (count < 4) {
        if (!address_part(&text, &parts[count])) {
            return false;
        }
        count++;
        if (text.len == 0) {
            break;
        }
        text = (struct hf_str){text.ptr + 1, text.len - 1};
        if (text.len == 0 || count == 4) {
            return false;
        }
    }
    uint64_t value = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        if (parts[i] > 255) {
            return false;
        }
        value |= parts[i] << (8 * (3 - i));
    }
    uint64_t last_max = UINT32_MAX >> (8 * (count - 1));
    if (count == 0 || parts[count - 1] > last_max) {
        return false;
    }
    *ret = (uint32_t)(value | parts[count - 1]);
    return true;
}

/* IPv6, with or without brackets. What no resolver takes is not public either, nor what ends as an
 * address of IPv4 does. */
static bool private6(struct hf_str host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr ip;
    if (host.len > 1 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = (struct hf_str){host.ptr + 1, host.len - 2};
    }
    if (host.len >= sizeof text || memchr(host.ptr, '.', host.len) != NULL) {
        return true;
    }
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    return inet_pton(AF_INET6, text, &ip) != 1 || !hf_ip6_is_public(ip.s6_addr);
}

/* A client that takes names of other scripts makes letters, digits and dots of this one of many of
 * their characters: full-width digits are an address. Such a name is sure to be public only below a
 * last label that is plain and no number. */
static bool maps_to_private(struct hf_str host)
{
    size_t last = host.len;
    bool plain = true;
    for (size_t i = 0; i < host.len; i++) {
        plain = plain && (uint8_t)host.ptr[i] < 0x80;
    }
    while (last > 0 && host.ptr[last - 1] != '.') {
        last--;
    }
    for (size_t i = last; i < host.len && !plain; i++) {
        if ((uint8_t)host.ptr[i] >= 0x80) {
            return true;
        }
    }
    return !plain && (last == host.len || (host.ptr[last] >= '0' && host.ptr[last] <= '9'));
}

bool hf_host_private(struct hf_str host)
{
    uint32_t address;
    if (host.len > 0 && host.ptr[host.len - 1] == '.') {
        host.len--;
    }
    if (host.len == 0 || memchr(host.ptr, ':', host.len) != NULL) {
        return host.len == 0 || private6(host);
    }
    if (address4(host, &address)) {
        return !hf_ip4_is_public(address);
    }
    return hf_str_eq(host, HF_STR("localhost")) || hf_str_ends(host, HF_STR(".localhost")) ||
           hf_str_ends(host, HF_STR(".local")) || hf_str_ends(host, HF_STR(".internal")) ||
           memchr(host.ptr, '.', host.len) == NULL || maps_to_private(host);
}
