/* hub/flag_api.c: calls about feature flags. */
#include <stdio.h>

#include "hub/condition.h"
#include "hub/cursor.h"

#define PAGE 100

static void put_flag(struct hf_json_out *json, const struct hf_flag *flag)
{
    hf_json_object_begin(json);
    hf_json_key_str(json, "flag", hf_str_c(flag->name));
    hf_json_key_u64(json, "version", flag->version);
    hf_json_key(json, HF_STR("settings"));
    hf_json_array_begin(json);
    for (unsigned i = 0; i < flag->count; i++) {
        const struct hf_flag_setting *s = &flag->settings[i];
        hf_json_object_begin(json);
        hf_json_key_str(json, "scope", hf_str_c(hf_flag_scope_name(s->scope)));
        hf_json_key_str(json, "subject", hf_str_c(s->subject));
        hf_json_key_str(json, "value", s->on ? HF_STR("on") : HF_STR("off"));
        hf_json_key(json, HF_STR("since"));
        hf_json_time_us(json, s->since_us);
        hf_json_object_end(json);
    }
    hf_json_array_end(json);
    hf_json_object_end(json);
}

/* The first of the page; *ret_first NULL: it is empty. */
static enum hf_rc find_first(const struct hf_hub *hub, const struct hf_api_flags_list_query *query,
                             struct hf_hub_flag **ret_first, struct hf_err *err)
{
    struct hf_str name;
    if (!query->has_cursor) {
        *ret_first = hf_hub_flags_first(&hub->flags);
        return HF_OK;
    }
    enum hf_rc rc = hf_cursor_open(hub, HF_STR("flags"), query->cursor, &name, err);
    const struct hf_hub_flag *last = rc == HF_OK ? hf_hub_flag_find(&hub->flags, name) : NULL;
    if (rc == HF_OK && last == NULL) {
        rc = hf_err_set(err, HF_EINVAL, "cursor: names nothing that is here");
    }
    *ret_first = last == NULL ? NULL : hf_hub_flags_next(&hub->flags, last);
    return rc;
}

void hf_serve_flags_list(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    const struct hf_api_flags_list_query *query = &call->asked.flags_list;
    uint64_t limit = query->has_limit ? query->limit : PAGE;
    uint64_t shown = 0;
    struct hf_hub_flag *flag = NULL;
    const struct hf_hub_flag *last = NULL;
    char target[64];
    struct hf_json_out json;
    struct hf_err err = {0};
    if (find_first(hub, query, &flag, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hub->as_of);
    hf_json_key(&json, HF_STR("flags"));
    hf_json_array_begin(&json);
    for (; flag != NULL; flag = hf_hub_flags_next(&hub->flags, flag)) {
        if (shown++ == limit) {
            break;
        }
        last = flag;
        put_flag(&json, &flag->life);
    }
    hf_json_array_end(&json);
    if (shown > limit) {
        (void)snprintf(target, sizeof target, "/v1/flags?limit=%llu", (unsigned long long)limit);
        hf_cursor_put_next(call, &json, target, HF_STR("flags"), hf_str_c(last->life.name));
    }
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

/* What counts for one tenant. */
void hf_serve_tenant_flags(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    struct hf_json_out json;
    if (!hf_call_tenant(call)) {
        return;
    }
    const struct hf_tenant *life = &call->tenant->life;
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hub->as_of);
    hf_json_key_str(&json, "tenant", hf_str_c(life->name));
    hf_json_key(&json, HF_STR("flags"));
    hf_json_object_begin(&json);
    for (struct hf_hub_flag *flag = hf_hub_flags_first(&hub->flags); flag != NULL;
         flag = hf_hub_flags_next(&hub->flags, flag)) {
        hf_json_key(&json, hf_str_c(flag->life.name));
        hf_json_bool(&json, hf_flag_is_on(&flag->life, hf_str_c(life->name), life->ring));
    }
    hf_json_object_end(&json);
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

void hf_call_answer_flag(struct hf_hub_call *call)
{
    struct hf_json_out json;
    const struct hf_hub_flag *flag = hf_hub_flag_find(&call->hub->flags, hf_str_c(call->subject));
    hf_json_init(&json, &call->scratch);
    put_flag(&json, &flag->life);
    hf_call_tag_version(call, flag->life.version);
    hf_call_answer(call, 200, &call->scratch);
}

static enum hf_rc take_wish(struct hf_hub_call *call, struct hf_flag_wish *wish, struct hf_err *err)
{
    const struct hf_api_flag_set *in = &call->in.flag_set;
    struct hf_str region = hf_str_c(call->hub->region);
    *wish = (struct hf_flag_wish){.region = region,
                                  .flag = hf_call_param(call, 0),
                                  .scope = in->has_scope ? (enum hf_flag_scope)in->scope
                                                         : HF_FLAG_REGION,
                                  .subject = in->has_subject ? in->subject : region,
                                  .value = (enum hf_flag_value)in->value};
    if (wish->scope == HF_FLAG_TENANT) {
        const struct hf_hub_tenant *t = hf_hub_tenant_find(call->hub->tenants, wish->subject);
        if (t == NULL || t->life.status == HF_TENANT_NONE) {
            return hf_err_set(err, HF_EINVAL, "subject: there is no such tenant in this region");
        }
    }
    return HF_OK;
}

void hf_serve_flag_set(struct hf_hub_call *call)
{
    struct hf_hub *hub = call->hub;
    static const struct hf_flag never_set;
    struct hf_event_flag_set event = {.reason = call->in.flag_set.reason};
    struct hf_flag_wish wish;
    struct hf_err err = {0};
    char stream[64];
    enum hf_rc rc = take_wish(call, &wish, &err);
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    const struct hf_hub_flag *known = hf_hub_flag_find(&hub->flags, wish.flag);
    const struct hf_flag *life = known == NULL ? &never_set : &known->life;
    if (!hf_call_matches(call, life->version)) {
        return;
    }
    rc = hf_flag_may_set(life, &wish, &err);
    event.flag = wish.flag;
    event.scope = (enum hf_event_flag_set_scope)wish.scope;
    event.subject = wish.subject;
    event.value = (enum hf_event_flag_set_value)wish.value;
    if (rc == HF_OK) {
        rc = hf_event_flag_set_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    memcpy(call->subject, wish.flag.ptr, wish.flag.len);
    call->subject[wish.flag.len] = '\0';
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_flag_set_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "flag/%s", call->subject);
    const struct hf_hub_event post = {.type = HF_EVENT_FLAG_SET_NAME,
                                      .schema_version = HF_EVENT_FLAG_SET_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .expects = true,
                                      .version = life->version};
    hf_call_post(call, &post, hf_call_answer_flag);
}
