/* log/store/place.h: the folder of a log: its environments, sealed files, marks, owner, room.
 *
 * Everything a log keeps on disk goes through here. hf_place_dir_open serves a real folder with
 * LMDB; hf_place_model_new serves the simulator (place_model.h). Names are plain file names.
 *
 * Files: an *environment* (hf_place_env) is a read-write hf_kv. A *sealed file* is an immutable
 * hf_kv with one table (0), written once: build it, finish it (synced, then renamed into place,
 * folder synced), open it read-only any number of times. A *mark* is a small file (at most
 * 4 KiB) that is overwritten in place without sync: a hint whose loss or tearing is harmless.
 * Threads: any; sealed builders belong to one thread.
 */
#ifndef HF_LOG_STORE_PLACE_H
#define HF_LOG_STORE_PLACE_H

#include "base/env.h"
#include "log/store/kv.h"

struct hf_place;
struct hf_sealer; /* a sealed file under construction */

#define HF_PLACE_NAME_MAX 64
#define HF_MARK_MAX       4096

enum hf_place_mode {
    HF_PLACE_READ,   /* never writes; others may write meanwhile */
    HF_PLACE_OWN,    /* the one owner: takes the owner lock, HF_ELOCKED says who holds it */
    HF_PLACE_CREATE, /* HF_PLACE_OWN on a folder that does not exist yet or is empty */
};

struct hf_kv_conf {
    const char *const *tables; /* names, borrowed for the call */
    int table_count;
    uint64_t map_bytes; /* most the file may ever hold */
};

struct hf_place_ops {
    void (*close)(struct hf_place *place);
    enum hf_rc (*env)(struct hf_place *place, const char *name, const struct hf_kv_conf *conf,
                      struct hf_kv **ret_kv, struct hf_err *err);
    enum hf_rc (*seal_begin)(struct hf_place *place, const char *name, uint64_t bytes_max,
                             struct hf_sealer **ret_sealer, struct hf_err *err);
    enum hf_rc (*seal_put)(struct hf_sealer *sealer, struct hf_bytes key, struct hf_bytes value,
                           struct hf_err *err);
    enum hf_rc (*seal_finish)(struct hf_sealer *sealer, struct hf_err *err);
    void (*seal_abort)(struct hf_sealer *sealer);
    enum hf_rc (*sealed_open)(struct hf_place *place, const char *name, struct hf_kv **ret_kv,
                              struct hf_err *err);
    enum hf_rc (*set_aside)(struct hf_place *place, const char *name, struct hf_err *err);
    enum hf_rc (*mark_write)(struct hf_place *place, const char *name, struct hf_bytes bytes,
                             struct hf_err *err);
    enum hf_rc (*mark_read)(struct hf_place *place, const char *name, uint8_t *out, size_t cap,
                            size_t *ret_len, struct hf_err *err);
    enum hf_rc (*room)(struct hf_place *place, uint64_t *ret_free, uint64_t *ret_total,
                       struct hf_err *err);
    bool (*foreign_owner)(struct hf_place *place, char *out, size_t cap);
};

struct hf_place {
    const struct hf_place_ops *ops;
    enum hf_place_mode mode;
};

/* Opens the folder at path. HF_ENOTFOUND: no such folder; HF_EEXIST (CREATE): not empty;
 * HF_ELOCKED: the text names process id, program and since when; HF_EINVAL: on a network or
 * overlay file system that LMDB must not be used on, or not a folder. program: for the owner
 * file ("holdfast log append"). Gives *ret_place. */
enum hf_rc hf_place_dir_open(const char *path, enum hf_place_mode mode, const char *program,
                             struct hf_env *env, struct hf_place **ret_place, struct hf_err *err);

/* Everything opened from it must be closed before. NULL is fine. */
void hf_place_close(struct hf_place *place);

/* Opens (mode CREATE or OWN: creates when missing) an environment. The file's page structure is
 * checked first (log/store/pages.h) unless another process owns it right now. HF_ENOTFOUND (READ)
 * when missing,
 * HF_ECORRUPT with what is wrong where, HF_EINVAL when it is no such file. */
enum hf_rc hf_place_env(struct hf_place *place, const char *name, const struct hf_kv_conf *conf,
                        struct hf_kv **ret_kv, struct hf_err *err);

/* A file left by an interrupted sealing of that name is replaced. bytes_max bounds the file. */
enum hf_rc hf_seal_begin(struct hf_place *place, const char *name, uint64_t bytes_max,
                         struct hf_sealer **ret_sealer, struct hf_err *err);
/* Keys in strictly ascending order. */
enum hf_rc hf_seal_put(struct hf_sealer *sealer, struct hf_bytes key, struct hf_bytes value,
                       struct hf_err *err);
/* Takes the sealer. After HF_OK the file is durable under its name. */
enum hf_rc hf_seal_finish(struct hf_sealer *sealer, struct hf_err *err);
void hf_seal_abort(struct hf_sealer *sealer);

/* Read-only; write operations on it answer HF_EREADONLY. Errors as hf_place_env. */
enum hf_rc hf_sealed_open(struct hf_place *place, const char *name, struct hf_kv **ret_kv,
                          struct hf_err *err);

/* Puts an environment or sealed file that is not open, and is damaged, beside as NAME.damaged, in
 * the place of an earlier one, for who wants to look. HF_ENOTFOUND is an error. */
enum hf_rc hf_place_set_aside(struct hf_place *place, const char *name, struct hf_err *err);

enum hf_rc hf_mark_write(struct hf_place *place, const char *name, struct hf_bytes bytes,
                         struct hf_err *err);
enum hf_rc hf_mark_read(struct hf_place *place, const char *name, uint8_t *out, size_t cap,
                        size_t *ret_len, struct hf_err *err);

/* Free and total bytes of the file system, for an unprivileged process. */
enum hf_rc hf_place_room(struct hf_place *place, uint64_t *ret_free, uint64_t *ret_total,
                         struct hf_err *err);

/* True when another process owns the place right now; out gets who ("pid 12 (holdfast ..)"). */
bool hf_place_foreign_owner(struct hf_place *place, char *out, size_t cap);

#endif
