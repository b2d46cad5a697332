/* base/file.c: small files, read and replaced as a whole. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_PIECE 65536

static enum hf_rc read_all(int fd, const char *path, struct hf_buf *buf, struct hf_err *err)
{
    for (;;) {
        size_t want = buf->max - buf->len < READ_PIECE ? buf->max - buf->len : READ_PIECE;
        uint8_t extra[1];
        uint8_t *room = want == 0 ? extra : hf_buf_reserve(buf, want);
        if (room == NULL) {
            return hf_err_set(err, buf->failed, "%s: no memory to read it", path);
        }
        ssize_t got = read(fd, room, want == 0 ? 1 : want);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return hf_err_errno(err, errno, "cannot read %s", path);
        }
        if (got == 0) {
            return HF_OK;
        }
        if (want == 0) {
            return hf_err_set(err, HF_ETOOBIG, "%s has more than %zu bytes", path, buf->max);
        }
        hf_buf_commit(buf, (size_t)got);
    }
}

enum hf_rc hf_file_read(const char *path, struct hf_buf *buf, struct hf_err *err)
{
    hf_buf_clear(buf);
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, "standard input", buf, err);
    }
    /* A pipe that nobody writes into is empty, and not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot open %s", path);
    }
    (void)fcntl(fd, F_SETFL, 0);
    enum hf_rc rc = read_all(fd, path, buf, err);
    (void)close(fd);
    return rc;
}

enum hf_rc hf_fd_write_all(int fd, struct hf_bytes data, struct hf_err *err)
{
    while (data.len > 0) {
        ssize_t done = write(fd, data.ptr, data.len);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return hf_err_errno(err, errno, "cannot write");
        }
        data.ptr += done;
        data.len -= (size_t)done;
    }
    return HF_OK;
}

static enum hf_rc write_synced(const char *path, int flags, struct hf_bytes data, mode_t mode,
                               struct hf_err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, mode);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot create %s", path);
    }
    enum hf_rc rc = hf_fd_write_all(fd, data, err);
    if (rc == HF_OK && fsync(fd) != 0) {
        rc = hf_err_errno(err, errno, "cannot sync");
    }
    if (close(fd) != 0 && rc == HF_OK) {
        rc = hf_err_errno(err, errno, "cannot close");
    }
    if (rc != HF_OK) {
        (void)unlink(path);
        return hf_err_wrap(err, rc, "%s", path);
    }
    return HF_OK;
}

static enum hf_rc sync_parent(const char *path, struct hf_err *err)
{
    char parent[HF_PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (len >= sizeof parent) {
        return hf_err_set(err, HF_ETOOBIG, "the path is too long");
    }
    memcpy(parent, path, len);
    parent[len] = '\0';
    return hf_dir_sync(slash == NULL ? "." : len == 0 ? "/" : parent, err);
}

enum hf_rc hf_file_replace(const char *path, struct hf_bytes data, mode_t mode, struct hf_err *err)
{
    char temporary[HF_PATH_MAX];
    struct stat old;
    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode) && !S_ISDIR(old.st_mode)) {
        return hf_err_set(err, HF_EINVAL, "%s is no file that can be replaced; name another one",
                          path);
    }
    int len = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof temporary) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", path);
    }
    enum hf_rc rc = write_synced(temporary, O_TRUNC, data, mode, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (rename(temporary, path) != 0) {
        rc = hf_err_errno(err, errno, "cannot put %s in place", path);
        (void)unlink(temporary);
        return rc;
    }
    return sync_parent(path, err);
}

enum hf_rc hf_file_create(const char *path, struct hf_bytes data, mode_t mode, struct hf_err *err)
{
    enum hf_rc rc = write_synced(path, O_EXCL, data, mode, err);
    return rc == HF_OK ? sync_parent(path, err) : rc;
}

static bool dir_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return false;
    }
    bool empty = true;
    for (struct dirent *entry; empty && (entry = readdir(dir)) != NULL;) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                strcmp(entry->d_name, "lost+found") == 0; /* a file system of its own has that */
    }
    (void)closedir(dir);
    return empty;
}

enum hf_rc hf_file_move(const char *from, const char *to, struct hf_err *err)
{
    if (rename(from, to) != 0) {
        return hf_err_errno(err, errno, "cannot move %s to %s", from, to);
    }
    return sync_parent(to, err);
}

enum hf_rc hf_dir_remove(const char *path, struct hf_err *err)
{
    char name[HF_PATH_MAX];
    enum hf_rc rc = HF_OK;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return hf_err_errno(err, errno, "cannot open the folder %s", path);
    }
    for (struct dirent *entry; rc == HF_OK && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        rc = hf_path_join(path, entry->d_name, name, sizeof name);
        if (rc != HF_OK || unlink(name) != 0) {
            rc = rc == HF_OK ? hf_err_errno(err, errno, "cannot remove %s", name)
                             : hf_err_set(err, rc, "the path %s is too long", path);
        }
    }
    (void)closedir(dir);
    if (rc == HF_OK && rmdir(path) != 0) {
        rc = hf_err_errno(err, errno, "cannot remove the folder %s", path);
    }
    return rc == HF_OK ? sync_parent(path, err) : rc;
}

enum hf_rc hf_dir_create(const char *path, mode_t mode, bool may_exist, struct hf_err *err)
{
    if (mkdir(path, mode) == 0) {
        return sync_parent(path, err);
    }
    struct stat st;
    if (errno != EEXIST) {
        return hf_err_errno(err, errno, "cannot make the folder %s", path);
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return hf_err_set(err, HF_EEXIST, "%s is there already and is no folder", path);
    }
    if (!may_exist && !dir_empty(path)) {
        return hf_err_set(err, HF_EEXIST, "the folder %s is there already and is not empty", path);
    }
    return HF_OK;
}

enum hf_rc hf_dir_create_all(const char *path, mode_t mode, struct hf_err *err)
{
    char part[HF_PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof part) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", path);
    }
    memcpy(part, path, len + 1);
    if (len == 0) {
        return hf_dir_create(path, mode, true, err); /* which says that there is no such folder */
    }
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0') {
            continue;
        }
        char kept = part[i];
        part[i] = '\0';
        enum hf_rc rc = hf_dir_create(part, mode, true, err);
        if (rc != HF_OK) {
            return rc;
        }
        part[i] = kept;
    }
    return HF_OK;
}

enum hf_rc hf_dir_sync(const char *path, struct hf_err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot open the folder %s", path);
    }
    enum hf_rc rc =
        fsync(fd) == 0 ? HF_OK : hf_err_errno(err, errno, "cannot sync the folder %s", path);
    (void)close(fd);
    return rc;
}

enum hf_rc hf_path_join(const char *dir, const char *name, char *out, size_t cap)
{
    size_t len = strlen(dir);
    const char *middle = len > 0 && dir[len - 1] == '/' ? "" : "/";
    int need = snprintf(out, cap, "%s%s%s", dir, middle, name);
    return need >= 0 && (size_t)need < cap ? HF_OK : HF_ETOOBIG;
}
