/* hub/model_reader.h: asks a database that a worker keeps, without waiting for it.
 *
 * One connection, used on a thread of the loop's pool, one question after the other. A database
 * that does not answer holds nobody up: after 2 s new questions and those that wait are refused,
 * after 5 s the connection is given up. Every 5 s it asks by itself where the read models are.
 * Threads: the loop's.
 */
#ifndef HF_HUB_MODEL_READER_H
#define HF_HUB_MODEL_READER_H

#include "base/logger.h"
#include "base/loop.h"
#include "hub/model_ask.h"

/* Embedded by who asks, in place until `done` ran. */
struct hf_read_job {
    /* public */
    struct hf_model_question question;
    void (*done)(struct hf_read_job *job); /* on the loop, never inside of the asking */
    enum hf_rc rc;
    struct hf_err err;
    /* private */
    struct hf_queue node;
    bool begun; /* its transaction */
};

struct hf_model_reader;

struct hf_model_reader_state {
    uint64_t position;  /* entries that all read models hold, as it was said last */
    int64_t current_us; /* when they were at the log's end last; 0: not yet */
    uint64_t failures;
};

struct hf_model_reader_conf {
    struct hf_loop *loop;
    const char *url; /* postgresql://... */
    const struct hf_logger *logger;
    uint64_t (*log_size)(void *arg); /* of the log now */
    void *arg;
};

/* Copies the URL, borrows the rest. Gives *ret_reader. */
enum hf_rc hf_model_reader_new(const struct hf_model_reader_conf *conf,
                               struct hf_model_reader **ret_reader, struct hf_err *err);
const struct hf_model_reader_state *hf_model_reader_state(const struct hf_model_reader *reader);
/* The job's `done` will run. */
void hf_model_reader_ask(struct hf_model_reader *reader, struct hf_read_job *job);
/* Refuses everything from now on, and gives up what is under way. Also for NULL. */
void hf_model_reader_quit(struct hf_model_reader *reader);
/* When nothing is under way any more it is freed, then closed(arg); for NULL at once. */
void hf_model_reader_free(struct hf_model_reader *reader, void (*closed)(void *arg), void *arg);

#endif
