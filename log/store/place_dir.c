/* log/store/place_dir.c: a log's folder on a real file system. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/heap.h"
#include "log/store/kv_lmdb.h"
#include "log/store/owner.h"
#include "log/store/pages.h"
#include "log/store/sealer.h"

struct dir {
    struct hf_place place;
    int owner_fd; /* -1 in READ mode */
    char path[];
};

/* LMDB holds what a transaction writes in memory until it ends, and a volume may be large: it is
 * written in steps. Nothing is lost by that, as the file has no name before it is whole. */
#define SEAL_STEP_BYTES (8u << 20)

struct dir_sealer {
    struct hf_sealer sealer;
    struct hf_kv *kv;
    struct hf_kv_txn *txn;
    size_t step_bytes; /* written since the transaction began */
    char name[HF_PLACE_NAME_MAX];
};

static const char *const sealed_tables[] = {"t"};

static struct dir *dir_of(struct hf_place *place)
{
    return HF_CONTAINER_OF(place, struct dir, place);
}

static enum hf_rc path_of(const struct dir *dir, const char *name, const char *suffix,
                          char out[HF_PATH_MAX], struct hf_err *err)
{
    int len = snprintf(out, HF_PATH_MAX, "%s/%s%s", dir->path, name, suffix);
    return len > 0 && len < HF_PATH_MAX ? HF_OK
                                        : hf_err_set(err, HF_ETOOBIG, "the path is too long");
}

/* A log that was not made after all leaves nothing behind, so that making it can be tried again. */
static void remove_unmade(const struct dir *dir)
{
    static const char *const names[] = {"log.mdb", "log.mdb-lock", "key", "owner"};
    for (size_t i = 0; i < HF_LEN(names); i++) {
        char path[HF_PATH_MAX];
        if (path_of(dir, names[i], "", path, /* err= */ NULL) == HF_OK) {
            (void)unlink(path);
        }
    }
}

static void close_place(struct hf_place *place)
{
    struct dir *dir = dir_of(place);
    if (place->mode == HF_PLACE_CREATE) {
        remove_unmade(dir);
    }
    if (dir->owner_fd >= 0) {
        (void)close(dir->owner_fd);
    }
    hf_heap_free(dir);
}

/* Opens it for reading: a plain file, and nothing that would have to be waited for, as a pipe. */
static enum hf_rc open_plain(const char *path, int *ret_fd, struct hf_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot open %s", path);
    }
    enum hf_rc rc = fstat(fd, &st) != 0    ? hf_err_errno(err, errno, "cannot look at %s", path)
                    : !S_ISREG(st.st_mode) ? hf_err_set(err, HF_EINVAL, "it is no plain file")
                                           : HF_OK;
    if (rc != HF_OK) {
        (void)close(fd);
        return rc;
    }
    *ret_fd = fd;
    return HF_OK;
}

/* The structure is checked through a descriptor of its own, closed before LMDB opens the file:
 * closing one later would drop LMDB's locks. */
static enum hf_rc check_pages(const char *path, const char *name, struct hf_err *err)
{
    int fd = -1;
    enum hf_rc rc = open_plain(path, &fd, err);
    if (rc == HF_OK) {
        rc = hf_pages_check(fd, err);
        (void)close(fd);
    }
    return rc == HF_OK ? rc : hf_err_wrap(err, rc, "data file %s", name);
}

