/* hub/tenant_show.c: tenants as the API shows them: one, now or in the past, and the list. */
#include <stdio.h>

#include "hub/call.h"
#include "hub/condition.h"
#include "hub/cursor.h"
#include "log/core/reader.h"

#define PAGE            100
#define LIFE_EVENTS_MAX 10000 /* of one tenant, folded while everybody else waits: well under 1 s */

static void put_mirror(struct hf_json_out *json, const struct hf_hub_tenant *t)
{
    hf_json_key_u64(json, "epoch", t->mirror.epoch);
    hf_json_key_u64(json, "receipt", t->mirror.frontier.size);
    hf_json_key_u64(json, "segments", t->segments);
    if (t->heartbeat_counter > 0) {
        uint64_t size = t->mirror.frontier.size;
        hf_json_key(json, HF_STR("last_heartbeat"));
        hf_json_time_us(json, t->heartbeat_us);
        hf_json_key_str(json, "last_address", hf_str_c(t->heartbeat_from));
        hf_json_key_u64(json, "events", t->reported_size > size ? t->reported_size : size);
        hf_json_key_u64(json, "lag", t->reported_size > size ? t->reported_size - size : 0);
    }
}

static void put_versions(struct hf_json_out *json, const struct hf_hub_tenant *t)
{
    static const char *const names[] = {"policy", "wrapper", "openclaw",
                                        "proxy",  "agent",   "self_test"};
    hf_json_key(json, HF_STR("versions"));
    hf_json_object_begin(json);
    for (size_t i = 0; i < HF_LEN(names); i++) {
        if (t->versions[i][0] != '\0') {
            hf_json_key_str(json, names[i], hf_str_c(t->versions[i]));
        }
    }
    hf_json_object_end(json);
}

static void put_life(struct hf_json_out *json, const struct hf_hub *hub,
                     const struct hf_tenant *life)
{
    hf_json_key_str(json, "tenant", hf_str_c(life->name));
    hf_json_key_str(json, "region", hf_str_c(hub->region));
    hf_json_key_str(json, "status", hf_str_c(hf_tenant_status_name(life->status)));
    hf_json_key_str(json, "ring", hf_str_c(hf_ring_name(life->ring)));
    hf_json_key_u64(json, "version", life->version);
    hf_json_key(json, HF_STR("registered"));
    hf_json_bool(json, life->registered);
}

/* one */

void hf_call_answer_tenant(struct hf_hub_call *call, int status)
{
    const struct hf_hub_tenant *t = call->tenant;
    struct hf_json_out json;
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", call->hub->as_of);
    put_life(&json, call->hub, &t->life);
    put_mirror(&json, t);
    put_versions(&json, t);
    hf_json_object_end(&json);
    if (call->op->appends) {
        hf_call_tag_version(call, t->life.version);
    }
    hf_call_answer(call, status, &call->scratch);
}

/* Folds the events of one life that lie before `as_of`. */
static enum hf_rc fold_past(struct hf_hub_call *call, uint64_t as_of, struct hf_tenant *life,
                            struct hf_err *err)
{
    char stream[64];
    struct hf_reader *reader = NULL;
    (void)snprintf(stream, sizeof stream, "tenant/%s", call->tenant->life.name);
    const struct hf_reader_options options = {.kind = HF_HEAD_STREAM, .name = hf_str_c(stream)};
    hf_tenant_init(life);
    memcpy(life->name, call->tenant->life.name, sizeof life->name);
    enum hf_rc rc = hf_reader_open(call->hub->log.log, &options, &reader, err);
    while (rc == HF_OK) {
        uint64_t index = 0;
        struct hf_bytes entry;
        struct hf_envelope envelope;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK && index >= as_of) {
            break;
        }
        if (rc == HF_OK) {
            rc = hf_envelope_read_leaf(entry, &envelope, err);
        }
        if (rc == HF_OK) {
            rc = hf_tenant_fold(life, &envelope, err);
        }
    }
    hf_reader_close(reader);
    return rc == HF_EEND ? HF_OK : rc;
}

static enum hf_rc check_past(const struct hf_hub_call *call, uint64_t as_of, struct hf_err *err)
{
    if (as_of > call->hub->as_of) {
        return hf_err_set(err, HF_EINVAL, "as_of: the region's log has %llu entries",
                          (unsigned long long)call->hub->as_of);
    }
    if (call->tenant->life.version > LIFE_EVENTS_MAX) {
        return hf_err_set(err, HF_EINVAL,
                          "as_of: this tenant's life has more than %d events; read its history "
                          "with holdfast audit tenant",
                          LIFE_EVENTS_MAX);
    }
    return HF_OK;
}

