/* hub/notes.c: events that the Hub writes down by the way. */
#include "hub/notes.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/net/address.h"

#define MINUTE_US         INT64_C(60000000)
#define HOUR_US           (60 * MINUTE_US)
#define DAY_US            (24 * HOUR_US)
#define REFUSALS_A_MINUTE 60
#define PAYLOAD_MAX       1024

struct note {
    struct hf_post post;
    struct hf_hub *hub;
    struct hf_hub_principal *principal; /* of a use; never freed before the log is closed */
};

static void noted(struct hf_post *post)
{
    struct note *note = HF_CONTAINER_OF(post, struct note, post);
    if (post->append.rc == HF_OK) {
        hf_hub_fold_own(note->hub, &post->append);
    } else {
        hf_log(note->hub->logger, HF_LOG_WARN, "note.lost", hf_f_err(&post->append.err));
    }
    if (note->principal != NULL) {
        note->principal->use_posting = false;
    }
    hf_heap_free(note);
}

static bool post_note(struct hf_hub *hub, const struct hf_hub_event *event,
                      struct hf_hub_principal *principal)
{
    struct hf_err err = {0};
    struct note *note = hf_heap_zalloc(1, sizeof *note);
    enum hf_rc rc = HF_ENOMEM;
    (void)hf_err_set(&err, rc, "no memory for a note");
    if (note != NULL) {
        note->hub = hub;
        note->principal = principal;
        note->post.done = noted;
        rc = hf_hub_append(hub, event, HF_STR(""), &note->post, &err);
    }
    if (rc != HF_OK) {
        hf_log(hub->logger, HF_LOG_WARN, "note.lost", hf_f_c("type", event->type), hf_f_err(&err));
        hf_heap_free(note);
    }
    return rc == HF_OK;
}

void hf_hub_note(struct hf_hub *hub, const struct hf_hub_event *event)
{
    HF_ASSERT(event->blob.len == 0);
    (void)post_note(hub, event, NULL);
}

/* refusals */

static struct hf_str cut(struct hf_str text, size_t most)
{
    return (struct hf_str){text.ptr, text.len < most ? text.len : most};
}

void hf_hub_note_refusal(struct hf_hub *hub, const struct hf_hub_refusal *refusal)
{
    struct hf_hub_principal *p = refusal->principal;
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    if (now < p->refusals_us || now - p->refusals_us >= MINUTE_US) {
        p->refusals_us = now;
        p->refusals = 0;
    }
    if (p->refusals >= REFUSALS_A_MINUTE) {
        p->refusals_skipped++;
        return;
    }
    p->refusals++;
    char operation[160];
    char stream[64];
    uint8_t bytes[PAYLOAD_MAX];
    int len = snprintf(operation, sizeof operation, "%.*s %.*s",
                       HF_STR_ARG(cut(refusal->method, 16)), HF_STR_ARG(cut(refusal->target, 120)));
    const struct hf_event_command_refused event = {.principal = hf_str_c(p->life.name),
                                                   .operation = {operation, (size_t)len},
                                                   .has_tenant = refusal->tenant.len > 0,
                                                   .tenant = refusal->tenant,
                                                   .status = (uint64_t)refusal->status,
                                                   .problem = hf_str_c(refusal->problem),
                                                   .detail = cut(hf_str_c(refusal->detail), 300),
                                                   .skipped = p->refusals_skipped};
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    if (hf_event_command_refused_check(&event, &err) != HF_OK) {
        hf_log(hub->logger, HF_LOG_WARN, "note.lost", hf_f_err(&err));
        return;
    }
    hf_event_command_refused_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "refusals/%s", p->life.name);
    const struct hf_hub_event note = {.type = HF_EVENT_COMMAND_REFUSED_NAME,
                                      .schema_version = HF_EVENT_COMMAND_REFUSED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    if (post_note(hub, &note, NULL)) {
        p->refusals_skipped = 0;
    }
}

/* use */

void hf_hub_note_use(struct hf_hub *hub, struct hf_hub_principal *principal,
                     const struct hf_peer *peer)
{
    char stream[64];
    uint8_t bytes[128];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    principal->seen_us = now;
    hf_address_host(peer->text, principal->seen_from, sizeof principal->seen_from);
    if (principal->use_posting || now - principal->life.used_us < DAY_US) {
        return;
    }
    const struct hf_event_principal_used event = {.principal = hf_str_c(principal->life.name)};
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_principal_used_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "use/%s", principal->life.name);
    const struct hf_hub_event note = {.type = HF_EVENT_PRINCIPAL_USED_NAME,
                                      .schema_version = HF_EVENT_PRINCIPAL_USED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    principal->use_posting = post_note(hub, &note, principal);
}