static enum hf_rc open_env(struct hf_place *place, const char *name, const struct hf_kv_conf *conf,
                           struct hf_kv **ret_kv, struct hf_err *err)
{
    struct dir *dir = dir_of(place);
    char path[HF_PATH_MAX];
    char who[256];
    enum hf_rc rc = path_of(dir, name, "", path, err);
    if (rc != HF_OK) {
        return rc;
    }
    bool exists = access(path, F_OK) == 0;
    bool log_file = strcmp(name, "log.mdb") == 0;
    if (!exists && (place->mode == HF_PLACE_READ || (log_file && place->mode == HF_PLACE_OWN))) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no %s", path);
    }
    bool live = place->mode == HF_PLACE_READ && hf_owner_held(dir->path, who, sizeof who);
    if (exists && !live) {
        rc = check_pages(path, name, err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    return hf_lmdb_open(path, place->mode == HF_PLACE_READ ? HF_LMDB_READ : HF_LMDB_WRITE, conf,
                        ret_kv, err);
}

static enum hf_rc seal_begin(struct hf_place *place, const char *name, uint64_t bytes_max,
                             struct hf_sealer **ret_sealer, struct hf_err *err)
{
    HF_ASSERT(strlen(name) < HF_PLACE_NAME_MAX);
    char path[HF_PATH_MAX];
    enum hf_rc rc = path_of(dir_of(place), name, ".tmp", path, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct dir_sealer *sealer = hf_heap_zalloc(1, sizeof *sealer);
    if (sealer == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to seal");
    }
    struct hf_kv_conf conf = {sealed_tables, 1, bytes_max};
    sealer->sealer.place = place;
    (void)snprintf(sealer->name, sizeof sealer->name, "%s", name);
    (void)unlink(path); /* left by an interrupted sealing */
    rc = hf_lmdb_open(path, HF_LMDB_BUILD, &conf, &sealer->kv, err);
    if (rc == HF_OK) {
        rc = hf_kv_begin(sealer->kv, &sealer->txn, err);
    }
    if (rc != HF_OK) {
        hf_kv_close(sealer->kv);
        (void)unlink(path);
        hf_heap_free(sealer);
        return rc;
    }
    *ret_sealer = &sealer->sealer;
    return HF_OK;
}

static struct dir_sealer *sealer_of(struct hf_sealer *sealer)
{
    return HF_CONTAINER_OF(sealer, struct dir_sealer, sealer);
}

static enum hf_rc seal_put(struct hf_sealer *sealer, struct hf_bytes key, struct hf_bytes value,
                           struct hf_err *err)
{
    struct dir_sealer *s = sealer_of(sealer);
    enum hf_rc rc = HF_OK;
    if (s->step_bytes >= SEAL_STEP_BYTES) {
        rc = hf_kv_commit(s->txn, err);
        s->txn = NULL;
        s->step_bytes = 0;
        rc = rc == HF_OK ? hf_kv_begin(s->kv, &s->txn, err) : rc;
    }
    if (rc == HF_OK) {
        rc = hf_kv_put(s->txn, 0, key, value, true, err);
        s->step_bytes += key.len + value.len;
    }
    return rc;
}

static void seal_abort(struct hf_sealer *handle)
{
    struct dir_sealer *sealer = sealer_of(handle);
    char path[HF_PATH_MAX];
    if (sealer->txn != NULL) {
        hf_kv_abort(sealer->txn);
    }
    hf_kv_close(sealer->kv);
    if (path_of(dir_of(handle->place), sealer->name, ".tmp", path, /* err= */ NULL) == HF_OK) {
        (void)unlink(path);
    }
    hf_heap_free(sealer);
}

/* Synced under its temporary name, then renamed, then the folder synced: the name never shows
 * a file that is not whole. */
static enum hf_rc put_in_place(struct hf_place *place, const char *name, struct hf_err *err)
{
    char from[HF_PATH_MAX];
    char to[HF_PATH_MAX];
    enum hf_rc rc = path_of(dir_of(place), name, ".tmp", from, err);
    if (rc == HF_OK) {
        rc = path_of(dir_of(place), name, "", to, err);
    }
    if (rc == HF_OK && rename(from, to) != 0) {
        rc = hf_err_errno(err, errno, "cannot put %s in place", to);
    }
    return rc == HF_OK ? hf_dir_sync(dir_of(place)->path, err) : rc;
}

static enum hf_rc seal_finish(struct hf_sealer *handle, struct hf_err *err)
{
    struct dir_sealer *sealer = sealer_of(handle);
    enum hf_rc rc = hf_kv_commit(sealer->txn, err);
    sealer->txn = NULL;
    if (rc == HF_OK) {
        rc = hf_lmdb_sync(sealer->kv, err);
    }
    if (rc != HF_OK) {
        seal_abort(handle);
        return rc;
    }
    hf_kv_close(sealer->kv);
    sealer->kv = NULL;
    rc = put_in_place(handle->place, sealer->name, err);
    hf_heap_free(sealer);
    return rc;
}

static enum hf_rc sealed_open(struct hf_place *place, const char *name, struct hf_kv **ret_kv,
                              struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_kv_conf conf = {sealed_tables, 1, 0};
    enum hf_rc rc = path_of(dir_of(place), name, "", path, err);
    if (rc == HF_OK) {
        rc = check_pages(path, name, err);
    }
    return rc == HF_OK ? hf_lmdb_open(path, HF_LMDB_SEALED, &conf, ret_kv, err) : rc;
}

static enum hf_rc set_aside(struct hf_place *place, const char *name, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    char lock[HF_PATH_MAX];
    char beside[HF_PATH_MAX];
    enum hf_rc rc = path_of(dir_of(place), name, "", path, err);
    if (rc == HF_OK) {
        rc = path_of(dir_of(place), name, "-lock", lock, err);
    }
    if (rc == HF_OK) {
        rc = path_of(dir_of(place), name, ".damaged", beside, err);
    }
    if (rc == HF_OK) {
        (void)unlink(lock);
        rc = hf_file_move(path, beside, err);
    }
    return rc == HF_OK ? hf_dir_sync(dir_of(place)->path, err) : rc;
}

static enum hf_rc mark_write(struct hf_place *place, const char *name, struct hf_bytes bytes,
                             struct hf_err *err)
{
    char path[HF_PATH_MAX];
    HF_ASSERT(bytes.len <= HF_MARK_MAX);
    enum hf_rc rc = path_of(dir_of(place), name, "", path, err);
    if (rc != HF_OK) {
        return rc;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot write %s", path);
    }
    /* In place: a mark only grows or keeps its length, so a reader sees the old or the new one. */
    if (pwrite(fd, bytes.ptr, bytes.len, 0) != (ssize_t)bytes.len ||
        ftruncate(fd, (off_t)bytes.len) != 0) {
        rc = hf_err_errno(err, errno, "cannot write %s", path);
    }
    (void)close(fd);
    return rc;
}

static enum hf_rc mark_read(struct hf_place *place, const char *name, uint8_t *out, size_t cap,
                            size_t *ret_len, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    enum hf_rc rc = path_of(dir_of(place), name, "", path, err);
    if (rc != HF_OK) {
        return rc;
    }
    int fd = -1;
    rc = open_plain(path, &fd, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "%s", name);
    }
    ssize_t len = pread(fd, out, cap, 0);
    rc = len < 0 ? hf_err_errno(err, errno, "cannot read %s", path) : HF_OK;
    *ret_len = len < 0 ? 0 : (size_t)len;
    (void)close(fd);
    return rc;
}

static enum hf_rc room(struct hf_place *place, uint64_t *ret_free, uint64_t *ret_total,
                       struct hf_err *err)
{
    struct statvfs st;
    if (statvfs(dir_of(place)->path, &st) != 0) {
        return hf_err_errno(err, errno, "cannot ask for the free space of %s", dir_of(place)->path);
    }
    *ret_free = (uint64_t)st.f_bavail * st.f_frsize;
    *ret_total = (uint64_t)st.f_blocks * st.f_frsize;
    return HF_OK;
}

static bool foreign_owner(struct hf_place *place, char *out, size_t cap)
{
    struct dir *dir = dir_of(place);
    return dir->owner_fd < 0 && hf_owner_held(dir->path, out, cap);
}

static const struct hf_place_ops ops = {close_place, open_env,   seal_begin,  seal_put,
                                        seal_finish, seal_abort, sealed_open, set_aside,
                                        mark_write,  mark_read,  room,        foreign_owner};

/* LMDB's locks and shared maps do not work across machines. overlayfs is let in: its upper
 * layer is a local file system, and a container's log lives there when no volume is mounted. */
static enum hf_rc check_file_system(const char *path, struct hf_err *err)
{
    static const uint32_t refused[] = {0x6969,     0x517B,     0xFF534D42,
                                       0xFE534D42, 0x01021997, 0x5346414F};
    struct statfs st;
    if (statfs(path, &st) != 0) {
        return hf_err_errno(err, errno, "cannot open the folder %s", path);
    }
    for (size_t i = 0; i < HF_LEN(refused); i++) {
        if ((uint32_t)st.f_type == refused[i]) {
            return hf_err_set(err, HF_EINVAL,
                              "%s is on a network file system; a log needs a local disk", path);
        }
    }
    return HF_OK;
}

static enum hf_rc check_dir(const char *path, enum hf_place_mode mode, struct hf_err *err)
{
    struct stat st;
    if (mode == HF_PLACE_CREATE) {
        return hf_dir_create(path, 0700, false, err);
    }
    if (stat(path, &st) != 0) {
        return errno == ENOENT ? hf_err_set(err, HF_ENOTFOUND, "there is no folder %s", path)
                               : hf_err_errno(err, errno, "cannot open the folder %s", path);
    }
    return S_ISDIR(st.st_mode) ? HF_OK : hf_err_set(err, HF_EINVAL, "%s is not a folder", path);
}

enum hf_rc hf_place_dir_open(const char *path, enum hf_place_mode mode, const char *program,
                             struct hf_env *env, struct hf_place **ret_place, struct hf_err *err)
{
    enum hf_rc rc = check_dir(path, mode, err);
    if (rc == HF_OK) {
        rc = check_file_system(path, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    char log_file[HF_PATH_MAX];
    if (hf_path_join(path, "log.mdb", log_file, sizeof log_file) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", path);
    }
    if (mode != HF_PLACE_CREATE && access(log_file, F_OK) != 0) {
        return errno == ENOENT
                   ? hf_err_set(err, HF_EMISMATCH,
                                "the folder %s is not a log (there is no log.mdb in it); make a "
                                "log with holdfast log init",
                                path)
                   : hf_err_errno(err, errno, "cannot open the log %s", path);
    }
    size_t len = strlen(path);
    struct dir *dir = hf_heap_zalloc(1, sizeof *dir + len + 1);
    if (dir == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to open %s", path);
    }
    memcpy(dir->path, path, len + 1);
    dir->place.ops = &ops;
    dir->place.mode = mode;
    dir->owner_fd = -1;
    if (mode != HF_PLACE_READ) {
        rc = hf_owner_take(path, program, env, &dir->owner_fd, err);
        if (rc != HF_OK) {
            hf_heap_free(dir);
            return rc;
        }
    }
    *ret_place = &dir->place;
    return HF_OK;
}
