/* log/owned/owned.h: a log with its keys, as its one owner opens it: Hub and tenant agent.
 *
 * The folder holds the log and key files sealed under this host's key (base/host_key.h). A folder
 * that does not exist is made, with a fresh log key; a mirror of a log that somebody else writes
 * without one (log/owned/mirror.h fills it).
 * Order: hf_owned_open, appends through hf_owned_post or the writer's appender, hf_owned_close,
 * whose callback is the end. Threads: the loop's.
 */
#ifndef HF_LOG_OWNED_OWNED_H
#define HF_LOG_OWNED_OWNED_H

#include "base/logger.h"
#include "base/loop.h"
#include "base/secret.h"
#include "log/core/log.h"
#include "log/core/writer.h"
#include "log/store/disk.h"
#include "schemas/envelope.h"

struct hf_owned_conf {
    struct hf_loop *loop; /* borrowed */
    struct hf_disk *disk; /* borrowed */
    const char *dir;
    const char *origin; /* of a log that is made now */
    const char *program;
    const char *key_file;             /* of whose seed a log that is made now signs; NULL: fresh */
    const struct hf_vkey *source;     /* of the log that this is a mirror of; NULL: it is ours */
    const struct hf_secret *host_key; /* borrowed for the call; NULL for a mirror */
    uint64_t free_floor;              /* 0: the default */
    void (*changed)(void *arg, struct hf_log_writer *writer);
    void *arg;
};

struct hf_owned {
    struct hf_loop *loop;
    struct hf_place *place;
    struct hf_log *log;
    struct hf_log_writer *writer;
    struct hf_signing_key *key; /* NULL for a mirror */
    void (*closed)(void *arg);
    void *closed_arg;
    bool full; /* as it was told last */
};

/* HF_EMISMATCH: the folder's log is not a mirror of `source`. */
enum hf_rc hf_owned_open(const struct hf_owned_conf *conf, struct hf_owned *ret_owned,
                         struct hf_err *err);
/* Finishes what was submitted, then closed(arg) on the loop. Also for one whose opening failed:
 * then at once. */
void hf_owned_close(struct hf_owned *owned, void (*closed)(void *arg), void *arg);

/* One line, when its indexes were damaged and are made again; after the opening. */
void hf_owned_tell_index(const struct hf_owned *owned, const struct hf_logger *logger);

/* For `changed`: true once when the log became read-only for want of room, or writable. */
bool hf_owned_room_turned(struct hf_owned *owned, const struct hf_log_writer *writer);

/* Another key of the same owner. */
struct hf_owned_key_conf {
    const char *dir;
    const char *name; /* of the file */
    const char *key_name;
    enum hf_key_type type;
    const struct hf_secret *host_key;
    struct hf_env *env;
    struct hf_disk *disk;
};

/* Loads dir/name, makes it when it is missing. Gives *ret_key; *ret_vkey is the key as it is in the
 * file. */
enum hf_rc hf_owned_key(const struct hf_owned_key_conf *conf, struct hf_signing_key **ret_key,
                        struct hf_vkey *ret_vkey, struct hf_err *err);

/* One event to append; embedded by its owner, left in place until `done` ran. */
struct hf_post {
    /* public */
    void (*done)(struct hf_post *post);
    struct hf_append append; /* the answer: rc, err, first, repeated, checkpoint */
    /* private */
    struct hf_submission item;
    struct hf_expect expect;
    char stream[HF_NAME_MAX];
    uint8_t *bytes;
};

struct hf_post_conf {
    const struct hf_envelope *envelope; /* producer to payload; blob hash filled in by `blob` */
    struct hf_bytes blob;               /* borrowed until done; empty: none */
    bool expects;                       /* the stream must be at `version` */
    uint64_t version;
    enum hf_wait wait;
};

/* HF_OK: `done` will run on the loop. Else the event cannot be written (HF_EINVAL, HF_ETOOBIG,
 * HF_ENOMEM) and `done` does not run. */
enum hf_rc hf_owned_post(struct hf_owned *owned, const struct hf_post_conf *conf,
                         struct hf_post *post, struct hf_err *err);

#endif
