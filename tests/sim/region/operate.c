/* tests/sim/region/operate.c: draws commands and appends their events, one at a time. */
#include "tests/sim/region/operate.h"

#include <stdio.h>

#include "commands/directive.h"
#include "hub/append.h"
#include "tests/harness/test.h"

#define SUBJECTS 8 /* of each tenant */
#define NAMES    6 /* of principals, flags and approvals of a tenant */

static uint64_t draw(struct sim_world *w, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&w->sim.env, &number, sizeof number);
    return number % below;
}

/* An event and where it belongs. */
struct command {
    struct hf_hub_event event;
    struct hf_writer out;
    uint8_t payload[4096];
    char stream[128];
    char correlation[HF_HUB_KEY_TEXT];
    uint8_t hash[HF_HASH_SIZE];
    char name[32];
};

static void become(struct command *c, const char *type, uint32_t version, const char *kind,
                   struct hf_str name)
{
    c->event.type = type;
    c->event.schema_version = version;
    c->event.payload = hf_writer_done(&c->out);
    (void)snprintf(c->stream, sizeof c->stream, "%s%.*s", kind, HF_STR_ARG(name));
    c->event.stream = hf_str_c(c->stream);
}

static bool on_principal(struct sim_world *w, struct command *c)
{
    int64_t now = hf_env_wall_us(&w->sim.env);
    (void)snprintf(c->name, sizeof c->name, "person-%u", (unsigned)draw(w, NAMES));
    struct hf_str name = hf_str_c(c->name);
    const struct hf_hub_principal *p = hf_hub_principal_find(&w->hub->principals, name);
    if (p == NULL || p->life.version == 0) {
        const struct hf_event_principal_created e = {
            .principal = name,
            .has_person = draw(w, 2) == 0,
            .person = HF_STR("channel:somebody"),
            .role = (enum hf_event_principal_created_role)draw(w, 5),
            .token_hash = hf_bytes_of(c->hash, HF_HASH_SIZE)};
        hf_event_principal_created_encode(&e, &c->out);
        become(c, HF_EVENT_PRINCIPAL_CREATED_NAME, HF_EVENT_PRINCIPAL_CREATED_VERSION, "principal/",
               name);
    } else if (p->life.revoked || draw(w, 3) == 0) {
        const struct hf_event_principal_used e = {name};
        hf_event_principal_used_encode(&e, &c->out);
        become(c, HF_EVENT_PRINCIPAL_USED_NAME, HF_EVENT_PRINCIPAL_USED_VERSION, "use/", name);
        return true;
    } else if (draw(w, 4) == 0) {
        const struct hf_event_principal_revoked e = {name, HF_STR("gone")};
        hf_event_principal_revoked_encode(&e, &c->out);
        become(c, HF_EVENT_PRINCIPAL_REVOKED_NAME, HF_EVENT_PRINCIPAL_REVOKED_VERSION, "principal/",
               name);
    } else {
        const struct hf_event_principal_token_rotated e = {
            .principal = name,
            .previous_until = now + (int64_t)draw(w, 100000000),
            .token_hash = hf_bytes_of(c->hash, HF_HASH_SIZE)};
        hf_event_principal_token_rotated_encode(&e, &c->out);
        become(c, HF_EVENT_PRINCIPAL_TOKEN_ROTATED_NAME, HF_EVENT_PRINCIPAL_TOKEN_ROTATED_VERSION,
               "principal/", name);
    }
    return true;
}

static bool on_flag(struct sim_world *w, struct command *c)
{
    (void)snprintf(c->name, sizeof c->name, "flag-%u", (unsigned)draw(w, NAMES));
    const struct sim_tenant *tenant = &w->tenants[draw(w, w->count)];
    const struct hf_event_flag_set e = {.flag = hf_str_c(c->name),
                                        .reason = HF_STR("tried"),
                                        .scope = HF_EVENT_FLAG_SET_SCOPE_TENANT,
                                        .subject = hf_str_c(tenant->name),
                                        .value = (enum hf_event_flag_set_value)draw(w, 3)};
    hf_event_flag_set_encode(&e, &c->out);
    become(c, HF_EVENT_FLAG_SET_NAME, HF_EVENT_FLAG_SET_VERSION, "flag/", e.flag);
    return true;
}

