/* base/net/peers.c: the list of user ids in the configuration. */
#include "base/net/peers.h"

#include <string.h>

#include "base/parse.h"

enum hf_rc hf_peers_parse(const char *text, struct hf_peers *ret, struct hf_err *err)
{
    *ret = (struct hf_peers){.count = 0};
    for (const char *at = text; at != NULL;) {
        uint64_t uid = 0;
        size_t len = strcspn(at, ",");
        /* The highest number stands for "no user" in system calls. */
        if (hf_parse_u64((struct hf_str){at, len}, 0, UINT32_MAX - 1, &uid) != HF_OK) {
            return hf_err_set(err, HF_EUSAGE,
                              "\"%.*s\" is no user id: write numbers with commas between them, as "
                              "in 1000,1001",
                              (int)(len > 40 ? 40 : len), at);
        }
        if (ret->count == HF_PEERS_MAX) {
            return hf_err_set(err, HF_EUSAGE, "at most %d users may be named", HF_PEERS_MAX);
        }
        ret->uids[ret->count++] = (uint32_t)uid;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return HF_OK;
}

enum hf_rc hf_peers_check(const char *text, struct hf_err *err)
{
    struct hf_peers peers;
    return hf_peers_parse(text, &peers, err);
}

bool hf_peers_named(const struct hf_peers *peers, const struct hf_peer *peer)
{
    bool named = false;
    for (unsigned i = 0; i < peers->count; i++) {
        named = named || peers->uids[i] == peer->uid;
    }
    return peer->is_unix && named;
}

bool hf_peers_allow(const struct hf_peers *peers, uint32_t own, const struct hf_peer *peer)
{
    return peer->is_unix && (peer->uid == 0 || peer->uid == own || hf_peers_named(peers, peer));
}
