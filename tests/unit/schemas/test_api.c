/* tests/unit/schemas/test_api.c: from a target to an operation, from a request to its values. */
#include "base/heap.h"
#include "schemas/api_gen.h"
#include "tests/harness/test.h"

/* Targets lead to the operation that is declared for them, with its method or none. */
HF_TEST(routes)
{
    static const struct {
        const char *method;
        const char *target;
        const char *id; /* "": none */
        bool known;
    } rows[] = {
        {"GET", "/healthz", "health", true},
        {"HEAD", "/healthz", "health", true},
        {"GET", "/v1/tenants", "tenants_list", true},
        {"GET", "/v1/tenants?ring=canary", "tenants_list", true},
        {"POST", "/v1/tenants", "tenant_create", true},
        {"GET", "/v1/tenants/acme", "tenant_show", true},
        {"GET", "https://hub.example:8443/v1/tenants/acme", "tenant_show", true},
        {"GET", "http://hub.example", "", false},
        {"POST", "/v1/tenants/acme/move", "tenant_move", true},
        {"PUT", "/v1/tenants/acme/move", "", true},
        {"OPTIONS", "/v1/tenants", "", true},
        {"HEAD", "/v1/tenants/acme/move", "", true},
        {"GET", "/v1/tenants/acme/move/on", "", false},
        {"GET", "/v1/tenants/a/b/c/d/e/f/g/h", "", false},
        {"GET", "/v1", "", false},
        {"GET", "/", "", false},
        {"GET", "", "", false},
        {"GET", "//v1/tenants", "", false},
        {"GET", "/v1/tenantsx", "", false},
        {"GET", "/v1/tenant", "", false},
        {"GET", "/v1/*", "", false},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_api_path path;
        bool known = false;
        const struct hf_api_operation *op = NULL;
        if (hf_api_split(hf_str_c(rows[i].target), &path)) {
            op = hf_api_find(&path, hf_str_c(rows[i].method), &known);
        }
        HF_CHECK_STR(hf_str_c(op == NULL ? "" : op->id), hf_str_c(rows[i].id));
        HF_CHECK(known == rows[i].known);
    }
}

/* Writes what a path allows. */
HF_TEST(allow)
{
    struct hf_api_path path;
    char text[128];
    struct hf_writer w = hf_writer_init(text, sizeof text - 1);
    HF_CHECK(hf_api_split(HF_STR("/v1/tenants"), &path));
    hf_api_allow(&path, &w);
    text[w.len] = '\0';
    HF_CHECK_STR(hf_str_c(text), HF_STR("GET, HEAD, POST, OPTIONS"));
}

static const struct hf_api_operation *op_at(const char *target, const char *method,
                                            struct hf_api_path *path)
{
    bool known = false;
    HF_ASSERT(hf_api_split(hf_str_c(target), path));
    const struct hf_api_operation *op = hf_api_find(path, hf_str_c(method), &known);
    HF_ASSERT(op != NULL);
    return op;
}

/* Parameters of a path that nothing can be named are refused with the parameter's name. */
HF_TEST(params)
{
    static const char *const good[] = {"/v1/tenants/a", "/v1/tenants/a-1"};
    static const char *const bad[] = {"/v1/tenants/", "/v1/tenants/A", "/v1/tenants/%61",
                                      "/v1/tenants/a.b", "/v1/tenants/*"};
    struct hf_api_path path;
    for (size_t i = 0; i < HF_LEN(good); i++) {
        struct hf_err err = {0};
        const struct hf_api_operation *op = op_at(good[i], "GET", &path);
        HF_CHECK_OK(hf_api_check_params(op, &path, &err), err);
    }
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        struct hf_err err = {0};
        const struct hf_api_operation *op = op_at(bad[i], "GET", &path);
        HF_CHECK_RC(hf_api_check_params(op, &path, &err), HF_EINVAL);
        HF_CHECK(strstr(err.text, "tenant: needs text of 1 to 48 bytes") != NULL);
    }
}

