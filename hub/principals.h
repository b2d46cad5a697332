/* hub/principals.h: everybody who may use the Hub, found by token and by name. A fold of the
 * region's log, held in memory. Threads: the loop's.
 */
#ifndef HF_HUB_PRINCIPALS_H
#define HF_HUB_PRINCIPALS_H

#include "base/map.h"
#include "base/net/stream.h"
#include "base/queue.h"
#include "commands/principal.h"

struct hf_hub_principal {
    struct hf_principal life;
    /* How much of its refusals is written: see hub/notes.h. */
    int64_t refusals_us;
    unsigned refusals;
    uint64_t refusals_skipped;
    bool use_posting; /* principal.used is on its way */
    /* Since the Hub started; the log has the use to the day. */
    int64_t seen_us;
    char seen_from[HF_PEER_TEXT]; /* empty: not yet */
    /* private */
    struct hf_map_node by_name;
    struct hf_map_node by_token;
    struct hf_map_node by_previous;
    bool has_token;
    bool has_previous;
    struct hf_queue order; /* by creation */
};

struct hf_hub_principals {
    struct hf_map by_name;
    struct hf_map by_token;    /* by the token's hash */
    struct hf_map by_previous; /* by that of the token before */
    struct hf_queue order;
};

/* HF_ENOMEM. */
enum hf_rc hf_hub_principals_init(struct hf_hub_principals *principals, struct hf_env *env);
/* Also for one whose init failed, or of zeroes. */
void hf_hub_principals_fini(struct hf_hub_principals *principals);
/* Who has this token now; NULL. */
struct hf_hub_principal *hf_hub_principal_by_token(const struct hf_hub_principals *principals,
                                                   const struct hf_hash *token_hash,
                                                   int64_t now_us);
struct hf_hub_principal *hf_hub_principal_find(const struct hf_hub_principals *principals,
                                               struct hf_str name);
/* The first, the next one; NULL at the end. Ordered by creation. */
struct hf_hub_principal *hf_hub_principals_first(const struct hf_hub_principals *principals);
struct hf_hub_principal *hf_hub_principals_next(const struct hf_hub_principals *principals,
                                                const struct hf_hub_principal *principal);
/* Admins that can sign in. */
unsigned hf_hub_principals_admins(const struct hf_hub_principals *principals, int64_t now_us);
/* Takes one as a snapshot has it, the next in the order of creation. HF_ENOMEM. */
enum hf_rc hf_hub_principals_restore(struct hf_hub_principals *principals,
                                     const struct hf_principal *life);
/* Takes an entry of the region's log: principal/NAME and use/NAME, others are let go. */
enum hf_rc hf_hub_principals_fold(struct hf_hub_principals *principals,
                                  const struct hf_envelope *envelope, struct hf_err *err);

#endif
