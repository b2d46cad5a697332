/* schemas/api.h: the Hub's API as data: which call a request is, and whether it is as declared.
 *
 * Declared in schemas/api; the generated header schemas/api_gen.h adds for each operation "a_b"
 *   HF_API_A_B (enum hf_api_id) and X(a_b) in HF_API_EACH
 *   struct hf_api_a_b, the members of its JSON body, in union hf_api_in
 *   struct hf_api_a_b_query, those of its query, in union hf_api_query
 * and enum hf_problem, the two tables, and the OpenAPI document. So what is routed, what is checked
 * and what is documented are one thing.
 * Order for a request: hf_api_split, hf_api_find, (who asks is the caller's business), then
 * hf_api_check_params, hf_api_take_query, hf_api_take_body. Pure functions; any thread.
 */
#ifndef HF_SCHEMAS_API_H
#define HF_SCHEMAS_API_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/json_in.h"
#include "schemas/field.h"

#define HF_API_PARTS_MAX  8
#define HF_API_PARAMS_MAX 3
#define HF_API_BODY_MAX   65536u /* of JSON */
#define HF_API_QUERY_MAX  4096u

enum hf_api_who {
    HF_API_ANYONE,
    HF_API_AGENT,
    HF_API_WORKER, /* the region's, over the Hub's own socket */
    HF_API_VIEWER, /* this role or a higher one, as are the next */
    HF_API_AUDITOR,
    HF_API_OPERATOR,
    HF_API_APPROVER,
    HF_API_ADMIN,
};

enum hf_api_body {
    HF_API_NO_BODY,
    HF_API_JSON,
    HF_API_BYTES,
};

/* What a principal's command answers with, so that it can be answered again. */
enum hf_api_shows {
    HF_API_SHOWS_NOTHING,
    HF_API_SHOWS_APPROVAL,
    HF_API_SHOWS_ARTIFACT,
    HF_API_SHOWS_CONTACT,
    HF_API_SHOWS_CUTOVER,
    HF_API_SHOWS_DIGEST,
    HF_API_SHOWS_DIRECTIVE,
    HF_API_SHOWS_FLAG,
    HF_API_SHOWS_PRINCIPAL,
    HF_API_SHOWS_PRINCIPAL_TOKEN,
    HF_API_SHOWS_SUBJECT,
    HF_API_SHOWS_TENANT,
    HF_API_SHOWS_TENANT_TOKEN,
};

typedef enum hf_rc hf_api_take_fn(const struct hf_json *value, struct hf_arena *arena, void *ret,
                                  struct hf_err *err);

struct hf_api_operation {
    const char *id;
    const char *method;
    const char *path; /* parts; "*" is a parameter */
    enum hf_api_who who;
    enum hf_api_body body;
    bool needs_body; /* of JSON: some member is required */
    bool appends;    /* it is a command: an event comes of it */
    bool tagged;     /* it is about one thing that has a version */
    bool bound;      /* also for principals that are bound to a tenant, about theirs */
    bool worker;     /* also, or only, for the region's worker, over the Hub's own socket */
    enum hf_api_shows shows;
    int status; /* of success, the first one that is declared */
    hf_api_take_fn *take_body;
    hf_api_take_fn *take_query;
    const struct hf_field_text *params[HF_API_PARAMS_MAX];
};

struct hf_api_problem {
    const char *name;
    int status;
    const char *help;
};

/* A request's target in parts, which borrow from it. */
struct hf_api_path {
    struct hf_str parts[HF_API_PARTS_MAX]; /* "v1", "tenants", "acme" */
    unsigned count;
    struct hf_str query; /* without the mark */
};

/* False: no path of this API can be so deep. */
bool hf_api_split(struct hf_str target, struct hf_api_path *ret_path);
/* The operation; NULL when there is none. *ret_known: the path is there, with whatever method. HEAD
 * finds GET. */
const struct hf_api_operation *hf_api_find(const struct hf_api_path *path, struct hf_str method,
                                           bool *ret_known);
/* Writes the path's methods as the field Allow has them: "GET, HEAD, OPTIONS". */
void hf_api_allow(const struct hf_api_path *path, struct hf_writer *w);

/* HF_EINVAL: nothing can have such a name; the text names the parameter. */
enum hf_rc hf_api_check_params(const struct hf_api_operation *op, const struct hf_api_path *path,
                               struct hf_err *err);
/* Fills *ret (a union hf_api_query). Gives *ret_doc, from which the values borrow (NULL: none). The
 * query is NAME=VALUE joined by &, percent-encoded; "+" stands for nothing else and is refused, as
 * are names that come twice. HF_EINVAL names the member; HF_ENOMEM. */
enum hf_rc hf_api_take_query(const struct hf_api_operation *op, struct hf_str query,
                             struct hf_arena *arena, struct hf_json_doc **ret_doc, void *ret,
                             struct hf_err *err);
/* Fills *ret (a union hf_api_in) from a JSON body. Gives *ret_doc, from which the values borrow
 * (NULL: none). HF_EINVAL and HF_ESYNTAX name the member or the place; HF_ETOOBIG; HF_ENOMEM. */
enum hf_rc hf_api_take_body(const struct hf_api_operation *op, struct hf_bytes body,
                            struct hf_arena *arena, struct hf_json_doc **ret_doc, void *ret,
                            struct hf_err *err);

#endif
