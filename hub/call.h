/* hub/call.h: one API call: who asks, what for, and the event that it becomes.
 *
 * A call lives until its exchange is over and its event, if there is one, is answered, whichever is
 * later: a client that hangs up does not undo what is on its way to the log.
 */
#ifndef HF_HUB_CALL_H
#define HF_HUB_CALL_H

#include "base/assert.h"
#include "base/json_out.h"
#include "hub/append.h"
#include "hub/hub.h"
#include "schemas/api_gen.h"

#define HF_CALL_PAYLOAD 4096

struct hf_hub_call {
    struct hf_hub_holder holder;
    struct hf_hub *hub;
    struct hf_http_exchange *exchange; /* NULL when it is over */
    struct hf_api_path path;
    const struct hf_api_operation *op;
    struct hf_hub_principal *principal; /* NULL: none */
    void
        *asking; /* of who waits: what a worker's read models are asked (hub/model_api.c), an answer
                     to a request for approval (hub/approval_answer.c) */
    bool web;    /* a page is asked for: so are refusals (hub/web.h) */
    bool local;  /* by the worker, over the Hub's own socket (hub/local.h) */
    /* What is asked, checked as it is declared; set before the handler runs. */
    union hf_api_in in;
    union hf_api_query asked;
    struct hf_json_doc *docs[2]; /* from which they borrow */
    struct hf_arena arena;
    struct hf_hub_tenant *tenant;
    bool has_key; /* a command with an Idempotency-Key, and what it came to */
    struct hf_hub_key key;
    struct hf_hub_keyed *keyed; /* while its event is on its way */
    struct hf_post post;
    bool posting;
    bool posted_again; /* an event after the first: `posted` posted the next one */
    uint8_t payload[HF_CALL_PAYLOAD];
    size_t payload_len; /* where the answer is made of it */
    struct hf_buf held; /* a segment, a package: the exchange may end before it is on disk */
    struct hf_bytes answer_note; /* of it: what is to be cosigned */
    struct hf_buf scratch;
    bool has_approvals;     /* requests among it */
    int64_t oldest_us;      /* when its oldest entry was recorded */
    struct hf_mirror next;  /* of the tenant, when its segment is durable */
    struct hf_secret token; /* to be shown once */
    char
        subject[HF_APPROVAL_SUBJECT_SIZE]; /* name of what the answer will show, besides a tenant */
    /* Runs when the event is in the log; answers the exchange if it is still there. */
    void (*posted)(struct hf_hub_call *call);
    /* Runs instead of a refusal when the event did not get there; may be NULL. */
    void (*failed)(struct hf_hub_call *call, const struct hf_err *err);
};

/* The n-th parameter of the path. */
struct hf_str hf_call_param(const struct hf_hub_call *call, unsigned n);
/* The tenant that the path's first parameter names; answers 404 when there is none that the call's
 * principal may see, and as hf_call_matches does for a command. */
bool hf_call_tenant(struct hf_hub_call *call);

/* Answers with a JSON text. */
void hf_call_answer(struct hf_hub_call *call, int status, const struct hf_buf *json);
void hf_call_problem(struct hf_hub_call *call, enum hf_problem problem, const char *detail);
/* A problem with members of its own: begins the object in the call's scratch; then come members and
 * the end. */
void hf_call_problem_begin(struct hf_hub_call *call, enum hf_problem problem, const char *detail,
                           struct hf_json_out *ret_json);
void hf_call_problem_end(struct hf_hub_call *call, enum hf_problem problem,
                         struct hf_json_out *json);
/* The problem that a result code is, by a table. */
void hf_call_refuse(struct hf_hub_call *call, const struct hf_err *err);

/* Appends the event in the name of the call's principal; answers when it cannot. */
void hf_call_post(struct hf_hub_call *call, const struct hf_hub_event *event,
                  void (*done)(struct hf_hub_call *call));

/* The call waits for something else than its event, and is not freed meanwhile. Then it goes on,
 * and may answer or post. */
void hf_call_hold(struct hf_hub_call *call);
void hf_call_go_on(struct hf_hub_call *call, void (*go_on)(struct hf_hub_call *call));

/* SHA-256 of the bearer token that a request carries; false when it has none. */
bool hf_call_token_hash(const struct hf_http_request *request, struct hf_hash *ret_hash);

/* Gives the call's exchange to a follower, which is then its holder; the call is gone. */
void hf_call_hand_over(struct hf_hub_call *call, struct hf_hub_follower *follower);

/* To the stream of the call's tenant, expecting the version that the decision was made on. */
void hf_call_post_to_tenant(struct hf_hub_call *call, const char *type, uint32_t version,
                            struct hf_bytes payload, void (*posted)(struct hf_hub_call *call));
/* Answers with the call's tenant as it is now. */
void hf_call_answer_tenant(struct hf_hub_call *call, int status);
/* The same with the flag and the principal that call->subject names, and with the cutover. */
void hf_call_answer_flag(struct hf_hub_call *call);
void hf_call_answer_principal(struct hf_hub_call *call);
void hf_call_answer_cutover(struct hf_hub_call *call);
void hf_call_answer_approval(struct hf_hub_call *call);
void hf_call_answer_subject(struct hf_hub_call *call);
/* The subject that the path names; answers 404 when there is none. */
struct hf_hub_subject *hf_call_subject(struct hf_hub_call *call);
/* With the artifact that the call's payload added. */
void hf_call_answer_artifact(struct hf_hub_call *call);
/* A refusal: by the artifact's reason, or where the error is another one as hf_call_refuse. */
void hf_call_refuse_artifact(struct hf_hub_call *call, hf_artifact_reason reason,
                             const struct hf_err *err);
/* With the contact that the path and the body name. */
void hf_call_answer_contact(struct hf_hub_call *call);
/* With the digest that the call's payload is. */
void hf_call_answer_digest(struct hf_hub_call *call);
/* With the directive that the call's payload is. */
void hf_call_answer_directive(struct hf_hub_call *call);

/* Finds the operation that the request is, lets nobody through who may not, takes the values as
 * schemas/api declares them, and runs the handler; or answers why not (hub/routes.c). */
void hf_call_route(struct hf_hub_call *call, const struct hf_http_request *request);

/* The handlers of the API's server and of that on the Hub's own socket. */
extern const struct hf_http_handler hf_hub_handler;
extern const struct hf_http_handler hf_hub_local_handler;

/* The handler of each operation: the caller may do it, and call->in and call->asked hold what is
 * asked. */
#define HF_CALL_HANDLER(name) void hf_serve_##name(struct hf_hub_call *call);
HF_API_EACH(HF_CALL_HANDLER)
#undef HF_CALL_HANDLER

#endif