/* alarms */

void hf_hub_note_alarm(struct hf_hub *hub, struct hf_hub_tenant *tenant,
                       const struct hf_hub_alarm *alarm)
{
    static const char *const names[] = {"clone", "token-reused", "banned-key"};
    char stream[64];
    uint8_t bytes[512];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    int64_t *last = &tenant->alarm_us[alarm->kind];
    hf_log(hub->logger, HF_LOG_WARN, "identity.alarm", hf_f_c("tenant", tenant->life.name),
           hf_f_c("kind", names[alarm->kind]), hf_f_str("peer", alarm->address));
    if (*last != 0 && now - *last < HOUR_US) {
        return;
    }
    struct hf_event_identity_alarm event = {.tenant = hf_str_c(tenant->life.name),
                                            .kind = (enum hf_event_identity_alarm_kind)alarm->kind,
                                            .has_address =
                                                alarm->address.len > 0 && alarm->address.len <= 45,
                                            .address = alarm->address};
    if (alarm->agent_key != NULL) {
        event.has_agent_key = true;
        event.agent_key = hf_bytes_of(alarm->agent_key->b, HF_PUBLIC_KEY_SIZE);
    }
    if (alarm->kind == HF_HUB_ALARM_CLONE) {
        event.has_counter = true;
        event.counter = alarm->counter;
        event.has_known = true;
        event.known = alarm->known;
    }
    struct hf_err err = {0};
    if (hf_event_identity_alarm_check(&event, &err) != HF_OK) {
        event.has_address = false; /* a Unix socket's has another form */
    }
    struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
    hf_event_identity_alarm_encode(&event, &w);
    (void)snprintf(stream, sizeof stream, "alarm/%s", tenant->life.name);
    const struct hf_hub_event note = {.type = HF_EVENT_IDENTITY_ALARM_NAME,
                                      .schema_version = HF_EVENT_IDENTITY_ALARM_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w)};
    if (post_note(hub, &note, NULL)) {
        *last = now;
    }
}

/* strangers */

void hf_hub_note_strangers(struct hf_hub *hub)
{
    struct hf_hub_strangers *seen = &hub->strangers;
    uint64_t malformed = hf_http_server_refused(hub->http);
    char stream[64];
    uint8_t bytes[256];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    uint64_t total = seen->unknown_principal + seen->unknown_agent + seen->bad_registration +
                     (malformed - seen->malformed);
    if (total > 0 && now > seen->start_us) {
        const struct hf_event_strangers_window event = {
            .region = (enum hf_event_strangers_window_region)hub->region_number,
            .start = seen->start_us,
            .end = now,
            .unknown_principal = seen->unknown_principal,
            .unknown_agent = seen->unknown_agent,
            .bad_registration = seen->bad_registration,
            .malformed = malformed - seen->malformed};
        struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
        hf_event_strangers_window_encode(&event, &w);
        (void)snprintf(stream, sizeof stream, "strangers/%s", hub->region);
        const struct hf_hub_event note = {.type = HF_EVENT_STRANGERS_WINDOW_NAME,
                                          .schema_version = HF_EVENT_STRANGERS_WINDOW_VERSION,
                                          .stream = hf_str_c(stream),
                                          .payload = hf_writer_done(&w)};
        hf_hub_note(hub, &note);
    }
    *seen = (struct hf_hub_strangers){.start_us = now, .malformed = malformed};
}

/* the API */

void hf_hub_note_api(struct hf_hub *hub)
{
    struct hf_hub_api_window *seen = &hub->api_window;
    char stream[64];
    uint8_t bytes[256];
    int64_t now = hf_env_wall_us(hf_loop_env(hub->loop));
    if (now > seen->start_us) {
        const struct hf_event_api_window event = {
            .region = (enum hf_event_api_window_region)hub->region_number,
            .start = seen->start_us,
            .end = now,
            .calls = hub->calls - seen->calls,
            .failed = hub->calls_failed - seen->failed};
        struct hf_writer w = hf_writer_init(bytes, sizeof bytes);
        hf_event_api_window_encode(&event, &w);
        (void)snprintf(stream, sizeof stream, "api/%s", hub->region);
        const struct hf_hub_event note = {.type = HF_EVENT_API_WINDOW_NAME,
                                          .schema_version = HF_EVENT_API_WINDOW_VERSION,
                                          .stream = hf_str_c(stream),
                                          .payload = hf_writer_done(&w)};
        hf_hub_note(hub, &note);
    }
    *seen = (struct hf_hub_api_window){
        .start_us = now, .calls = hub->calls, .failed = hub->calls_failed};
}
