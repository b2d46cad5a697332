/* wrapper/answers.h: waits at the agent's socket for people's answers to requests for approval.
 *
 * One long poll at a time, and only while somebody waits. An answer counts when it names the
 * approval and the very request (its submission hash) that was recorded, and is not over yet.
 * Threads: the loop's.
 */
#ifndef HF_WRAPPER_ANSWERS_H
#define HF_WRAPPER_ANSWERS_H

#include "base/http/client.h"
#include "base/queue.h"

#define HF_APPROVAL_NAME_MAX 48

struct hf_answers;

/* Embedded by its owner; in place until `answered` ran or it was left. */
struct hf_waiting {
    /* public */
    char approval[HF_APPROVAL_NAME_MAX + 1];
    struct hf_hash request; /* submission hash of the request */
    uint64_t asked;         /* index of the request in the tenant's log */
    /* Once, on the loop; it waits no longer. */
    void (*answered)(struct hf_waiting *waiting);
    /* the answer */
    bool approved;
    uint64_t delivered; /* index of the answer's entry */
    /* private */
    struct hf_queue node;
};

/* Borrows client, which speaks to the agent's socket. */
enum hf_rc hf_answers_new(struct hf_loop *loop, struct hf_http_client *client,
                          struct hf_answers **ret_answers, struct hf_err *err);
/* Who waits is forgotten. NULL is fine. */
void hf_answers_free(struct hf_answers *answers);
void hf_answers_wait(struct hf_answers *answers, struct hf_waiting *waiting);
void hf_answers_leave(struct hf_answers *answers, struct hf_waiting *waiting);

#endif
