/* commands/flag.c: folds and decides about feature flags. */
#include "commands/flag.h"

#include "base/assert.h"
#include "schemas/events_gen.h"

static const char *const scopes[] = {"region", "ring", "tenant"};
static const char *const values[] = {"on", "off", "unset"};

const char *hf_flag_scope_name(enum hf_flag_scope scope)
{
    return scopes[scope];
}

const char *hf_flag_value_name(enum hf_flag_value value)
{
    return values[value];
}

static int find_name(const char *const names[3], struct hf_str text)
{
    for (int i = 0; i < 3; i++) {
        if (hf_str_eq(text, hf_str_c(names[i]))) {
            return i;
        }
    }
    return -1;
}

enum hf_rc hf_flag_scope_parse(struct hf_str text, enum hf_flag_scope *ret, struct hf_err *err)
{
    int found = find_name(scopes, text);
    if (found < 0) {
        return hf_err_set(err, HF_EINVAL, "a flag's scope is one of region, ring, tenant");
    }
    *ret = (enum hf_flag_scope)found;
    return HF_OK;
}

enum hf_rc hf_flag_value_parse(struct hf_str text, enum hf_flag_value *ret, struct hf_err *err)
{
    int found = find_name(values, text);
    if (found < 0) {
        return hf_err_set(err, HF_EINVAL, "a flag is set to one of on, off, unset");
    }
    *ret = (enum hf_flag_value)found;
    return HF_OK;
}

/* Its place; flag->count when there is none. */
static unsigned find_setting(const struct hf_flag *flag, enum hf_flag_scope scope,
                             struct hf_str subject)
{
    unsigned at = 0;
    while (at < flag->count && !(flag->settings[at].scope == scope &&
                                 hf_str_eq(hf_str_c(flag->settings[at].subject), subject))) {
        at++;
    }
    return at;
}

enum hf_rc hf_flag_fold(struct hf_flag *flag, const struct hf_envelope *envelope,
                        struct hf_err *err)
{
    struct hf_event_flag_set event;
    flag->version = envelope->version;
    if (!hf_str_eq(envelope->type, HF_STR(HF_EVENT_FLAG_SET_NAME))) {
        return HF_OK;
    }
    enum hf_rc rc = hf_event_flag_set_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    enum hf_flag_scope scope = (enum hf_flag_scope)event.scope;
    unsigned at = find_setting(flag, scope, event.subject);
    HF_ASSERT(event.flag.len <= HF_FLAG_NAME_MAX && event.subject.len <= HF_TENANT_NAME_MAX);
    memcpy(flag->name, event.flag.ptr, event.flag.len);
    flag->name[event.flag.len] = '\0';
    if (event.value == HF_EVENT_FLAG_SET_VALUE_UNSET) {
        if (at < flag->count) {
            flag->settings[at] = flag->settings[--flag->count];
        }
        return HF_OK;
    }
    if (at == HF_FLAG_SETTINGS_MAX) {
        return hf_err_set(err, HF_ECORRUPT, "a flag with more than %d settings",
                          HF_FLAG_SETTINGS_MAX);
    }
    struct hf_flag_setting *s = &flag->settings[at];
    if (at == flag->count) {
        flag->count++;
        *s = (struct hf_flag_setting){.scope = scope};
        memcpy(s->subject, event.subject.ptr, event.subject.len);
    }
    s->on = event.value == HF_EVENT_FLAG_SET_VALUE_ON;
    s->since_us = envelope->occurred_us;
    return HF_OK;
}

bool hf_flag_is_on(const struct hf_flag *flag, struct hf_str tenant, enum hf_ring ring)
{
    unsigned at = find_setting(flag, HF_FLAG_TENANT, tenant);
    if (at == flag->count) {
        at = find_setting(flag, HF_FLAG_RING, hf_str_c(hf_ring_name(ring)));
    }
    for (unsigned i = 0; at == flag->count && i < flag->count; i++) {
        at = flag->settings[i].scope == HF_FLAG_REGION ? i : at;
    }
    return at < flag->count && flag->settings[at].on;
}

enum hf_rc hf_flag_may_set(const struct hf_flag *flag, const struct hf_flag_wish *wish,
                           struct hf_err *err)
{
    if (!hf_tenant_name_ok(wish->flag)) {
        return hf_err_set(err, HF_EINVAL, "a flag's name is 1 to 48 of a-z, 0-9 and -");
    }
    if (wish->scope == HF_FLAG_REGION && !hf_str_eq(wish->subject, wish->region)) {
        return hf_err_set(err, HF_EINVAL, "a flag of the region is for \"%.*s\" here",
                          HF_STR_ARG(wish->region));
    }
    enum hf_ring ring;
    if (wish->scope == HF_FLAG_RING && hf_ring_parse(wish->subject, &ring, err) != HF_OK) {
        return HF_EINVAL;
    }
    unsigned at = find_setting(flag, wish->scope, wish->subject);
    bool is_set = at < flag->count;
    bool same = wish->value == HF_FLAG_UNSET
                    ? !is_set
                    : is_set && flag->settings[at].on == (wish->value == HF_FLAG_ON);
    if (same) {
        return hf_err_set(err, HF_EEXIST, "the flag is %s for %.*s already",
                          hf_flag_value_name(wish->value), HF_STR_ARG(wish->subject));
    }
    if (at == HF_FLAG_SETTINGS_MAX) {
        return hf_err_set(err, HF_ENOSPC,
                          "the flag has %d settings, more do not fit: set it for a ring or the "
                          "region and unset single tenants",
                          HF_FLAG_SETTINGS_MAX);
    }
    return HF_OK;
}
