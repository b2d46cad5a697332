/* hub/subject_api.c: agents give the keys of subjects, people list and erase them. */
#include <stdio.h>

#include "hub/condition.h"
#include "hub/cursor.h"
#include "hub/erasures.h"

#define PAGE 100

/* keys from agents */

static void kept(struct hf_hub_call *call)
{
    hf_http_answer(call->exchange, 204, NULL, (struct hf_bytes){NULL, 0});
}

/* The key goes to custody first: whatever the log knows of was there. HF_EEXIST: all of it is so
 * already. */
static enum hf_rc keep(struct hf_hub_call *call, const struct hf_subject_key *key,
                       const struct hf_hash *digest, struct hf_err *err)
{
    struct hf_hub *hub = call->hub;
    struct hf_str tenant = hf_str_c(call->tenant->life.name);
    const struct hf_hub_subject *known = hf_hub_subject_find(&hub->subjects, tenant, &key->subject);
    enum hf_rc rc = hf_subject_may_keep(known == NULL ? NULL : &known->life, digest, err);
    if (rc == HF_OK || rc == HF_EEXIST) {
        enum hf_rc stored =
            hf_custody_put(&hub->custody, tenant, key, call->in.subject_keep.name, err);
        rc = stored == HF_OK ? rc : stored == HF_EEXIST ? HF_ECONFLICT : stored;
        err->rc = rc;
    }
    return rc;
}

static void refuse_key(struct hf_hub_call *call, const struct hf_err *err)
{
    switch ((int)err->rc) {
    case HF_EPRUNED: hf_call_problem(call, HF_PROBLEM_ERASED, err->text); break;
    case HF_ERANGE: hf_call_problem(call, HF_PROBLEM_CUSTODY_FULL, err->text); break;
    case HF_EREADONLY:
    case HF_EBADSIG: hf_call_problem(call, HF_PROBLEM_CUSTODY_UNREADABLE, err->text); break;
    case HF_ECONFLICT: hf_call_problem(call, HF_PROBLEM_SUBJECT_TAKEN, err->text); break;
    default: hf_call_refuse(call, err);
    }
}

/* The same key may have been on its way already: it is in the log by now, or will be. */
static void not_kept(struct hf_hub_call *call, const struct hf_err *err)
{
    struct hf_event_subject_kept event;
    struct hf_hash digest;
    struct hf_err why = {0};
    struct hf_subject id;
    const struct hf_bytes payload = hf_bytes_of(call->payload, call->payload_len);
    enum hf_rc rc = err->rc;
    if (rc == HF_ECONFLICT && hf_subject_parse(hf_call_param(call, 0), &id) &&
        hf_event_subject_kept_decode(payload, &event, /* err= */ NULL) == HF_OK) {
        const struct hf_hub_subject *s =
            hf_hub_subject_find(&call->hub->subjects, event.tenant, &id);
        memcpy(digest.b, event.key_digest.ptr, HF_HASH_SIZE);
        rc = hf_subject_may_keep(s == NULL ? NULL : &s->life, &digest, &why);
        if (rc == HF_OK) {
            (void)hf_err_set(&why, HF_EBUSY, "a key of this subject is on its way to the log");
        }
    }
    if (rc == HF_EEXIST) {
        kept(call);
    } else {
        refuse_key(call, why.rc == HF_OK ? err : &why);
    }
}

static void post_kept(struct hf_hub_call *call, const struct hf_subject *id,
                      const struct hf_hash *digest)
{
    char subject[HF_SUBJECT_TEXT];
    char stream[sizeof HF_SUBJECT_STREAM + HF_TENANT_NAME_MAX + 1 + HF_SUBJECT_TEXT];
    hf_subject_text(id, subject);
    const struct hf_event_subject_kept event = {.tenant = hf_str_c(call->tenant->life.name),
                                                .subject = hf_str_c(subject),
                                                .key_digest = hf_bytes_of(digest->b, HF_HASH_SIZE)};
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_subject_kept_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, HF_SUBJECT_STREAM "%s/%s", call->tenant->life.name,
                   subject);
    const struct hf_hub_event post = {.type = HF_EVENT_SUBJECT_KEPT_NAME,
                                      .schema_version = HF_EVENT_SUBJECT_KEPT_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .expects = true,
                                      .version = 0};
    call->payload_len = w.len;
    call->failed = not_kept;
    hf_call_post(call, &post, kept);
}

/* Before it is answered: the body, and what was decoded of it into the call's arena. */
static void wipe_request(struct hf_hub_call *call)
{
    struct hf_bytes given = call->in.subject_keep.key;

    union {
        const uint8_t *borrowed;
        uint8_t *ours;
    } key = {given.ptr}; /* of the call's arena */

    hf_wipe(key.ours, given.len);
    hf_http_exchange_wipe(call->exchange);
}