/* New bytes, or known ones signed anew. Nobody verifies a signature of what the log has. */
static bool on_artifact(struct sim_world *w, struct command *c)
{
    char text[1024];
    enum hf_slot slot = (enum hf_slot)draw(w, HF_SLOT_COUNT);
    const struct hf_artifact_slot *state = &w->hub->artifacts.slots[slot];
    struct hf_writer note = hf_writer_init(text, sizeof text);
    struct hf_manifest m = {.slot = slot,
                            .channel = hf_slot_channel(slot),
                            .region = "dev",
                            .platform = HF_MANIFEST_ANY,
                            .name = "some",
                            .version = "1",
                            .length = 1 + draw(w, 1000),
                            .sequence = state->newest + 1 + draw(w, 3),
                            .floor = draw(w, state->newest + 1),
                            .created_us = 1,
                            .expires_us = 2};
    m.digest.b[0] = (uint8_t)slot;
    m.digest.b[1] = (uint8_t)draw(w, NAMES);
    m.has_parent = draw(w, 2) == 0;
    m.strictness = m.has_parent ? HF_STRICTNESS_TIGHTER : HF_STRICTNESS_NONE;
    hf_manifest_format(&m, &note);
    hf_writer_printf(&note, "\n\xE2\x80\x94 some AAAAAAAAAAAAAAAA\n");
    if (note.overflow || !hf_artifact_encode(&m, hf_writer_done(&note), &c->out)) {
        return false;
    }
    become(c, HF_EVENT_ARTIFACT_ADDED_NAME, HF_EVENT_ARTIFACT_ADDED_VERSION, HF_ARTIFACT_STREAM,
           hf_str_c(hf_slot_name(slot)));
    return true;
}

static bool on_directive(struct sim_world *w, struct command *c)
{
    const struct sim_tenant *tenant = &w->tenants[draw(w, w->count)];
    bool activates = draw(w, 2) == 0;
    const struct hf_event_directive_issued e = {
        .address = draw(w, 4) == 0 ? HF_STR(HF_DIRECTIVE_ALL) : hf_str_c(tenant->name),
        .kind = activates ? HF_STR("activate") : HF_STR("refresh"),
        .has_artifact = activates,
        .artifact = hf_bytes_of(c->hash, HF_HASH_SIZE),
        .has_parameters = activates,
        .parameters = HF_STR("slot=plugin"),
        .not_after = hf_env_wall_us(&w->sim.env) + 60000000,
        .reason = HF_STR("to see"),
        .sequence = hf_hub_directives_last(&w->hub->directives) + 1};
    hf_hub_directives_take(&w->hub->directives);
    hf_event_directive_issued_encode(&e, &c->out);
    become(c, HF_EVENT_DIRECTIVE_ISSUED_NAME, HF_EVENT_DIRECTIVE_ISSUED_VERSION,
           HF_DIRECTIVE_STREAM, e.address);
    return true;
}

static bool on_tenant(struct sim_world *w, struct command *c)
{
    const struct sim_tenant *tenant = &w->tenants[draw(w, w->count)];
    const struct hf_event_tenant_moved e = {.after = (enum hf_event_tenant_moved_after)draw(w, 3),
                                            .reason = HF_STR("time"),
                                            .tenant = hf_str_c(tenant->name)};
    hf_event_tenant_moved_encode(&e, &c->out);
    become(c, HF_EVENT_TENANT_MOVED_NAME, HF_EVENT_TENANT_MOVED_VERSION, "tenant/", e.tenant);
    return true;
}

static struct hf_subject draw_subject(struct sim_world *w)
{
    return (struct hf_subject){{(uint8_t)draw(w, SUBJECTS)}};
}

/* Into custody, as an agent's call does; of one subject it is always the same key. */
static bool keep(struct sim_world *w, struct hf_str tenant, const struct hf_subject *id,
                 struct hf_hash *ret_digest)
{
    struct hf_subject_key key = {.subject = *id};
    struct hf_err err = {0};
    HF_ASSERT(hf_secret_alloc(HF_SEAL_KEY_SIZE, &key.key) == HF_OK);
    hf_secret_fill(&key.key)[0] = id->b[0];
    hf_subject_key_digest(&key, ret_digest);
    enum hf_rc rc = hf_custody_put(&w->hub->custody, tenant, &key, HF_STR("user:anna"), &err);
    hf_secret_free(&key.key);
    return rc == HF_OK;
}

