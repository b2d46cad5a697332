/* hub/keys.h: commands that were sent with an Idempotency-Key, so that one that is sent again is
 * not carried out again.
 *
 * The event of such a command has the correlation "idem:KEY:REQUEST", 32 hexadecimal digits each:
 * the first half of SHA-256 over the principal and the key, and over the request. So what the Hub
 * knows of keys is a fold of its log, and its clock alone has no say: a clock that is set ahead and
 * back would have a command carried out twice. Bounded: those of the last 24 hours before the
 * newest entry, by recorded time, and of these the newest 65,536 (120 bytes each: 8 MB). Threads:
 * the loop's.
 */
#ifndef HF_HUB_KEYS_H
#define HF_HUB_KEYS_H

#include "base/crypto.h"
#include "base/map.h"
#include "base/queue.h"
#include "schemas/envelope.h"

#define HF_HUB_KEYS_MAX      65536
#define HF_HUB_KEYS_US       (INT64_C(24) * 3600 * 1000000)
#define HF_HUB_KEY_HALF      16
#define HF_HUB_KEY_TEXT      (sizeof "idem::" + 4 * HF_HUB_KEY_HALF)
#define HF_HUB_KEY_CHARS_MAX 64

struct hf_hub_key {
    uint8_t key[HF_HUB_KEY_HALF];
    uint8_t request[HF_HUB_KEY_HALF];
};

struct hf_hub_keyed {
    struct hf_hub_key id;
    bool pending;   /* on its way to the log */
    uint64_t index; /* of its event */
    int64_t recorded_us;
    /* private */
    struct hf_map_node by_key;
    struct hf_queue order; /* by when it was recorded; pending ones are not in it */
};

struct hf_hub_keys {
    struct hf_map by_key;
    struct hf_queue order;
    size_t count;      /* in it */
    int64_t newest_us; /* recorded time of the newest entry */
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_keys_init(struct hf_hub_keys *keys, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_keys_fini(struct hf_hub_keys *keys);

/* What a principal's key and request come to. */
void hf_hub_key_of(struct hf_str principal, struct hf_str key, const struct hf_hash *request,
                   struct hf_hub_key *ret_key);
/* The correlation, NUL-terminated. */
void hf_hub_key_format(const struct hf_hub_key *key, char out[HF_HUB_KEY_TEXT]);
/* False: not a correlation of a key. */
bool hf_hub_key_parse(struct hf_str correlation, struct hf_hub_key *ret_key);

/* The command with the same principal and key, if it is not too long ago; NULL. */
struct hf_hub_keyed *hf_hub_keys_find(struct hf_hub_keys *keys, const struct hf_hub_key *key);
/* The command is on its way; no other with its key may be known. NULL: no memory. */
struct hf_hub_keyed *hf_hub_keys_begin(struct hf_hub_keys *keys, const struct hf_hub_key *key);
/* It did not get into the log. */
void hf_hub_keys_drop(struct hf_hub_keys *keys, struct hf_hub_keyed *keyed);
/* Takes one as a snapshot has it: its id, index and time; the oldest first. HF_ENOMEM. */
enum hf_rc hf_hub_keys_restore(struct hf_hub_keys *keys, const struct hf_hub_keyed *kept);
/* Takes an entry of the region's log; every one, in order. HF_ENOMEM. */
enum hf_rc hf_hub_keys_fold(struct hf_hub_keys *keys, uint64_t index,
                            const struct hf_envelope *envelope, struct hf_err *err);

#endif
