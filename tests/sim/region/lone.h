/* tests/sim/region/lone.h: one registered agent on a machine of its own, whose Hub never answers.
 *
 *   lone_init, lone_open, lone_talk ..., lone_close, lone_open again, lone_fini
 *
 * The agent is the product's, in virtual time, on a simulated disk or in a folder; programs talk
 * HTTP to the handler of its socket through a pair of streams, as the agent's own user.
 * Threads: one.
 */
#ifndef HF_TESTS_SIM_REGION_LONE_H
#define HF_TESTS_SIM_REGION_LONE_H

#include "tenant/agent.h"
#include "tests/sim/region/disk.h"

struct lone {
    struct hf_env_sim sim;
    struct hf_loop *loop;
    struct hf_logger logger; /* of nothing */
    struct sim_disk disk;
    bool on_disk;
    char dir[HF_PATH_MAX];
    struct hf_secret host_key;
    struct hf_signing_key *region_key; /* that signs as the region's log and its cosigner */
    struct hf_agent *agent;            /* NULL: closed */
    struct hf_http_server *server;
    struct hf_err err;
};

/* dir: a folder of the operating system's, made when it is not there; NULL: a simulated disk. */
void lone_init(struct lone *lone, uint64_t seed, const char *dir);
/* On the disk as it is. After a failure nothing is open. */
enum hf_rc lone_open(struct lone *lone);
void lone_close(struct lone *lone);
void lone_fini(struct lone *lone);
/* Runs for so long. */
void lone_run(struct lone *lone, uint64_t ns);

/* Sends these bytes over a connection of its own and gathers what comes back until the agent closes
 * it or ns are over. Free *ret with hf_buf_free. False: there is no connection. */
bool lone_talk(struct lone *lone, struct hf_bytes request, uint64_t ns, struct hf_buf *ret);
/* POST of an event as JSON; true: it was answered with 200. */
bool lone_post(struct lone *lone, const char *event);

#endif
