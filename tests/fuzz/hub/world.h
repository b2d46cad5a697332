/* tests/fuzz/hub/world.h: a whole Hub on a disk in memory and in virtual time, with two tenants:
 * "acme" has a token, "beta" is registered. Every input finds it as the one before did.
 */
#ifndef HF_TESTS_FUZZ_HUB_WORLD_H
#define HF_TESTS_FUZZ_HUB_WORLD_H

#include "hub/hub.h"
#include "tests/sim/region/disk.h"

#define FUZZ_REQUEST_MAX (1u << 18)

struct fuzz_invited {
    const char *name;
    struct hf_token token;
    struct hf_hash token_hash;
    struct hf_signing_key *token_key;
    struct hf_signing_key *agent_key;
    struct hf_signing_key *log_key;
};

struct fuzz_world {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_logger logger;
    struct hf_secret host_key;
    struct sim_disk base; /* as every input finds it */
    struct sim_disk disk;
    struct hf_hub *hub;
    struct fuzz_invited acme;
    struct fuzz_invited beta;
    char api_key[256];   /* beta's */
    struct hf_hash root; /* of the segment at hand; its end */
    uint64_t end;
    struct hf_buf before; /* what the Hub knows, */
    uint64_t size;        /* its log's size, and its last number */
    uint64_t sequence;
    struct hf_buf answer;
    bool over;
    bool closed;
    struct hf_post post;
    bool posted;
    struct hf_err err;
};

/* Never freed: one for the process. */
struct fuzz_world *fuzz_make(void);
/* Before each input. */
void fuzz_begin(struct fuzz_world *w);
/* What came of it changed something: the next one finds a fresh Hub. */
void fuzz_drop(struct fuzz_world *w);
/* Sends, waits a moment for answers, and hangs up. */
void fuzz_exchange(struct fuzz_world *w, struct hf_bytes bytes);
/* A good registration, and a good segment of beta's log, whose one to four entries are `rest`; the
 * world keeps its end and root. */
void fuzz_put_registration(struct fuzz_world *w, const struct fuzz_invited *who,
                           struct hf_buf *request);
void fuzz_put_segment(struct fuzz_world *w, struct hf_bytes rest, struct hf_buf *request);

#endif