void hf_serve_subject_keep(struct hf_hub_call *call)
{
    struct hf_subject_key key = {.key = {0}};
    struct hf_hash digest = {{0}};
    struct hf_err err = {0};
    enum hf_rc rc = HF_EINVAL;
    if (!hf_subject_parse(hf_call_param(call, 0), &key.subject)) {
        rc = hf_err_set(&err, rc, "subject: is no 32 small hexadecimal digits");
    } else if (hf_secret_copy(call->in.subject_keep.key, &key.key) != HF_OK) {
        rc = hf_err_set(&err, HF_ENOMEM, "no locked memory for the key of a subject");
    } else {
        hf_subject_key_digest(&key, &digest);
        rc = keep(call, &key, &digest, &err);
    }
    hf_secret_free(&key.key);
    wipe_request(call);
    if (rc == HF_OK) {
        post_kept(call, &key.subject, &digest);
    } else if (rc == HF_EEXIST) {
        kept(call);
    } else {
        refuse_key(call, &err);
    }
}

/* showing */

static uint64_t count_waiting(const struct hf_hub *hub, const struct hf_subject_life *life)
{
    const struct hf_hub_approvals_filter filter = {.tenant = hf_str_c(life->tenant),
                                                   .waiting = true};
    uint64_t count = 0;
    for (const struct hf_hub_approval *a = hf_hub_approvals_first(&hub->approvals, &filter);
         a != NULL; a = hf_hub_approvals_next(&hub->approvals, &filter, a)) {
        count += a->life.has_subject && hf_subject_eq(&a->life.subject, &life->subject) ? 1 : 0;
    }
    return count;
}

static void put_name(const struct hf_hub_call *call, const struct hf_subject_life *life,
                     struct hf_json_out *json)
{
    char name[HF_CUSTODY_NAME_MAX + 1];
    struct hf_str tenant = hf_str_c(life->tenant);
    if (hf_subject_may_open(&call->principal->life, tenant) &&
        hf_custody_get(&call->hub->custody, tenant, &life->subject, /* ret_key= */ NULL, name) ==
            HF_OK) {
        hf_json_key_str(json, "name", hf_str_c(name));
        hf_wipe(name, sizeof name);
    }
}

static void put_subject(const struct hf_hub_call *call, const struct hf_hub_subject *s,
                        struct hf_json_out *json)
{
    const struct hf_hub *hub = call->hub;
    const struct hf_subject_life *life = &s->life;
    char subject[HF_SUBJECT_TEXT];
    bool erased = life->state == HF_SUBJECT_ERASED;
    bool here = hf_custody_has(&hub->custody, hf_str_c(life->tenant), &life->subject);
    hf_subject_text(&life->subject, subject);
    hf_json_object_begin(json);
    hf_json_key_str(json, "tenant", hf_str_c(life->tenant));
    hf_json_key_str(json, "subject", hf_str_c(subject));
    put_name(call, life, json);
    hf_json_key_str(json, "state",
                    erased ? HF_STR("erased") : (here ? HF_STR("kept") : HF_STR("missing")));
    hf_json_key_u64(json, "version", life->version);
    hf_json_key(json, HF_STR("key_digest"));
    hf_json_hex(json, hf_bytes_of(life->key_digest.b, HF_HASH_SIZE));
    hf_json_key_u64(json, "requests", s->requests);
    hf_json_key_u64(json, "waiting", count_waiting(hub, life));
    hf_json_key_time_us(json, "kept", life->kept_us);
    if (erased) {
        hf_json_key_time_us(json, "erased", life->erased_us);
        hf_json_key_str(json, "by", hf_str_c(life->by));
        hf_json_key(json, HF_STR("gone"));
        hf_json_bool(json, s->gone);
        if (life->confirmed_us != 0) {
            hf_json_key_time_us(json, "confirmed", life->confirmed_us);
        }
    }
    hf_json_object_end(json);
}

static void answer(struct hf_hub_call *call, const struct hf_hub_subject *s)
{
    struct hf_json_out json;
    hf_json_init(&json, &call->scratch);
    put_subject(call, s, &json);
    hf_call_answer(call, 200, &call->scratch);
}

struct hf_hub_subject *hf_call_subject(struct hf_hub_call *call)
{
    struct hf_subject subject;
    struct hf_hub_subject *s = NULL;
    if (!hf_call_tenant(call)) {
        return NULL;
    }
    struct hf_str tenant = hf_str_c(call->tenant->life.name);
    if (hf_subject_parse(hf_call_param(call, 1), &subject)) {
        s = hf_hub_subject_find(&call->hub->subjects, tenant, &subject);
    }
    if (s == NULL || s->life.state == HF_SUBJECT_NONE) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no such subject of this tenant.");
        return NULL;
    }
    return s;
}

void hf_serve_subject_show(struct hf_hub_call *call)
{
    const struct hf_hub_subject *s = hf_call_subject(call);
    if (s != NULL) {
        answer(call, s);
    }
}

/* the list */

static struct hf_str list_of(const struct hf_hub_call *call, char out[96])
{
    int len = snprintf(out, 96, "subjects %s", call->tenant->life.name);
    return (struct hf_str){out, (size_t)len};
}