/* Queries: what is taken, and the reason why the rest is refused. */
HF_TEST(queries)
{
    static const struct {
        const char *query;
        const char *why; /* part of the reason; NULL: taken */
    } rows[] = {
        {"", NULL},
        {"ring=canary", NULL},
        {"ring=%63anary", NULL},
        {"%72ing=canary", NULL},
        {"ring=canary&status=active", NULL},
        {"ring=canary&ring=canary", "twice"},
        {"ring=canary&%72ing=general", "twice"},
        {"ring=moon", "ring: needs one of sandbox, canary, general"},
        {"ring=", "ring: needs one of"},
        {"ring", "NAME=VALUE"},
        {"&", "NAME=VALUE"},
        {"ring=canary&", "NAME=VALUE"},
        {"=canary", "a member that"},
        {"colour=red", "colour: the schema has no such member"},
        {"ring=canary+general", "percent-encoded"},
        {"ring=canary%2Bgeneral", "needs one of"},
        {"ring=%6", "percent-encoded"},
        {"ring=%", "percent-encoded"},
        {"ring=%zz", "percent-encoded"},
        {"ring=%ff", "percent-encoded"},
        {"ring=%00", "percent-encoded"},
        {"%00=x", "percent-encoded"},
        {"ring=%22%2C%22status%22%3A%22x", "needs one of"},
    };

    struct hf_api_path path;
    const struct hf_api_operation *op = op_at("/v1/tenants", "GET", &path);
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_err err = {0};
        struct hf_json_doc *doc = NULL;
        struct hf_arena arena;
        union hf_api_query values = {.none = 0};
        hf_arena_init(&arena, 4096);
        enum hf_rc rc = hf_api_take_query(op, hf_str_c(rows[i].query), &arena, &doc, &values, &err);
        bool right = rows[i].why == NULL ? rc == HF_OK
                                         : rc == HF_EINVAL && strstr(err.text, rows[i].why) != NULL;
        HF_CHECK_STR(hf_str_c(right ? "" : err.text), HF_STR(""));
        HF_CHECK(rc != HF_OK || values.tenants_list.has_ring == (rows[i].query[0] != '\0'));
        hf_json_free(doc);
        hf_arena_fini(&arena);
    }
}

/* A call without a query takes none; one that is too long is refused before it is looked at. */
HF_TEST(query_bounds)
{
    static char text[HF_API_QUERY_MAX + 2];
    struct hf_api_path path;
    struct hf_err err = {0};
    struct hf_json_doc *doc = NULL;
    union hf_api_query values = {.none = 0};
    struct hf_arena arena;
    hf_arena_init(&arena, 4096);
    const struct hf_api_operation *op = op_at("/v1/region", "GET", &path);
    HF_CHECK_RC(hf_api_take_query(op, HF_STR("a=b"), &arena, &doc, &values, &err), HF_EINVAL);
    op = op_at("/v1/tenants", "GET", &path);
    memset(text, 'a', sizeof text - 1);
    HF_CHECK_RC(hf_api_take_query(op, hf_str_c(text), &arena, &doc, &values, &err), HF_EINVAL);
    HF_CHECK(strstr(err.text, "at most 4096 bytes") != NULL && doc == NULL);
    hf_arena_fini(&arena);
}

