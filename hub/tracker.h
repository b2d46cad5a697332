/* hub/tracker.h: follows a Hub's log over its Unix socket, part by part, and keeps how far it got.
 *
 * It asks for one part at a time (log/mirror/follow.h); the caller uses it, then asks for the next.
 * A Hub that is away is asked again, after 0.2 s, doubling to 5 s. What can only mean that the log
 * was rewritten or put back ends it for good; both signed checkpoints are then left in the folder,
 * as fork-known.note and fork-shown.note.
 * The state is a file "follow" in the folder. It is 5 s old or older, so that a database which lost
 * its last moments in a crash is not behind it; what comes twice is let go by who uses it. A lost
 * state means a beginning at 0. Without one the key is that which the Hub names.
 * Threads: the loop's. No callback runs inside of the call that asked for it.
 */
#ifndef HF_HUB_TRACKER_H
#define HF_HUB_TRACKER_H

#include "base/file.h"
#include "base/http/client.h"
#include "base/logger.h"
#include "log/mirror/follow.h"
#include "log/store/disk.h"

struct hf_tracker_conf {
    struct hf_loop *loop;
    struct hf_disk *disk;
    const struct hf_logger *logger;
    const char *dir;    /* of the state; made when it is not there */
    const char *socket; /* path of the Hub's socket */
    /* The log's key is known, and where to go on: call hf_tracker_next. */
    void (*ready)(void *arg);
    /* A part, good until the next one is asked for. NULL: the log has no more just now. */
    void (*part)(void *arg, const struct hf_follow_part *part);
    /* It cannot go on, ever. */
    void (*failed)(void *arg, enum hf_rc rc, const struct hf_err *err);
    void *arg;
};

struct hf_tracker {
    struct hf_follow follow; /* read-only */
    /* private */
    struct hf_tracker_conf conf;
    char dir[HF_PATH_MAX];
    struct hf_http_client *client;
    struct hf_http_call call;
    bool calling;
    bool known; /* the key */
    bool begun; /* a part was asked for */
    void (*posted)(void *arg, int status);
    char url[160];
    bool at_end;        /* the last answer was that there is no more: the next one may wait */
    struct hf_buf body; /* of the part */
    struct hf_timer timer;
    unsigned failures;
    bool in_hand;          /* the last part is still being used */
    struct hf_follow aged; /* what is written next; as it was at aged_ns */
    uint64_t aged_ns;
};

/* Borrows what conf points to, its dir only for the call. */
enum hf_rc hf_tracker_open(struct hf_tracker *tracker, const struct hf_tracker_conf *conf,
                           struct hf_err *err);
/* The next part; the one before was used, durably as far as its user can tell. */
void hf_tracker_next(struct hf_tracker *tracker);
/* Goes back to the beginning; the root at known_size, if it is not 0, must be this one. */
void hf_tracker_again(struct hf_tracker *tracker, uint64_t known_size, const struct hf_hash *root);
/* Writes the state as it is. Also for one of zeroes, and half open. */
void hf_tracker_close(struct hf_tracker *tracker);

/* Another call to the same Hub, while no part is on its way: a POST of JSON; done(arg, status). */
void hf_tracker_post(struct hf_tracker *tracker, const char *path, struct hf_bytes json,
                     void (*done)(void *arg, int status));

#endif