/* Subjects of a few tenants are kept and erased; the Hub may die at any moment of either. */
static bool on_subject(struct sim_world *w, struct command *c)
{
    const struct sim_tenant *tenant = &w->tenants[draw(w, w->count < 4 ? w->count : 4)];
    struct hf_hash digest;
    const struct hf_subject id = draw_subject(w);
    struct hf_str of = hf_str_c(tenant->name);
    const struct hf_hub_subject *s = hf_hub_subject_find(&w->hub->subjects, of, &id);
    char text[HF_SUBJECT_TEXT];
    char name[HF_TENANT_NAME_MAX + 1 + HF_SUBJECT_TEXT];
    hf_subject_text(&id, text);
    (void)snprintf(name, sizeof name, "%s/%s", tenant->name, text);
    c->event.expects = true;
    if (s == NULL) {
        if (!keep(w, of, &id, &digest)) {
            return false; /* its disk is full, or off */
        }
        const struct hf_event_subject_kept e = {.tenant = of,
                                                .subject = hf_str_c(text),
                                                .key_digest = hf_bytes_of(digest.b, HF_HASH_SIZE)};
        hf_event_subject_kept_encode(&e, &c->out);
        become(c, HF_EVENT_SUBJECT_KEPT_NAME, HF_EVENT_SUBJECT_KEPT_VERSION, HF_SUBJECT_STREAM,
               hf_str_c(name));
        return true;
    }
    const struct hf_event_subject_erased e = {.tenant = of,
                                              .subject = hf_str_c(text),
                                              .key_digest =
                                                  hf_bytes_of(s->life.key_digest.b, HF_HASH_SIZE),
                                              .reason = HF_STR("they asked for it"),
                                              .by = HF_STR("person-1")};
    hf_event_subject_erased_encode(&e, &c->out);
    become(c, HF_EVENT_SUBJECT_ERASED_NAME, HF_EVENT_SUBJECT_ERASED_VERSION, HF_SUBJECT_STREAM,
           hf_str_c(name));
    c->event.version = s->life.version;
    return s->life.state == HF_SUBJECT_KEPT;
}

/* Of which there is no request in the tenant's log: the router takes what the region's log says. */
static bool on_approval(struct sim_world *w, struct command *c)
{
    const struct sim_tenant *tenant = &w->tenants[draw(w, w->count)];
    char subject[HF_APPROVAL_SUBJECT_SIZE];
    int64_t now = hf_env_wall_us(&w->sim.env);
    (void)snprintf(c->name, sizeof c->name, "approval-%u", (unsigned)draw(w, 1000));
    (void)snprintf(subject, sizeof subject, "%s/%s", tenant->name, c->name);
    struct hf_str of = hf_str_c(tenant->name);
    struct hf_str name = hf_str_c(c->name);
    const struct hf_hub_approval *a = NULL;
    HF_QUEUE_FOREACH (node, &w->hub->approvals.waiting) {
        a = HF_CONTAINER_OF(node, struct hf_hub_approval, waiting);
    }
    c->event.expects = true;
    if (a == NULL || draw(w, 2) == 0) {
        const struct hf_subject of_whom = draw_subject(w);
        const struct hf_event_approval_routed e = {.action = hf_bytes_of(c->hash, HF_HASH_SIZE),
                                                   .approval = name,
                                                   .expires = now + (int64_t)draw(w, 90000000),
                                                   .request = hf_bytes_of(c->hash, HF_HASH_SIZE),
                                                   .requested = now,
                                                   .has_subject = draw(w, 2) == 0,
                                                   .subject =
                                                       hf_bytes_of(of_whom.b, HF_SUBJECT_SIZE),
                                                   .tenant = of,
                                                   .tool = HF_STR("exec")};
        hf_event_approval_routed_encode(&e, &c->out);
        become(c, HF_EVENT_APPROVAL_ROUTED_NAME, HF_EVENT_APPROVAL_ROUTED_VERSION,
               HF_APPROVAL_STREAM, hf_str_c(subject));
        return true;
    }
    const struct hf_event_approval_decided e = {
        .approval = hf_str_c(a->life.name),
        .has_approver = true,
        .approver = HF_STR("principal:jo"),
        .decision = (enum hf_event_approval_decided_decision)draw(w, 2),
        .request = hf_bytes_of(a->life.request.b, HF_HASH_SIZE),
        .tenant = hf_str_c(a->life.tenant)};
    (void)snprintf(subject, sizeof subject, "%s/%s", a->life.tenant, a->life.name);
    hf_event_approval_decided_encode(&e, &c->out);
    become(c, HF_EVENT_APPROVAL_DECIDED_NAME, HF_EVENT_APPROVAL_DECIDED_VERSION, HF_APPROVAL_STREAM,
           hf_str_c(subject));
    c->event.version = a->life.version;
    return true;
}

