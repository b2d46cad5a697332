/* tools/holdfast/secret_in.c: reads secrets into locked memory, and shreds what they came in. */
#include "tools/holdfast/secret_in.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"

/* *ret_len: bytes that came; one more than max says that there are more. */
static enum hf_rc fill(int fd, uint8_t *room, size_t max, size_t *ret_len, struct hf_err *err)
{
    *ret_len = 0;
    while (*ret_len <= max) {
        ssize_t n = read(fd, room + *ret_len, max + 1 - *ret_len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return hf_err_set(err, HF_EIO, "descriptor %d cannot be read; is it open?", fd);
        }
        if (n == 0) {
            break;
        }
        *ret_len += (size_t)n;
    }
    return HF_OK;
}

static enum hf_rc take(int fd, size_t max, bool trim, struct hf_secret *ret_secret,
                       struct hf_err *err)
{
    struct hf_secret room = {0};
    size_t len = 0;
    enum hf_rc rc = hf_secret_alloc(max + 1, &room);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for a secret");
    }
    uint8_t *bytes = hf_secret_fill(&room);
    rc = fill(fd, bytes, max, &len, err);
    if (rc == HF_OK && trim && len > 0 && bytes[len - 1] == '\n') {
        len--;
    }
    if (rc == HF_OK && len > max) {
        rc = hf_err_set(err, HF_ETOOBIG, "a secret has at most %zu bytes", max);
    } else if (rc == HF_OK && len == 0) {
        rc = hf_err_set(err, HF_EINVAL, "nothing came in; give the value on standard input");
    } else if (rc == HF_OK) {
        rc = hf_secret_copy(hf_bytes_of(bytes, len), ret_secret);
        rc = rc == HF_OK ? rc : hf_err_set(err, rc, "no locked memory for a secret");
    }
    hf_secret_free(&room);
    return rc;
}

enum hf_rc hf_secret_read(int fd, size_t max, bool trim, struct hf_secret *ret_secret,
                          struct hf_err *err)
{
    struct termios shown = {0};
    bool terminal = isatty(fd) != 0 && tcgetattr(fd, &shown) == 0;
    if (terminal) {
        struct termios hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        (void)tcsetattr(fd, TCSAFLUSH, &hidden);
    }
    enum hf_rc rc = take(fd, max, trim, ret_secret, err);
    if (terminal) {
        (void)tcsetattr(fd, TCSAFLUSH, &shown);
    }
    return rc;
}

/* files */

static enum hf_rc look(const struct hf_secret_file *file, bool on_disk, uint64_t *ret_bytes,
                       struct hf_err *err)
{
    struct stat st;
    struct statfs fs;
    if (fstat(file->fd, &st) != 0 || fstatfs(file->fd, &fs) != 0) {
        return hf_err_set(err, HF_EIO, "%s cannot be looked at", file->path);
    }
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
        return hf_err_set(err, HF_EPERM, "%s is no plain file with one name", file->path);
    }
    if ((st.st_mode & 077) != 0) {
        return hf_err_set(err, HF_EPERM,
                          "%s can be read by others: what is in it is no secret any more; make new "
                          "ones, in a file of mode 0600",
                          file->path);
    }
    if (!on_disk && fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC) {
        return hf_err_set(err, HF_EPERM,
                          "%s lies on a disk, where overwritten bytes can survive; make it on a "
                          "tmpfs such as /run, or take it all the same with --on-disk",
                          file->path);
    }
    *ret_bytes = (uint64_t)st.st_size;
    return HF_OK;
}

enum hf_rc hf_secret_file_open(const char *path, bool on_disk, struct hf_secret_file *ret_file,
                               struct hf_err *err)
{
    struct hf_secret_file file = {open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW), path, 0};
    if (file.fd < 0) {
        return hf_err_set(err, errno == ENOENT ? HF_ENOTFOUND : HF_EPERM,
                          errno == ENOENT ? "there is no file %s" : "%s cannot be opened", path);
    }
    enum hf_rc rc = look(&file, on_disk, &file.bytes, err);
    if (rc != HF_OK) {
        hf_secret_file_close(&file);
        return rc;
    }
    *ret_file = file;
    return HF_OK;
}

enum hf_rc hf_secret_file_shred(struct hf_secret_file *file, struct hf_err *err)
{
    static const uint8_t zeros[4096];
    enum hf_rc rc = lseek(file->fd, 0, SEEK_SET) == 0 ? HF_OK : HF_EIO;
    for (uint64_t at = 0; rc == HF_OK && at < file->bytes; at += sizeof zeros) {
        uint64_t left = file->bytes - at;
        rc = hf_fd_write_all(
            file->fd, hf_bytes_of(zeros, left < sizeof zeros ? (size_t)left : sizeof zeros), err);
    }
    if (rc == HF_OK && (fsync(file->fd) != 0 || unlink(file->path) != 0)) {
        rc = HF_EIO;
    }
    return rc == HF_OK ? rc
                       : hf_err_set(err, rc, "%s could not be shredded; do it yourself: shred -u",
                                    file->path);
}

void hf_secret_file_close(struct hf_secret_file *file)
{
    if (file->fd >= 0) {
        (void)close(file->fd);
        file->fd = -1;
    }
}
