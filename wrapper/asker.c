/* wrapper/asker.c: names are cut to what events take, and stay different. */
#include "wrapper/asker.h"

#include <stdio.h>

#include "base/crypto.h"
#include "base/hex.h"

#define HASH_DIGITS 32 /* of it, behind a '~' */

void hf_asker_fit(struct hf_str name, char *out, size_t cap)
{
    char hex[2 * HF_HASH_SIZE + 1];
    struct hf_hash hash;
    if (name.len < cap) {
        memcpy(out, name.ptr, name.len);
        out[name.len] = '\0';
        return;
    }
    hf_sha256(hf_str_bytes(name), &hash);
    hf_hex_encode(hf_bytes_of(hash.b, HASH_DIGITS / 2), hex);
    size_t kept = cap - 1 - 1 - HASH_DIGITS;
    while (kept > 0 && ((uint8_t)name.ptr[kept] & 0xc0u) == 0x80u) {
        kept--; /* not in the middle of a character */
    }
    (void)snprintf(out, cap, "%.*s~%s", (int)kept, name.ptr, hex);
}

void hf_asker_take(struct hf_asker *asker, struct hf_str session, struct hf_str channel,
                   struct hf_str requester, bool owner)
{
    hf_asker_fit(session.len == 0 ? HF_STR("none") : session, asker->session,
                 sizeof asker->session);
    hf_asker_fit(channel, asker->channel, sizeof asker->channel);
    hf_asker_fit(requester.len == 0 && owner ? HF_STR("owner") : requester, asker->requester,
                 sizeof asker->requester);
}

void hf_asker_fill(const struct hf_asker *asker, struct hf_event_approval_requested *event)
{
    event->has_session = true;
    event->session = hf_str_c(asker->session);
    event->has_requester = asker->requester[0] != '\0';
    event->requester = hf_str_c(asker->requester);
    event->has_channel = asker->channel[0] != '\0';
    event->channel = hf_str_c(asker->channel);
}
