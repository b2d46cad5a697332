/* wrapper/driver_host.c: gateways among the processes of this machine, from /proc.
 *
 * A gateway of OpenClaw 2026.9.1 to 2026.9.6 sets its title, so its command line begins with
 * "openclaw-gateway". Whoever hides that is not found here; its calls still meet the socket's
 * check of the peer, and its model traffic the egress proxy's check of the lease.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"
#include "wrapper/driver.h"

#define TITLE     HF_STR("openclaw-gateway")
#define SMALL_MAX 16384u /* bytes of a file of /proc that are looked at */
#define STARTED   19     /* words between the state and the start time of /proc/PID/stat */

static struct hf_driver_host *host_of(struct hf_driver *driver)
{
    return HF_CONTAINER_OF(driver, struct hf_driver_host, driver);
}

static enum hf_rc read_file(const char *proc, int32_t pid, const char *name, struct hf_buf *buf)
{
    char path[HF_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%d/%s", proc, pid, name);
    hf_buf_clear(buf);
    return hf_file_read(path, buf, /* err= */ NULL);
}

/* The 22nd field; the second is a name in parentheses that may hold anything. */
static bool start_time(struct hf_str stat, uint64_t *ret)
{
    const char *end = memrchr(stat.ptr, ')', stat.len);
    if (end == NULL) {
        return false;
    }
    struct hf_str rest = {end + 1, stat.len - (size_t)(end + 1 - stat.ptr)};
    for (unsigned word = 0; rest.len > 0; word++) {
        while (rest.len > 0 && *rest.ptr == ' ') {
            rest = (struct hf_str){rest.ptr + 1, rest.len - 1};
        }
        const char *space = memchr(rest.ptr, ' ', rest.len);
        struct hf_str found = {rest.ptr, space == NULL ? rest.len : (size_t)(space - rest.ptr)};
        if (word == STARTED) {
            return hf_parse_u64(found, 0, UINT64_MAX, ret) == HF_OK;
        }
        rest = (struct hf_str){rest.ptr + found.len, rest.len - found.len};
    }
    return false;
}

/* "SECONDS.HUNDREDTHS ..." since the machine's start; 0: not known, everything is old then. */
static uint64_t uptime_s(const struct hf_driver_host *host, struct hf_buf *buf)
{
    char path[HF_PATH_MAX];
    uint64_t seconds = 0;
    (void)snprintf(path, sizeof path, "%s/uptime", host->proc);
    hf_buf_clear(buf);
    if (hf_file_read(path, buf, /* err= */ NULL) != HF_OK) {
        return 0;
    }
    const char *point = memchr(buf->ptr, '.', buf->len);
    struct hf_str whole = {(const char *)buf->ptr,
                           point == NULL ? 0 : (size_t)(point - (const char *)buf->ptr)};
    return hf_parse_u64(whole, 0, UINT64_MAX, &seconds) == HF_OK ? seconds : 0;
}

static uint64_t age(const struct hf_driver_host *host, uint64_t started, struct hf_buf *buf)
{
    long ticks = sysconf(_SC_CLK_TCK);
    uint64_t up = uptime_s(host, buf);
    uint64_t began = ticks > 0 ? started / (uint64_t)ticks : 0;
    return up == 0 || began > up ? UINT64_MAX : up - began;
}

static void take_cgroup(struct hf_str text, char out[HF_DRIVER_CGROUP_MAX])
{
    const char *line = memchr(text.ptr, '\n', text.len);
    size_t len = line == NULL ? text.len : (size_t)(line - text.ptr);
    len = len < HF_DRIVER_CGROUP_MAX - 1 ? len : HF_DRIVER_CGROUP_MAX - 1;
    memcpy(out, text.ptr, len);
    out[len] = '\0';
}

static enum hf_rc look_at(const struct hf_driver_host *host, int32_t pid, struct hf_gateway *ret,
                          struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct stat status;
    struct hf_buf buf = hf_buf_init(SMALL_MAX);
    *ret = (struct hf_gateway){.pid = pid};
    (void)snprintf(path, sizeof path, "%s/%d", host->proc, pid);
    enum hf_rc rc = stat(path, &status) != 0 ? HF_ENOTFOUND : HF_OK;
    if (rc == HF_OK) {
        ret->uid = status.st_uid;
        rc = read_file(host->proc, pid, "stat", &buf);
    }
    if (rc == HF_OK && !start_time(hf_bytes_str(hf_buf_bytes(&buf)), &ret->started)) {
        rc = HF_EIO;
    }
    if (rc == HF_OK) {
        ret->age_s = age(host, ret->started, &buf);
    }
    if (rc == HF_OK && read_file(host->proc, pid, "cgroup", &buf) == HF_OK && buf.len > 0) {
        take_cgroup(hf_bytes_str(hf_buf_bytes(&buf)), ret->cgroup);
    }
    hf_buf_free(&buf);
    return rc == HF_OK ? HF_OK
                       : hf_err_set(err, rc, "%s: %s", path,
                                    rc == HF_ENOTFOUND ? "the process has ended"
                                                       : "the process cannot be looked at");
}

static bool is_ours(const struct hf_driver_host *host, uint32_t uid)
{
    bool named = uid == host->own;
    for (unsigned i = 0; i < host->users.count && !named; i++) {
        named = host->users.uids[i] == uid;
    }
    return named;
}

static bool is_gateway(const struct hf_driver_host *host, int32_t pid, struct hf_buf *buf)
{
    return read_file(host->proc, pid, "cmdline", buf) == HF_OK &&
           hf_str_starts(hf_bytes_str(hf_buf_bytes(buf)), TITLE);
}

static enum hf_rc gateways(struct hf_driver *driver, struct hf_gateway *out, size_t max,
                           size_t *ret_count, struct hf_err *err)
{
    const struct hf_driver_host *host = host_of(driver);
    DIR *dir = opendir(host->proc);
    struct hf_buf buf = hf_buf_init(SMALL_MAX);
    size_t count = 0;
    if (dir == NULL) {
        return hf_err_errno(err, errno, "%s", host->proc);
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        uint64_t pid = 0;
        struct hf_gateway found;
        if (hf_parse_u64(hf_str_c(entry->d_name), 1, INT32_MAX, &pid) != HF_OK ||
            look_at(host, (int32_t)pid, &found, /* err= */ NULL) != HF_OK ||
            !is_ours(host, found.uid) || !is_gateway(host, (int32_t)pid, &buf)) {
            continue;
        }
        if (count < max) {
            out[count] = found;
        }
        count++;
    }
    (void)closedir(dir);
    hf_buf_free(&buf);
    *ret_count = count;
    return HF_OK;
}

static enum hf_rc look(struct hf_driver *driver, int32_t pid, struct hf_gateway *ret,
                       struct hf_err *err)
{
    return look_at(host_of(driver), pid, ret, err);
}

static const struct hf_driver_ops ops = {.name = "host", .gateways = gateways, .look = look};

void hf_driver_host_init(struct hf_driver_host *host, const struct hf_peers *users,
                         const char *proc)
{
    host->driver.ops = &ops;
    host->users = *users;
    host->own = (uint32_t)geteuid();
    host->proc = proc == NULL ? "/proc" : proc;
}
