/* log/store/disk.h: the disk of a program: its small files and the folders of its logs.
 *
 * What the Hub and the agent keep goes through here, so that a simulation can give them a disk that
 * crashes. hf_disk_os is the operating system's. Paths are whole paths; whole operations are done
 * or not done (base/file.h). Threads: any.
 */
#ifndef HF_LOG_STORE_DISK_H
#define HF_LOG_STORE_DISK_H

#include "base/file.h"
#include "log/store/place.h"

struct hf_disk;

/* As the arguments of hf_place_dir_open. */
struct hf_disk_place {
    const char *path;
    enum hf_place_mode mode;
    const char *program;
    struct hf_env *env;
};

struct hf_disk_ops {
    enum hf_rc (*read)(struct hf_disk *disk, const char *path, struct hf_buf *buf,
                       struct hf_err *err);
    enum hf_rc (*create)(struct hf_disk *disk, const char *path, struct hf_bytes data, mode_t mode,
                         struct hf_err *err);
    enum hf_rc (*replace)(struct hf_disk *disk, const char *path, struct hf_bytes data, mode_t mode,
                          struct hf_err *err);
    bool (*exists)(struct hf_disk *disk, const char *path);
    enum hf_rc (*make_dirs)(struct hf_disk *disk, const char *path, mode_t mode,
                            struct hf_err *err);
    enum hf_rc (*move)(struct hf_disk *disk, const char *from, const char *to, struct hf_err *err);
    enum hf_rc (*remove)(struct hf_disk *disk, const char *path, struct hf_err *err);
    enum hf_rc (*make_dir)(struct hf_disk *disk, const char *path, mode_t mode, struct hf_err *err);
    enum hf_rc (*remove_dir)(struct hf_disk *disk, const char *path, struct hf_err *err);
    bool (*held)(struct hf_disk *disk, const char *path, char *out, size_t cap);
    enum hf_rc (*place)(struct hf_disk *disk, const struct hf_disk_place *conf,
                        struct hf_place **ret_place, struct hf_err *err);
};

struct hf_disk {
    const struct hf_disk_ops *ops;
};

/* Static, stateless, never freed. */
struct hf_disk *hf_disk_os(void);

/* As hf_file_read. */
static inline enum hf_rc hf_disk_read(struct hf_disk *disk, const char *path, struct hf_buf *buf,
                                      struct hf_err *err)
{
    return disk->ops->read(disk, path, buf, err);
}

/* As hf_file_create. */
static inline enum hf_rc hf_disk_create(struct hf_disk *disk, const char *path,
                                        struct hf_bytes data, mode_t mode, struct hf_err *err)
{
    return disk->ops->create(disk, path, data, mode, err);
}

/* As hf_file_replace. */
static inline enum hf_rc hf_disk_replace(struct hf_disk *disk, const char *path,
                                         struct hf_bytes data, mode_t mode, struct hf_err *err)
{
    return disk->ops->replace(disk, path, data, mode, err);
}

static inline bool hf_disk_exists(struct hf_disk *disk, const char *path)
{
    return disk->ops->exists(disk, path);
}

/* As hf_dir_create_all. */
static inline enum hf_rc hf_disk_make_dirs(struct hf_disk *disk, const char *path, mode_t mode,
                                           struct hf_err *err)
{
    return disk->ops->make_dirs(disk, path, mode, err);
}

/* As hf_file_move. */
static inline enum hf_rc hf_disk_move(struct hf_disk *disk, const char *from, const char *to,
                                      struct hf_err *err)
{
    return disk->ops->move(disk, from, to, err);
}

/* A file; that it is not there is fine. */
static inline enum hf_rc hf_disk_remove(struct hf_disk *disk, const char *path, struct hf_err *err)
{
    return disk->ops->remove(disk, path, err);
}

/* As hf_dir_create for one that must be empty. */
static inline enum hf_rc hf_disk_make_dir(struct hf_disk *disk, const char *path, mode_t mode,
                                          struct hf_err *err)
{
    return disk->ops->make_dir(disk, path, mode, err);
}

/* As hf_dir_remove. */
static inline enum hf_rc hf_disk_remove_dir(struct hf_disk *disk, const char *path,
                                            struct hf_err *err)
{
    return disk->ops->remove_dir(disk, path, err);
}

/* Does anybody own the log at path? As hf_owner_held. */
static inline bool hf_disk_held(struct hf_disk *disk, const char *path, char *out, size_t cap)
{
    return disk->ops->held(disk, path, out, cap);
}

/* As hf_place_dir_open. */
static inline enum hf_rc hf_disk_open_place(struct hf_disk *disk, const struct hf_disk_place *conf,
                                            struct hf_place **ret_place, struct hf_err *err)
{
    return disk->ops->place(disk, conf, ret_place, err);
}

#endif
