/* base/net/peers.h: which users of this server may talk to a program over its Unix socket. */
#ifndef HF_BASE_NET_PEERS_H
#define HF_BASE_NET_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/net/stream.h"

#define HF_PEERS_MAX 16

struct hf_peers {
    unsigned count;
    uint32_t uids[HF_PEERS_MAX];
};

/* "1000,1001": user ids with commas between them; NULL: none. HF_EUSAGE says what is wrong. */
enum hf_rc hf_peers_parse(const char *text, struct hf_peers *ret, struct hf_err *err);
/* The same without the list: whether a setting is one. */
enum hf_rc hf_peers_check(const char *text, struct hf_err *err);
/* own: the program's user. Root and the own user may always, whoever comes by another way than a
 * Unix socket never. */
bool hf_peers_allow(const struct hf_peers *peers, uint32_t own, const struct hf_peer *peer);
/* Those of the list, and nobody else: not even root. */
bool hf_peers_named(const struct hf_peers *peers, const struct hf_peer *peer);

#endif