static enum hf_rc find_first(const struct hf_hub_call *call, struct hf_hub_subject **ret_first,
                             struct hf_err *err)
{
    const struct hf_api_subjects_list_query *query = &call->asked.subjects_list;
    struct hf_str tenant = hf_str_c(call->tenant->life.name);
    struct hf_subject subject;
    struct hf_str text;
    char list[96];
    if (!query->has_cursor) {
        *ret_first = hf_hub_subjects_first(&call->hub->subjects, tenant);
        return HF_OK;
    }
    enum hf_rc rc = hf_cursor_open(call->hub, list_of(call, list), query->cursor, &text, err);
    const struct hf_hub_subject *last =
        rc == HF_OK && hf_subject_parse(text, &subject)
            ? hf_hub_subject_find(&call->hub->subjects, tenant, &subject)
            : NULL;
    if (rc == HF_OK && last == NULL) {
        rc = hf_err_set(err, HF_EINVAL, "cursor: names nothing that is here");
    }
    *ret_first = last == NULL ? NULL : hf_hub_subjects_next(last);
    return rc;
}

static void put_next(struct hf_hub_call *call, struct hf_json_out *json, uint64_t limit,
                     const struct hf_hub_subject *last)
{
    char list[96];
    char target[160];
    char subject[HF_SUBJECT_TEXT];
    hf_subject_text(&last->life.subject, subject);
    (void)snprintf(target, sizeof target, "/v1/tenants/%s/subjects?limit=%llu",
                   call->tenant->life.name, (unsigned long long)limit);
    hf_cursor_put_next(call, json, target, list_of(call, list), hf_str_c(subject));
}

void hf_serve_subjects_list(struct hf_hub_call *call)
{
    const struct hf_api_subjects_list_query *query = &call->asked.subjects_list;
    uint64_t limit = query->has_limit ? query->limit : PAGE;
    uint64_t shown = 0;
    struct hf_hub_subject *s = NULL;
    const struct hf_hub_subject *last = NULL;
    struct hf_json_out json;
    struct hf_err err = {0};
    if (!hf_call_tenant(call)) {
        return;
    }
    if (find_first(call, &s, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", call->hub->as_of);
    hf_json_key(&json, HF_STR("subjects"));
    hf_json_array_begin(&json);
    for (; s != NULL; s = hf_hub_subjects_next(s)) {
        if (s->life.state == HF_SUBJECT_NONE) {
            continue;
        }
        if (shown++ == limit) {
            break;
        }
        last = s;
        put_subject(call, s, &json);
    }
    hf_json_array_end(&json);
    if (shown > limit) {
        put_next(call, &json, limit, last);
    }
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

/* erasing */

/* "TENANT/SUBJECT", as call->subject has it. */
static struct hf_hub_subject *find_subject(struct hf_hub_call *call)
{
    const char *slash = strchr(call->subject, '/');
    struct hf_subject subject;
    return slash == NULL || !hf_subject_parse(hf_str_c(slash + 1), &subject)
               ? NULL
               : hf_hub_subject_find(
                     &call->hub->subjects,
                     (struct hf_str){call->subject, (size_t)(slash - call->subject)}, &subject);
}

/* Whoever reads this answer may rely on it: the key is gone from here. */
void hf_call_answer_subject(struct hf_hub_call *call)
{
    struct hf_hub_subject *s = find_subject(call);
    struct hf_err err = {0};
    if (s == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no such subject of this tenant.");
        return;
    }
    if (hf_hub_erasures_delete(call->hub, s, &err) != HF_OK) {
        (void)hf_err_wrap(&err, err.rc,
                          "the erasure is written, and the key is not deleted yet, which is tried "
                          "again every second");
        hf_call_problem(call, HF_PROBLEM_FAILED, err.text);
        return;
    }
    hf_hub_erasures_step(call->hub);
    answer(call, s);
}

void hf_serve_subject_erase(struct hf_hub_call *call)
{
    char subject[HF_SUBJECT_TEXT];
    char stream[sizeof HF_SUBJECT_STREAM + sizeof call->subject];
    struct hf_err err = {0};
    const struct hf_hub_subject *s = hf_call_subject(call);
    if (s == NULL) {
        return;
    }
    hf_subject_text(&s->life.subject, subject);
    (void)snprintf(call->subject, sizeof call->subject, "%s/%s", s->life.tenant, subject);
    const struct hf_event_subject_erased event = {
        .tenant = hf_str_c(s->life.tenant),
        .subject = hf_str_c(subject),
        .key_digest = hf_bytes_of(s->life.key_digest.b, HF_HASH_SIZE),
        .reason = call->in.subject_erase.reason,
        .by = hf_str_c(call->principal->life.name)};
    enum hf_rc rc = hf_subject_may_erase(&s->life, event.reason, &err);
    if (rc == HF_EEXIST) {
        hf_call_answer_subject(call);
        return;
    }
    if (rc == HF_OK) {
        rc = hf_event_subject_erased_check(&event, &err);
    }
    if (rc != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    hf_event_subject_erased_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, HF_SUBJECT_STREAM "%s", call->subject);
    const struct hf_hub_event post = {.type = HF_EVENT_SUBJECT_ERASED_NAME,
                                      .schema_version = HF_EVENT_SUBJECT_ERASED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .expects = true,
                                      .version = s->life.version};
    hf_call_post(call, &post, hf_call_answer_subject);
}
