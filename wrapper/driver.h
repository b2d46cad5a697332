/* wrapper/driver.h: how OpenClaw is run on this server, as far as the wrapper must know.
 *
 * The wrapper never starts or stops OpenClaw; it asks its driver which processes are gateways, so
 * that one which nobody guards is noticed, and whether the process at the other end of the socket
 * is one. Implementations: `host` (driver_host.c: processes of this machine, by user and by the
 * name that a gateway gives itself). A container's gateways are looked for in its own namespace by
 * an implementation of its own.
 * Threads: any; calls read /proc and do not wait.
 */
#ifndef HF_WRAPPER_DRIVER_H
#define HF_WRAPPER_DRIVER_H

#include <sys/types.h>

#include "base/err.h"
#include "base/net/peers.h"

#define HF_DRIVER_GATEWAYS_MAX 16
#define HF_DRIVER_CGROUP_MAX   256

/* A process, which a later one with the same number is not. */
struct hf_gateway {
    int32_t pid;
    uint32_t uid;
    uint64_t started; /* clock ticks since the machine's start */
    uint64_t age_s;   /* at the moment of looking */
    char cgroup[HF_DRIVER_CGROUP_MAX];
};

struct hf_driver;

struct hf_driver_ops {
    const char *name;
    /* Gateways that run now, at most max; *ret_count counts all. HF_EPERM: they cannot be seen. */
    enum hf_rc (*gateways)(struct hf_driver *driver, struct hf_gateway *out, size_t max,
                           size_t *ret_count, struct hf_err *err);
    /* What the process is; HF_ENOTFOUND: it has ended. */
    enum hf_rc (*look)(struct hf_driver *driver, int32_t pid, struct hf_gateway *ret,
                       struct hf_err *err);
};

struct hf_driver {
    const struct hf_driver_ops *ops;
};

/* Processes of this machine whose user is one of `users`, or the own one. */
struct hf_driver_host {
    struct hf_driver driver;
    /* private */
    struct hf_peers users;
    uint32_t own;
    const char *proc; /* "/proc"; another folder in tests */
};

/* Copies users; borrows proc, NULL for "/proc". */
void hf_driver_host_init(struct hf_driver_host *host, const struct hf_peers *users,
                         const char *proc);

static inline enum hf_rc hf_driver_gateways(struct hf_driver *driver, struct hf_gateway *out,
                                            size_t max, size_t *ret_count, struct hf_err *err)
{
    return driver->ops->gateways(driver, out, max, ret_count, err);
}

static inline enum hf_rc hf_driver_look(struct hf_driver *driver, int32_t pid,
                                        struct hf_gateway *ret, struct hf_err *err)
{
    return driver->ops->look(driver, pid, ret, err);
}

static inline bool hf_gateway_eq(const struct hf_gateway *a, const struct hf_gateway *b)
{
    return a->pid == b->pid && a->uid == b->uid && a->started == b->started;
}

#endif
