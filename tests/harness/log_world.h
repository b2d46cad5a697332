/* tests/harness/log_world.h: a log with its key, loop and writer, opened and closed many times.
 *
 *   struct hf_log_world w = {.path = "..."};           a folder, in real time, or
 *   struct hf_log_world w = {.disk = .., .sim = ..};   a model disk, in virtual time
 *   hf_log_world_init, (hf_log_world_open, hf_log_world_close)*, hf_log_world_fini
 *
 * After a failure `err` says why. Link sample: log_world_dep. One thread.
 */
#ifndef HF_TESTS_HARNESS_LOG_WORLD_H
#define HF_TESTS_HARNESS_LOG_WORLD_H

#include "log/core/writer.h"
#include "log/store/place_model.h"

struct hf_log_world {
    /* public: where; set before hf_log_world_open */
    char path[512];
    struct hf_disk_model *disk;                               /* borrowed; NULL: path */
    struct hf_env_sim *sim;                                   /* borrowed; with disk */
    uint64_t free_floor;                                      /* the writer's: 0 is its default */
    void (*changed)(void *arg, struct hf_log_writer *writer); /* the writer's, may be NULL */
    void *arg;
    /* public, made by _init */
    struct hf_signing_key *key;
    struct hf_identity identity;
    /* public, NULL while closed; a test may open its own into place and log */
    struct hf_place *place;
    struct hf_log *log;
    struct hf_loop *loop;
    struct hf_log_writer *writer;
    bool made; /* the log was created: from now on it is opened with HF_PLACE_OWN */
    struct hf_err err;
};

/* What a log of events is opened with. */
extern const struct hf_log_options hf_log_world_options;

/* A fresh key, and an identity of that kind ("events", "opaque"). */
enum hf_rc hf_log_world_init(struct hf_log_world *world, const char *kind);
/* After a failure: hf_log_world_close, as for a success. */
enum hf_rc hf_log_world_open(struct hf_log_world *world, enum hf_place_mode mode);
/* Fine for what is half open, and twice. */
void hf_log_world_close(struct hf_log_world *world);
/* Closes it too. */
void hf_log_world_fini(struct hf_log_world *world);

/* Does nothing: for appends whose answer is looked at after the loop ran. */
void hf_log_world_answered(struct hf_append *append);

#endif