/* Once all tenants are in, the way of orders changes. */
static bool on_cutover(struct sim_world *w, struct command *c)
{
    const struct hf_cutover *cutover = &w->hub->cutover;
    if (cutover->version == 0) {
        const struct hf_event_cutover_begun e = {.reason = HF_STR("now")};
        hf_event_cutover_begun_encode(&e, &c->out);
        become(c, HF_EVENT_CUTOVER_BEGUN_NAME, HF_EVENT_CUTOVER_BEGUN_VERSION, "cutover/",
               HF_STR("dev"));
    } else if (cutover->step < HF_CUTOVER_FLIP_DEFAULT) {
        const struct hf_event_cutover_advanced e = {
            .evidence = HF_STR("seen"),
            .reason = HF_STR("now"),
            .step = (enum hf_event_cutover_advanced_step)cutover->step,
            .has_window_until = cutover->step == HF_CUTOVER_FIRST_TENANT,
            .window_until = hf_env_wall_us(&w->sim.env)};
        hf_event_cutover_advanced_encode(&e, &c->out);
        become(c, HF_EVENT_CUTOVER_ADVANCED_NAME, HF_EVENT_CUTOVER_ADVANCED_VERSION, "cutover/",
               HF_STR("dev"));
    } else {
        return false;
    }
    return true;
}

static bool all_registered(struct sim_world *w)
{
    for (unsigned i = 0; i < w->count; i++) {
        const struct hf_hub_tenant *t =
            hf_hub_tenant_find(w->hub->tenants, hf_str_c(w->tenants[i].name));
        if (t == NULL || !t->life.registered) {
            return false;
        }
    }
    return true;
}

static bool draw_command(struct sim_world *w, struct command *c)
{
    hf_env_random(&w->sim.env, c->hash, sizeof c->hash);
    switch (draw(w, 10)) {
    case 0:
    case 1: return on_principal(w, c);
    case 2: return on_flag(w, c);
    case 3: return on_directive(w, c);
    case 4: return on_tenant(w, c);
    case 5: return all_registered(w) && on_cutover(w, c);
    case 6: return on_artifact(w, c);
    case 7: return on_subject(w, c);
    default: return on_approval(w, c);
    }
}

static void operated(struct hf_post *post)
{
    struct sim_world *w = HF_CONTAINER_OF(post, struct sim_world, operation);
    w->operating = false;
    if (post->append.rc == HF_OK) {
        hf_hub_fold_own(w->hub, &post->append);
        w->operations++;
        hf_hub_router_wake(w->hub);
    }
}

static void operate(struct hf_timer *timer)
{
    struct sim_world *w = HF_CONTAINER_OF(timer, struct sim_world, operate);
    static const struct command empty;
    struct command c = empty;
    struct hf_hub_key key = {{0}, {0}};
    (void)hf_timer_arm(timer, SIM_SECOND / 5 + draw(w, SIM_SECOND));
    if (w->operating || w->hub_machine.life != SIM_UP || w->hub->log.writer == NULL) {
        return;
    }
    c.out = hf_writer_init(c.payload, sizeof c.payload);
    if (!draw_command(w, &c)) {
        return;
    }
    if (draw(w, 2) == 0) {
        memcpy(key.key, c.hash, sizeof key.key);
        hf_hub_key_format(&key, c.correlation);
        c.event.correlation = hf_str_c(c.correlation);
    }
    w->operation.done = operated;
    w->operating = hf_hub_append(w->hub, &c.event, HF_STR("program:simulation"), &w->operation,
                                 &w->err) == HF_OK;
    if (!w->operating) {
        hf_test_fail(__FILE__, __LINE__, "%s cannot be appended: %s", c.event.type, w->err.text);
    }
}

void sim_operate_begin(struct sim_world *w)
{
    sim_operate_end(w);
    hf_timer_init(&w->operate, w->loop, operate);
    (void)hf_timer_arm(&w->operate, SIM_SECOND);
}

void sim_operate_end(struct sim_world *w)
{
    if (w->operate.fire != NULL) {
        hf_timer_cancel(&w->operate);
    }
}