/* The life as it was when the log had so many entries. What agents said was not kept. */
static void show_past(struct hf_hub_call *call, uint64_t as_of)
{
    struct hf_tenant life;
    struct hf_json_out json;
    struct hf_err err = {0};
    char tag[24];
    enum hf_rc rc = check_past(call, as_of, &err);
    if (rc == HF_OK) {
        rc = fold_past(call, as_of, &life, &err);
    }
    if (rc == HF_OK && life.status == HF_TENANT_NONE) {
        rc = hf_err_set(&err, HF_ENOTFOUND, "there was no such tenant yet");
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    (void)snprintf(tag, sizeof tag, "%llu", (unsigned long long)life.version);
    if (hf_call_not_modified(call, tag)) {
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", as_of);
    put_life(&json, call->hub, &life);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_serve_tenant_show(struct hf_hub_call *call)
{
    const struct hf_api_tenant_show_query *query = &call->asked.tenant_show;
    char tag[80];
    if (!hf_call_tenant(call)) {
        return;
    }
    if (query->has_as_of) {
        show_past(call, query->as_of);
        return;
    }
    const struct hf_hub_tenant *t = call->tenant;
    (void)snprintf(tag, sizeof tag, "%llu-%u-%llu-%llu", (unsigned long long)t->life.version,
                   t->mirror.epoch, (unsigned long long)t->mirror.frontier.size,
                   (unsigned long long)t->heartbeat_counter);
    if (!hf_call_not_modified(call, tag)) {
        hf_call_answer_tenant(call, 200);
    }
}

/* the list */

static enum hf_tenant_status status_of(const struct hf_api_tenants_list_query *query)
{
    static const enum hf_tenant_status statuses[] = {
        [HF_API_TENANTS_LIST_QUERY_STATUS_ACTIVE] = HF_TENANT_ACTIVE,
        [HF_API_TENANTS_LIST_QUERY_STATUS_SUSPENDED] = HF_TENANT_SUSPENDED,
        [HF_API_TENANTS_LIST_QUERY_STATUS_DECOMMISSIONED] = HF_TENANT_GONE,
    };

    return statuses[query->status];
}

/* Created, wished for, and the caller's to see. */
static bool is_listed(const struct hf_hub_call *call, const struct hf_hub_tenant *t)
{
    const struct hf_api_tenants_list_query *query = &call->asked.tenants_list;
    return t->life.status != HF_TENANT_NONE &&
           (!query->has_ring || (int)t->life.ring == (int)query->ring) &&
           (!query->has_status || t->life.status == status_of(query)) &&
           hf_principal_reaches(&call->principal->life, hf_str_c(t->life.name));
}

/* The list that a cursor is of: what is asked for, without how much of it. */
static struct hf_str list_of(const struct hf_api_tenants_list_query *query, char out[32])
{
    int len = snprintf(out, 32, "tenants %d %d", query->has_ring ? (int)query->ring : -1,
                       query->has_status ? (int)query->status : -1);
    return (struct hf_str){out, (size_t)len};
}

/* The first tenant of the page; *ret_first NULL: it is empty. */
static enum hf_rc find_first(struct hf_hub_call *call, struct hf_hub_tenant **ret_first,
                             struct hf_err *err)
{
    const struct hf_api_tenants_list_query *query = &call->asked.tenants_list;
    struct hf_hub_tenants *tenants = call->hub->tenants;
    struct hf_str name;
    char list[32];
    if (!query->has_cursor) {
        *ret_first = hf_hub_tenants_first(tenants);
        return HF_OK;
    }
    enum hf_rc rc = hf_cursor_open(call->hub, list_of(query, list), query->cursor, &name, err);
    struct hf_hub_tenant *last = rc == HF_OK ? hf_hub_tenant_find(tenants, name) : NULL;
    if (rc == HF_OK && last == NULL) {
        rc = hf_err_set(err, HF_EINVAL, "cursor: names nothing that is here");
    }
    *ret_first = last == NULL ? NULL : hf_hub_tenants_next(tenants, last);
    return rc;
}

static void put_next(struct hf_hub_call *call, struct hf_json_out *json, uint64_t limit,
                     const struct hf_hub_tenant *last)
{
    const struct hf_api_tenants_list_query *query = &call->asked.tenants_list;
    char list[32];
    char target[128];
    struct hf_writer w = hf_writer_init(target, sizeof target);
    hf_writer_printf(&w, "/v1/tenants?limit=%llu", (unsigned long long)limit);
    if (query->has_ring) {
        hf_writer_printf(&w, "&ring=%s", hf_ring_name((enum hf_ring)query->ring));
    }
    if (query->has_status) {
        hf_writer_printf(&w, "&status=%s", hf_tenant_status_name(status_of(query)));
    }
    hf_writer_printf(&w, "%c", '\0');
    hf_cursor_put_next(call, json, target, list_of(query, list), hf_str_c(last->life.name));
}

void hf_serve_tenants_list(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    const struct hf_api_tenants_list_query *query = &call->asked.tenants_list;
    uint64_t limit = query->has_limit ? query->limit : PAGE;
    uint64_t shown = 0;
    struct hf_hub_tenant *t = NULL;
    const struct hf_hub_tenant *last = NULL;
    struct hf_json_out json;
    struct hf_err err = {0};
    if (find_first(call, &t, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hub->as_of);
    hf_json_key(&json, HF_STR("now"));
    hf_json_time_us(&json, hf_env_wall_us(hf_loop_env(hub->loop)));
    hf_json_key(&json, HF_STR("tenants"));
    hf_json_array_begin(&json);
    for (; t != NULL; t = hf_hub_tenants_next(hub->tenants, t)) {
        if (!is_listed(call, t)) {
            continue;
        }
        if (shown++ == limit) {
            break;
        }
        last = t;
        hf_json_object_begin(&json);
        put_life(&json, hub, &t->life);
        put_mirror(&json, t);
        put_versions(&json, t);
        hf_json_object_end(&json);
    }
    hf_json_array_end(&json);
    if (shown > limit) {
        put_next(call, &json, limit, last);
    }
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}
