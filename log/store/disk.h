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

/* Fills a place that is being made, at `dir`, which may not be the folder where it will lie. */
struct hf_disk_fill {
    enum hf_rc (*fill)(void *arg, struct hf_place *place, const char *dir, struct hf_err *err);
    void *arg;
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
    void (*remove)(struct hf_disk *disk, const char *path);
    enum hf_rc (*place)(struct hf_disk *disk, const struct hf_disk_place *conf,
                        struct hf_place **ret_place, struct hf_err *err);
    bool (*has_place)(struct hf_disk *disk, const char *path);
    enum hf_rc (*make_place)(struct hf_disk *disk, const struct hf_disk_place *conf,
                             const struct hf_disk_fill *fill, struct hf_err *err);
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

/* A file or a folder with what is in it, on the same file system. */
static inline enum hf_rc hf_disk_move(struct hf_disk *disk, const char *from, const char *to,
                                      struct hf_err *err)
{
    return disk->ops->move(disk, from, to, err);
}

/* A file; that it is not there is fine. */
static inline void hf_disk_remove(struct hf_disk *disk, const char *path)
{
    disk->ops->remove(disk, path);
}

/* Is there a place that was made to its end? */
static inline bool hf_disk_has_place(struct hf_disk *disk, const char *path)
{
    return disk->ops->has_place(disk, path);
}

/* Makes a place of a log and its file "key" whole or not at all: a program that is killed at any
 * moment leaves it, or what the next try clears away. conf->mode does not matter. */
static inline enum hf_rc hf_disk_make_place(struct hf_disk *disk, const struct hf_disk_place *conf,
                                            const struct hf_disk_fill *fill, struct hf_err *err)
{
    return disk->ops->make_place(disk, conf, fill, err);
}

/* As hf_place_dir_open. */
static inline enum hf_rc hf_disk_open_place(struct hf_disk *disk, const struct hf_disk_place *conf,
                                            struct hf_place **ret_place, struct hf_err *err)
{
    return disk->ops->place(disk, conf, ret_place, err);
}

#endif
