/* log/store/disk_os.c: the operating system's disk. */
#include <errno.h>
#include <unistd.h>

#include "log/store/disk.h"
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
    return hf_file_move(from, to, err);
}

static enum hf_rc remove_file(struct hf_disk *disk, const char *path, struct hf_err *err)
{
    (void)disk;
    return unlink(path) == 0 || errno == ENOENT
               ? HF_OK
               : hf_err_errno(err, errno, "cannot remove %s", path);
}

static enum hf_rc make_dir(struct hf_disk *disk, const char *path, mode_t mode, struct hf_err *err)
{
    (void)disk;
    return hf_dir_create(path, mode, /* may_exist= */ false, err);
}

static enum hf_rc remove_dir(struct hf_disk *disk, const char *path, struct hf_err *err)
{
    (void)disk;
    return hf_dir_remove(path, err);
}

static bool held(struct hf_disk *disk, const char *path, char *out, size_t cap)
{
    (void)disk;
    return hf_owner_held(path, out, cap);
}

static enum hf_rc open_place(struct hf_disk *disk, const struct hf_disk_place *conf,
                             struct hf_place **ret_place, struct hf_err *err)
{
    (void)disk;
    return hf_place_dir_open(conf->path, conf->mode, conf->program, conf->env, ret_place, err);
}

static const struct hf_disk_ops ops = {read_file,  create_file, replace_file, file_exists,
                                       make_dirs,  move,        remove_file,  make_dir,
                                       remove_dir, held,        open_place};

struct hf_disk *hf_disk_os(void)
{
    /* Not changed by anybody; not const because the interface's receiver is not. */
    static struct hf_disk disk = {&ops};
    return &disk;
}
