/* tests/sim/region/link.h: connections between a tenant's server and the Hub, with weather.
 *
 * A link stands between two pairs of streams and carries bytes from one to the other, late and in
 * pieces as the weather has it; nothing arrives that was not sent. TLS is not simulated (OpenSSL
 * draws its randomness itself, so that no seed would replay): a message that is altered on its way
 * ends the connection, as TLS would.
 */
#ifndef HF_TESTS_SIM_REGION_LINK_H
#define HF_TESTS_SIM_REGION_LINK_H

#include "base/buf.h"
#include "base/net/stream.h"
#include "base/queue.h"

struct sim_weather {
    uint64_t delay_ns;  /* at most, of each piece */
    uint64_t rate;      /* bytes a second; 0: no limit */
    bool cut;           /* no new connections */
    bool mute;          /* what is sent vanishes, and nobody is told */
    uint32_t alter_one; /* of so many pieces one is altered; 0: none */
};

struct sim_links {
    struct hf_loop *loop;
    struct hf_env *env;
    struct hf_queue links;
    /* What a client sent over a link that ended; may be NULL. */
    void (*sent)(void *arg, struct hf_bytes bytes);
    void *arg;
};

void sim_links_init(struct sim_links *links, struct hf_loop *loop);
/* A connection of `owner` in its weather (borrowed). Gives both ends. HF_EIO when it is cut. */
enum hf_rc sim_link_open(struct sim_links *links, const void *owner,
                         const struct sim_weather *weather, struct hf_stream **ret_near,
                         struct hf_stream **ret_far);
/* Ends the connections of `owner`; NULL: all. */
void sim_links_cut(struct sim_links *links, const void *owner);

#endif