/* Bodies: what is taken, and the member or place that refusals name. */
HF_TEST(bodies)
{
    static const struct {
        const char *method;
        const char *target;
        const char *body;
        const char *why;
    } rows[] = {
        {"POST", "/v1/tenants", "{\"tenant\":\"a\",\"ring\":\"canary\"}", NULL},
        {"POST", "/v1/tenants", "{\"tenant\":\"A\",\"ring\":\"canary\"}", "tenant: needs text"},
        {"POST", "/v1/tenants", "{\"tenant\":5,\"ring\":\"canary\"}", "tenant: needs text"},
        {"POST", "/v1/tenants", "{\"tenant\":\"a\"}", "ring: is missing"},
        {"POST", "/v1/tenants", "{\"tenant\":\"a\",\"ring\":\"moon\"}", "ring: needs one of"},
        {"POST", "/v1/tenants", "{\"tenant\":\"a\",\"ring\":\"canary\",\"x\":1}",
         "x: the schema has no such"},
        {"POST", "/v1/tenants", "{\"tenant\":\"a\",\"tenant\":\"b\"}", "duplicate"},
        {"POST", "/v1/tenants", "[]", "must be a JSON object"},
        {"POST", "/v1/tenants", "", "not JSON"},
        {"POST", "/v1/tenants", "{", "not JSON"},
        {"POST", "/v1/tenants/a/tokens", "{\"ttl_s\":604800}", NULL},
        {"POST", "/v1/tenants/a/tokens", "{\"ttl_s\":\"5\"}", NULL},
        {"POST", "/v1/tenants/a/tokens", "{\"ttl_s\":0}", "ttl_s: needs an integer from 1"},
        {"POST", "/v1/tenants/a/tokens", "{\"ttl_s\":604801}", "ttl_s: needs an integer"},
        {"POST", "/v1/tenants/a/tokens", "{\"ttl_s\":-1}", "ttl_s: needs an integer"},
        {"POST", "/v1/tenants/a/tokens", "{\"ttl_s\":1.5}", "ttl_s: needs an integer"},
        {"GET", "/v1/tenants", "{}", "has no body"},
        {"GET", "/v1/tenants", "", NULL},
        {"POST", "/v1/segments", "anything", NULL},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_api_path path;
        struct hf_err err = {0};
        struct hf_json_doc *doc = NULL;
        union hf_api_in values = {.none = 0};
        struct hf_arena arena;
        hf_arena_init(&arena, HF_API_BODY_MAX);
        const struct hf_api_operation *op = op_at(rows[i].target, rows[i].method, &path);
        enum hf_rc rc =
            hf_api_take_body(op, hf_str_bytes(hf_str_c(rows[i].body)), &arena, &doc, &values, &err);
        bool right = rows[i].why == NULL ? rc == HF_OK
                                         : rc != HF_OK && strstr(err.text, rows[i].why) != NULL;
        HF_CHECK_STR(hf_str_c(right ? "" : err.text), HF_STR(""));
        hf_json_free(doc);
        hf_arena_fini(&arena);
    }
}

static bool gate_nth(void *arg)
{
    unsigned *left = arg;
    return (*left)-- != 0;
}

/* The n-th allocation fails, for every n: a code, no leak, and in the end the values. */
HF_TEST(memory)
{
    struct hf_api_path path;
    const struct hf_api_operation *op = op_at("/v1/tenants", "GET", &path);
    enum hf_rc rc = HF_ENOMEM;
    for (unsigned n = 0; rc != HF_OK; n++) {
        unsigned left = n;
        struct hf_err err = {0};
        struct hf_json_doc *doc = NULL;
        union hf_api_query values = {.none = 0};
        struct hf_arena arena;
        hf_arena_init(&arena, 4096);
        hf_heap_gate(gate_nth, &left);
        rc = hf_api_take_query(op, HF_STR("ring=canary"), &arena, &doc, &values, &err);
        hf_heap_gate(NULL, NULL);
        hf_json_free(doc);
        hf_arena_fini(&arena);
        HF_CHECK(n < 1000 && (rc == HF_OK || rc == HF_ENOMEM));
    }
}

/* The document that is served is JSON and names every operation and problem. */
HF_TEST(document)
{
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_json_parse(hf_bytes_of(hf_api_document, HF_API_DOCUMENT_SIZE), &doc, &err), err);
    struct hf_bytes text = hf_bytes_of(hf_api_document, HF_API_DOCUMENT_SIZE);
    for (size_t i = 0; i < HF_API_COUNT; i++) {
        struct hf_str id = hf_str_c(hf_api_operations[i].id);
        HF_CHECK(memmem(text.ptr, text.len, id.ptr, id.len) != NULL);
    }
    for (size_t i = 0; i < HF_PROBLEM_COUNT; i++) {
        struct hf_str name = hf_str_c(hf_api_problem_types[i].name);
        HF_CHECK(memmem(text.ptr, text.len, name.ptr, name.len) != NULL);
    }
    hf_json_free(doc);
}

HF_TEST_MAIN(HF_TEST_CASE(routes), HF_TEST_CASE(allow), HF_TEST_CASE(params), HF_TEST_CASE(queries),
             HF_TEST_CASE(query_bounds), HF_TEST_CASE(bodies), HF_TEST_CASE(memory),
             HF_TEST_CASE(document))
