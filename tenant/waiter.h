/* tenant/waiter.h: requests on the agent's socket that wait until there is something to answer.
 *
 * Who asks is answered at once, or when hf_agent_waiters_wake finds that there is an answer, or
 * after its time with what there is. Threads: the loop's.
 */
#ifndef HF_TENANT_WAITER_H
#define HF_TENANT_WAITER_H

#include "base/buf.h"
#include "base/http/server.h"
#include "commands/manifest.h"

#define HF_AGENT_WAIT_MAX_S 30

struct hf_agent;

/* Whoever an exchange of the local API belongs to. */
struct hf_agent_holder {
    void (*over)(struct hf_agent_holder *holder);
};

/* What is asked; each kind of question uses its own members. */
struct hf_agent_question {
    uint64_t from; /* of decisions */
    enum hf_slot slot;
    bool has_known; /* of artifacts: the one that is known already */
    struct hf_hash known;
};

struct hf_agent_reply {
    struct hf_buf text; /* JSON; free it in any case */
    enum hf_rc rc;
    struct hf_err err;
};

/* Fills *reply, which is given: true. False: there is nothing yet and *reply is empty; not when it
 * is asked for anyway. */
typedef bool hf_agent_prepare_fn(struct hf_agent *agent, const struct hf_agent_question *question,
                                 bool anyway, struct hf_agent_reply *reply);

/* Answers, or waits for so many seconds. */
void hf_agent_answer_or_wait(struct hf_agent *agent, struct hf_http_exchange *exchange,
                             hf_agent_prepare_fn *prepare, const struct hf_agent_question *question,
                             uint64_t wait_s);
/* Something changed for questions that are answered so. */
void hf_agent_waiters_wake(struct hf_agent *agent, hf_agent_prepare_fn *prepare);
/* Answers all who wait, with what there is. */
void hf_agent_waiters_end(struct hf_agent *agent);

/* Takes "KEY=VALUE" and the & behind it off a query. False: there is none, or it is no such
 * pair. */
bool hf_agent_query_next(struct hf_str *query, struct hf_str *ret_key, struct hf_str *ret_value);

#endif
