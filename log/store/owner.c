/* log/store/owner.c: the owner file and its lock. */
#include "log/store/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"

static void describe(int fd, char *out, size_t cap)
{
    char line[512];
    ssize_t len = pread(fd, line, sizeof line - 1, 0);
    line[len > 0 ? len : 0] = '\0';
    char *newline = strchr(line, '\n');
    char *first = strchr(line, ' ');
    char *last = strrchr(line, ' ');
    if (newline == NULL || first == NULL || last == first) {
        (void)snprintf(out, cap, "another process");
        return;
    }
    *newline = '\0';
    *first = '\0';
    *last = '\0';
    (void)snprintf(out, cap, "pid %s (%s) since %s", line, first + 1, last + 1);
}

static int try_lock(int fd, int command)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, command, &lock) != 0) {
        return errno;
    }
    return command == F_OFD_GETLK && lock.l_type != F_UNLCK ? EAGAIN : 0;
}

enum hf_rc hf_owner_take(const char *dir, const char *program, struct hf_env *env, int *ret_fd,
                         struct hf_err *err)
{
    char path[HF_PATH_MAX];
    if (hf_path_join(dir, "owner", path, sizeof path) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", dir);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot open the log for writing (%s)", path);
    }
    int code = try_lock(fd, F_OFD_SETLK);
    if (code == EAGAIN || code == EACCES) {
        char who[512];
        describe(fd, who, sizeof who);
        (void)close(fd);
        return hf_err_set(err, HF_ELOCKED,
                          "the log is open for writing by %s; stop that process first", who);
    }
    if (code != 0) {
        (void)close(fd);
        return hf_err_errno(err, code, "cannot lock %s", path);
    }
    char now[HF_TIME_TEXT];
    char line[512];
    hf_format_time_us(hf_env_wall_us(env), now);
    int len = snprintf(line, sizeof line, "%ld %.200s %s\n", (long)getpid(), program, now);
    /* Only for people: the lock is what counts. */
    if (ftruncate(fd, 0) == 0 && pwrite(fd, line, (size_t)len, 0) != len) {
        line[0] = '\0'; /* half a line is read as "another process" */
    }
    *ret_fd = fd;
    return HF_OK;
}

bool hf_owner_held(const char *dir, char *out, size_t cap)
{
    char path[HF_PATH_MAX];
    int fd = hf_path_join(dir, "owner", path, sizeof path) == HF_OK
                 ? open(path, O_RDONLY | O_CLOEXEC)
                 : -1;
    if (fd < 0) {
        return false;
    }
    bool held = try_lock(fd, F_OFD_GETLK) == EAGAIN;
    if (held) {
        describe(fd, out, cap);
    }
    (void)close(fd);
    return held;
}
