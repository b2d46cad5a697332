/* log/remote/tracker.h: follows a region's log over HTTP, part by part, and keeps how far it got.
 *
 * It asks for one part at a time (log/mirror/follow.h); the caller uses it, then asks for the next.
 * A Hub that is away is asked again, after 0.2 s, doubling to 5 s. What can only mean that the log
 * was rewritten or put back ends it for good; what both sides signed is then left in the folder, as
 * fork-known.note and fork-shown.note.
 * The state is a file "follow" in the folder, or the caller's (`from`). The file is 5 s old or
 * older, so that a database which lost its last moments in a crash is not behind it; what comes
 * twice is let go by who uses it. A lost file means a beginning at 0, and then the key is that
 * which the Hub names.
 * Threads: the loop's. No callback runs inside of the call that asked for it.
 */
#ifndef HF_LOG_REMOTE_TRACKER_H
#define HF_LOG_REMOTE_TRACKER_H

#include "base/file.h"
#include "base/http/client.h"
#include "base/logger.h"
#include "log/mirror/follow.h"
#include "log/store/disk.h"

#define HF_TRACKER_URL_MAX 512

struct hf_tracker_conf {
    struct hf_loop *loop;
    struct hf_disk *disk;
    const struct hf_logger *logger;
    const char *dir; /* of the state and of what proves a fork; made when it is not there */
    const struct hf_http_client_conf *client; /* how the Hub is reached; for the call only */
    const char *url;                          /* before the paths of the API */
    const struct hf_secret *token;            /* NULL: none is needed */
    const struct hf_follow *from;             /* what the caller keeps; copied. NULL: the file */
    bool once; /* a Hub that cannot be followed now ends it, instead of another try */
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
    uint64_t size;           /* read-only; of the Hub's log when it was asked first; with `from` */
    /* private */
    struct hf_tracker_conf conf;
    char dir[HF_PATH_MAX];
    struct hf_http_client *client;
    struct hf_http_call call;
    bool calling;
    bool known; /* the key */
    bool named; /* by the Hub, and it is the one that is known */
    bool begun; /* a part was asked for */
    void (*posted)(void *arg, int status);
    char url[HF_TRACKER_URL_MAX];
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
