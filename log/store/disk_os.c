/* log/store/disk_os.c: the operating system's disk. */
#include "log/store/disk.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "log/store/owner.h"

static enum hf_rc read_file(struct hf_disk *disk, const char *path, struct hf_buf *buf,
                            struct hf_err *err)
{
    (void)disk;
    return hf_file_read(path, buf, err);
}

static enum hf_rc create_file(struct hf_disk *disk, const char *path, struct hf_bytes data,
                              mode_t mode, struct hf_err *err)
{
    (void)disk;
    return hf_file_create(path, data, mode, err);
}

static enum hf_rc replace_file(struct hf_disk *disk, const char *path, struct hf_bytes data,
                               mode_t mode, struct hf_err *err)
{
    (void)disk;
    return hf_file_replace(path, data, mode, err);
}

static bool file_exists(struct hf_disk *disk, const char *path)
{
    (void)disk;
    return access(path, F_OK) == 0;
}

static enum hf_rc make_dirs(struct hf_disk *disk, const char *path, mode_t mode, struct hf_err *err)
{
    (void)disk;
    return hf_dir_create_all(path, mode, err);
}

static enum hf_rc move(struct hf_disk *disk, const char *from, const char *to, struct hf_err *err)
{
    (void)disk;
    return rename(from, to) == 0 ? HF_OK
                                 : hf_err_set(err, HF_EIO, "%s cannot be moved to %s", from, to);
}

static void remove_file(struct hf_disk *disk, const char *path)
{
    (void)disk;
    (void)unlink(path);
}

/* A log is a folder with log.mdb. It is made in a folder of its own and moved up, that file last.
 * Of a key that was made in vain nobody knows yet. */

#define MAKING "making"

/* Where a log is made, and where its files go. */
struct making {
    char dir[HF_PATH_MAX];
    char key[HF_PATH_MAX];
    char log[HF_PATH_MAX];
    char final_key[HF_PATH_MAX];
    char final_log[HF_PATH_MAX];
};

static enum hf_rc paths_of(const char *dir, struct making *making, struct hf_err *err)
{
    if (hf_path_join(dir, MAKING, making->dir, HF_PATH_MAX) != HF_OK ||
        hf_path_join(making->dir, "key", making->key, HF_PATH_MAX) != HF_OK ||
        hf_path_join(making->dir, "log.mdb", making->log, HF_PATH_MAX) != HF_OK ||
        hf_path_join(dir, "key", making->final_key, HF_PATH_MAX) != HF_OK ||
        hf_path_join(dir, "log.mdb", making->final_log, HF_PATH_MAX) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", dir);
    }
    return HF_OK;
}

/* Whatever lies in the folder when it is no log: only what an earlier try left. */
static enum hf_rc check_folder(const char *dir, const struct making *making, struct hf_err *err)
{
    char holder[128];
    if (access(making->dir, F_OK) != 0) {
        return hf_dir_create(dir, 0700, /* may_exist= */ false, err);
    }
    if (hf_owner_held(making->dir, holder, sizeof holder)) {
        return hf_err_set(err, HF_ELOCKED, "%s is being made by %s", dir, holder);
    }
    if (unlink(making->final_key) != 0 && errno != ENOENT) { /* it was moved up, its log was not */
        return hf_err_errno(err, errno, "cannot remove %s", making->final_key);
    }
    return hf_dir_remove(making->dir, err);
}

static enum hf_rc move_up(const char *from, const char *to, const char *dir, struct hf_err *err)
{
    return rename(from, to) == 0 ? hf_dir_sync(dir, err)
                                 : hf_err_errno(err, errno, "cannot make %s", to);
}

static enum hf_rc make_place(struct hf_disk *disk, const struct hf_disk_place *conf,
                             const struct hf_disk_fill *fill, struct hf_err *err)
{
    struct making making;
    struct hf_place *place = NULL;
    (void)disk;
    enum hf_rc rc = paths_of(conf->path, &making, err);
    if (rc == HF_OK) {
        rc = check_folder(conf->path, &making, err);
    }
    if (rc == HF_OK) {
        rc = hf_place_dir_open(making.dir, HF_PLACE_CREATE, conf->program, conf->env, &place, err);
    }
    if (rc == HF_OK) {
        rc = fill->fill(fill->arg, place, making.dir, err);
    }
    hf_place_close(place);
    if (rc == HF_OK) {
        rc = move_up(making.key, making.final_key, conf->path, err);
    }
    return rc == HF_OK ? move_up(making.log, making.final_log, conf->path, err) : rc;
}

static bool has_place(struct hf_disk *disk, const char *path)
{
    struct making making;
    (void)disk;
    return paths_of(path, &making, NULL) == HF_OK && access(making.final_log, F_OK) == 0;
}

static enum hf_rc open_place(struct hf_disk *disk, const struct hf_disk_place *conf,
                             struct hf_place **ret_place, struct hf_err *err)
{
    struct making making;
    (void)disk;
    enum hf_rc rc = paths_of(conf->path, &making, err);
    if (rc == HF_OK) {
        rc = hf_place_dir_open(conf->path, conf->mode, conf->program, conf->env, ret_place, err);
    }
    if (rc == HF_OK && access(making.dir, F_OK) == 0) { /* of a try that was killed at its end */
        rc = hf_dir_remove(making.dir, err);
    }
    return rc;
}

static const struct hf_disk_ops ops = {
    .read = read_file,
    .create = create_file,
    .replace = replace_file,
    .exists = file_exists,
    .make_dirs = make_dirs,
    .move = move,
    .remove = remove_file,
    .place = open_place,
    .has_place = has_place,
    .make_place = make_place,
};

struct hf_disk *hf_disk_os(void)
{
    /* Not changed by anybody; not const because the interface's receiver is not. */
    static struct hf_disk disk = {&ops};
    return &disk;
}
