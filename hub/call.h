/* hub/call.h: one API call: who asks, what for, and the event that it becomes.
 *
 * A call lives until its exchange is over and its event, if there is one, is answered, whichever is
 * later: a client that hangs up does not undo what is on its way to the log.
 */
#ifndef HF_HUB_CALL_H
#define HF_HUB_CALL_H

#include "base/assert.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "hub/append.h"
#include "hub/hub.h"

#define HF_CALL_PARTS_MAX 6
#define HF_CALL_PAYLOAD   4096

struct hf_hub_call {
    struct hf_hub *hub;
    struct hf_http_exchange *exchange;      /* NULL when it is over */
    struct hf_str parts[HF_CALL_PARTS_MAX]; /* of the path: "v1", "tenants", "acme" */
    unsigned part_count;
    struct hf_str query;
    struct hf_hub_principal *principal; /* NULL: none */
    struct hf_json_doc *body;
    struct hf_hub_tenant *tenant;
    struct hf_post post;
    bool posting;
    uint8_t payload[HF_CALL_PAYLOAD];
    struct hf_buf held;          /* a segment: the exchange may end before it is on disk */
    struct hf_bytes answer_note; /* of it: what is to be cosigned */
    struct hf_buf scratch;
    struct hf_mirror next;  /* of the tenant, when its segment is durable */
    struct hf_secret token; /* to be shown once */
    char subject[64];       /* name of what the answer will show, besides a tenant */
    /* Runs when the event is in the log; answers the exchange if it is still there. */
    void (*posted)(struct hf_hub_call *call);
};

/* Does the call's principal have the role or a higher one? Answers 401 or 403 when not. */
bool hf_call_need(struct hf_hub_call *call, enum hf_role role);
/* Parses the body as a JSON object; answers 400 when it is none. */
bool hf_call_json(struct hf_hub_call *call);
/* A text member; answers 400 and false when it is missing (and required), no text, or longer. */
bool hf_call_text(struct hf_hub_call *call, const char *key, bool required, size_t len_max,
                  struct hf_str *ret);
/* Whole numbers up to `most`. */
bool hf_call_number(struct hf_hub_call *call, const char *key, uint64_t most, uint64_t *ret);
bool hf_call_hex(struct hf_hub_call *call, const char *key, void *out, size_t len);
/* The tenant that part number `part` names; answers 404 when there is none. */
bool hf_call_tenant(struct hf_hub_call *call, unsigned part);

/* An operator's verb about tenant part 2, with a reason: the body is read and the tenant found. */
bool hf_call_begin_verb(struct hf_hub_call *call, struct hf_str *ret_reason);

/* Answers with a JSON text. */
void hf_call_answer(struct hf_hub_call *call, int status, const struct hf_buf *json);
void hf_call_problem(struct hf_hub_call *call, int status, const char *type, const char *detail);
/* The problem that a result code is, by a table. */
void hf_call_refuse(struct hf_hub_call *call, const struct hf_err *err);

/* Appends the event in the name of the call's principal; answers when it cannot. */
void hf_call_post(struct hf_hub_call *call, const struct hf_hub_event *event,
                  void (*done)(struct hf_hub_call *call));

/* To the stream of the call's tenant, expecting the version that the decision was made on. */
void hf_call_post_to_tenant(struct hf_hub_call *call, const char *type, uint32_t version,
                            struct hf_bytes payload, void (*posted)(struct hf_hub_call *call));
/* Answers with the call's tenant as it is now. */
void hf_call_answer_tenant(struct hf_hub_call *call, int status);

/* Finds the handler of the request's method and path and runs it (hub/routes.c). */
void hf_call_route(struct hf_hub_call *call, const struct hf_http_request *request);

/* The handler of the HTTP server. */
extern const struct hf_http_handler hf_hub_handler;

/* Handlers, by what they are about. */
void hf_api_health(struct hf_hub_call *call);
void hf_api_metrics(struct hf_hub_call *call);
void hf_api_region(struct hf_hub_call *call);
void hf_api_checkpoint(struct hf_hub_call *call);
void hf_api_tenants_list(struct hf_hub_call *call);
void hf_api_tenant_show(struct hf_hub_call *call);
void hf_api_tenant_create(struct hf_hub_call *call);
void hf_api_tenant_token(struct hf_hub_call *call);
void hf_api_tenant_move(struct hf_hub_call *call);
void hf_api_tenant_suspend(struct hf_hub_call *call);
void hf_api_tenant_resume(struct hf_hub_call *call);
void hf_api_tenant_decommission(struct hf_hub_call *call);
void hf_api_register(struct hf_hub_call *call);
void hf_api_heartbeat(struct hf_hub_call *call);
void hf_api_segment(struct hf_hub_call *call);
void hf_api_tenant_evict(struct hf_hub_call *call);
void hf_api_tenant_ban(struct hf_hub_call *call);
void hf_api_tenant_flags(struct hf_hub_call *call);
void hf_api_key_rotate(struct hf_hub_call *call);
void hf_api_principals_list(struct hf_hub_call *call);
void hf_api_principal_create(struct hf_hub_call *call);
void hf_api_principal_rotate(struct hf_hub_call *call);
void hf_api_principal_revoke(struct hf_hub_call *call);
void hf_api_flags_list(struct hf_hub_call *call);
void hf_api_flag_set(struct hf_hub_call *call);
void hf_api_cutover_show(struct hf_hub_call *call);
void hf_api_cutover_begin(struct hf_hub_call *call);
void hf_api_cutover_advance(struct hf_hub_call *call);
void hf_api_cutover_revert(struct hf_hub_call *call);
void hf_api_cutover_admit(struct hf_hub_call *call);

#endif
