/* hub/routes.c: which handler a method and a path lead to. */
#include "hub/call.h"

static void split_target(struct hf_hub_call *call, struct hf_str target)
{
    const char *mark = memchr(target.ptr, '?', target.len);
    struct hf_str path = target;
    if (mark != NULL) {
        path.len = (size_t)(mark - target.ptr);
        call->query = (struct hf_str){mark + 1, target.len - path.len - 1};
    }
    while (path.len > 0 && call->part_count < HF_CALL_PARTS_MAX) {
        path = (struct hf_str){path.ptr + 1, path.len - 1}; /* the slash */
        const char *slash = memchr(path.ptr, '/', path.len);
        size_t len = slash == NULL ? path.len : (size_t)(slash - path.ptr);
        call->parts[call->part_count++] = (struct hf_str){path.ptr, len};
        path = (struct hf_str){path.ptr + len, path.len - len};
    }
    if (path.len > 0) {
        call->part_count = 0; /* deeper than any route */
    }
}

struct route {
    const char *method;
    const char *path; /* parts; "*" is any */
    void (*handle)(struct hf_hub_call *call);
};

static const struct route routes[] = {
    {"GET", "healthz", hf_api_health},
    {"GET", "readyz", hf_api_health},
    {"GET", "metrics", hf_api_metrics},
    {"GET", "v1/region", hf_api_region},
    {"GET", "v1/checkpoint", hf_api_checkpoint},
    {"GET", "v1/tenants", hf_api_tenants_list},
    {"POST", "v1/tenants", hf_api_tenant_create},
    {"GET", "v1/tenants/*", hf_api_tenant_show},
    {"POST", "v1/tenants/*/tokens", hf_api_tenant_token},
    {"POST", "v1/tenants/*/move", hf_api_tenant_move},
    {"POST", "v1/tenants/*/suspend", hf_api_tenant_suspend},
    {"POST", "v1/tenants/*/resume", hf_api_tenant_resume},
    {"POST", "v1/tenants/*/decommission", hf_api_tenant_decommission},
    {"POST", "v1/tenants/*/evict", hf_api_tenant_evict},
    {"POST", "v1/tenants/*/ban", hf_api_tenant_ban},
    {"GET", "v1/tenants/*/flags", hf_api_tenant_flags},
    {"GET", "v1/principals", hf_api_principals_list},
    {"POST", "v1/principals", hf_api_principal_create},
    {"POST", "v1/principals/*/rotate", hf_api_principal_rotate},
    {"POST", "v1/principals/*/revoke", hf_api_principal_revoke},
    {"GET", "v1/flags", hf_api_flags_list},
    {"POST", "v1/flags/*", hf_api_flag_set},
    {"GET", "v1/cutover", hf_api_cutover_show},
    {"POST", "v1/cutover/begin", hf_api_cutover_begin},
    {"POST", "v1/cutover/advance", hf_api_cutover_advance},
    {"POST", "v1/cutover/revert", hf_api_cutover_revert},
    {"POST", "v1/cutover/admit", hf_api_cutover_admit},
    {"POST", "v1/register", hf_api_register},
    {"POST", "v1/rotate", hf_api_key_rotate},
    {"POST", "v1/heartbeat", hf_api_heartbeat},
    {"POST", "v1/segments", hf_api_segment},
};

static bool path_is(const struct hf_hub_call *call, const char *path)
{
    unsigned part = 0;
    for (const char *at = path; *at != '\0'; part++) {
        const char *slash = strchr(at, '/');
        size_t len = slash == NULL ? strlen(at) : (size_t)(slash - at);
        struct hf_str want = {at, len};
        if (part >= call->part_count ||
            (!hf_str_eq(want, HF_STR("*")) && !hf_str_eq(want, call->parts[part]))) {
            return false;
        }
        at += len + (slash == NULL ? 0 : 1);
    }
    return part == call->part_count;
}

void hf_call_route(struct hf_hub_call *call, const struct hf_http_request *request)
{
    struct hf_str method = hf_bytes_str(request->method);
    bool known = false;
    split_target(call, hf_bytes_str(request->target));
    for (size_t i = 0; i < HF_LEN(routes); i++) {
        if (!path_is(call, routes[i].path)) {
            continue;
        }
        known = true;
        bool is_head = hf_str_eq(method, HF_STR("HEAD")) && strcmp(routes[i].method, "GET") == 0;
        if (is_head || hf_str_eq(method, hf_str_c(routes[i].method))) {
            routes[i].handle(call);
            return;
        }
    }
    hf_call_problem(call, known ? 405 : 404, known ? "method" : "not-found",
                    known ? "This path is there, but not with this method."
                          : "There is nothing at this path.");
}
