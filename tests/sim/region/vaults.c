/* tests/sim/region/vaults.c: acts in vaults, and their events. */
#include "tests/sim/region/vaults.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "log/core/reader.h"
#include "tests/harness/test.h"
#include "tests/sim/region/secrets.h"
#include "tests/sim/region/world.h"

static const char *const names[SIM_VAULT_NAMES] = {"mail", "model", "bank"};

static uint64_t draw(struct sim_world *w, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&w->sim.env, &number, sizeof number);
    return number % below;
}

/* the tenant's log */

/* Does the event say this act? */
static bool says(const struct hf_envelope *envelope, const struct sim_act *act)
{
    struct hf_event_secret_put put;
    struct hf_event_secret_rotated rotated;
    struct hf_event_secret_deleted deleted;
    struct hf_str name = hf_str_c(names[act->name]);
    switch (act->act) {
    case HF_VAULT_PUT:
        return hf_str_eq(envelope->type, HF_STR(HF_EVENT_SECRET_PUT_NAME)) &&
               hf_event_secret_put_decode(envelope->payload, &put, NULL) == HF_OK &&
               hf_str_eq(put.secret, name) && put.version == act->version;
    case HF_VAULT_ROTATED:
        return hf_str_eq(envelope->type, HF_STR(HF_EVENT_SECRET_ROTATED_NAME)) &&
               hf_event_secret_rotated_decode(envelope->payload, &rotated, NULL) == HF_OK &&
               hf_str_eq(rotated.secret, name) && rotated.version == act->version;
    case HF_VAULT_DELETED:
        return hf_str_eq(envelope->type, HF_STR(HF_EVENT_SECRET_DELETED_NAME)) &&
               hf_event_secret_deleted_decode(envelope->payload, &deleted, NULL) == HF_OK &&
               hf_str_eq(deleted.secret, name) && deleted.version == act->version;
    case HF_VAULT_READ: return false;
    }
    return false;
}

/* Counts, for each act, the events that say it; *ret_there: is there this event of the vault's? */
static void count_told(struct sim_tenant *tenant, unsigned counts[SIM_VAULT_ACTS_MAX],
                       struct hf_str producer, uint64_t sequence, bool *ret_there)
{
    const struct sim_vault *v = &tenant->vault;
    struct hf_reader *reader = NULL;
    const struct hf_reader_options options = {.from = 0};
    struct hf_err err = {0};
    uint64_t index = 0;
    struct hf_bytes entry;
    *ret_there = false;
    HF_ASSERT(hf_reader_open(tenant->agent->log.log, &options, &reader, &err) == HF_OK);
    while (hf_reader_next(reader, &index, &entry, &err) == HF_OK) {
        struct hf_envelope envelope;
        HF_ASSERT(hf_envelope_read_leaf(entry, &envelope, &err) == HF_OK);
        if (!hf_str_starts(envelope.producer, HF_STR("vault/"))) {
            continue;
        }
        *ret_there =
            *ret_there || (hf_str_eq(envelope.producer, producer) && envelope.sequence == sequence);
        for (unsigned i = 0; i < v->act_count; i++) {
            counts[i] +=
                envelope.sequence == v->acts[i].sequence && says(&envelope, &v->acts[i]) ? 1 : 0;
        }
    }
    hf_reader_close(reader);
}

/* acts */

static void check_value(struct sim_tenant *tenant, unsigned name)
{
    const struct sim_vault *v = &tenant->vault;
    struct hf_secret value = {0};
    struct hf_err err = {0};
    enum hf_rc rc = hf_vault_get(tenant->agent->vault.store, hf_str_c(names[name]), &value, &err);
    bool right = v->there[name]
                     ? rc == HF_OK && hf_bytes_eq(hf_secret_reveal(&value),
                                                  hf_bytes_of(v->newest[name], SIM_VAULT_VALUE))
                     : rc == HF_ENOTFOUND;
    if (!right) {
        hf_test_fail(__FILE__, __LINE__, "the vault of %s does not give its newest %s: %s",
                     tenant->name, names[name], rc == HF_OK ? "another value" : err.text);
    }
    hf_secret_free(&value);
}

/* Whoever waited is answered: then it is in the log. */
static void told(struct hf_agent_vault_wait *wait, const struct hf_err *err)
{
    struct sim_vault *v = HF_CONTAINER_OF(wait, struct sim_vault, wait);
    struct sim_tenant *tenant = HF_CONTAINER_OF(v, struct sim_tenant, vault);
    unsigned counts[SIM_VAULT_ACTS_MAX] = {0};
    char producer[HF_VAULT_ID_TEXT + 8];
    bool there = false;
    v->waiting = false;
    if (err != NULL || sim_disk_crashed(&tenant->machine.disk)) {
        return; /* or nobody is there to hear it, nor can the log be read */
    }
    (void)snprintf(producer, sizeof producer, "vault/%s", hf_vault_id(tenant->agent->vault.store));
    count_told(tenant, counts, hf_str_c(producer), v->note.sequence, &there);
    if (!there) {
        hf_test_fail(__FILE__, __LINE__, "%s was told that an act is in the log, and it is not",
                     tenant->name);
    }
    v->told++;
    for (unsigned name = 0; name < SIM_VAULT_NAMES; name++) {
        check_value(tenant, name);
    }
}

static void draw_value(struct sim_world *w, uint8_t out[SIM_VAULT_VALUE])
{
    uint8_t random[SIM_VAULT_VALUE / 2];
    char text[SIM_VAULT_VALUE + 1];
    hf_env_random(&w->sim.env, random, sizeof random);
    hf_hex_encode(hf_bytes_of(random, sizeof random), text);
    memcpy(out, text, SIM_VAULT_VALUE);
    sim_secrets_add(w, hf_bytes_of(out, SIM_VAULT_VALUE));
}

static enum hf_rc change(struct sim_tenant *tenant, unsigned name, struct hf_err *err)
{
    struct sim_world *w = tenant->machine.world;
    struct sim_vault *v = &tenant->vault;
    struct hf_vault *vault = tenant->agent->vault.store;
    uint8_t bytes[SIM_VAULT_VALUE];
    struct hf_vault_value value = {.name = hf_str_c(names[name]), .kind = HF_VAULT_CREDENTIAL};
    bool deletes = v->there[name] && draw(w, 6) == 0;
    enum hf_rc rc = HF_OK;
    if (deletes) {
        rc = hf_vault_delete(vault, value.name, 0, &v->note, err);
    } else {
        draw_value(w, bytes);
        value.value = hf_bytes_of(bytes, sizeof bytes);
        rc = v->there[name] ? hf_vault_rotate(vault, &value, &v->note, err)
                            : hf_vault_put(vault, &value, &v->note, err);
    }
    if (rc == HF_OK) {
        v->acts[v->act_count++] =
            (struct sim_act){v->note.sequence, v->note.act, name, v->note.version};
        v->there[name] = !deletes;
        memcpy(v->newest[name], deletes ? v->newest[name] : bytes, SIM_VAULT_VALUE);
    }
    return rc;
}

static void act(struct hf_timer *timer)
{
    struct sim_vault *v = HF_CONTAINER_OF(timer, struct sim_vault, timer);
    struct sim_tenant *tenant = HF_CONTAINER_OF(v, struct sim_tenant, vault);
    struct sim_world *w = tenant->machine.world;
    struct hf_err err = {0};
    if (!w->producing) {
        return;
    }
    (void)hf_timer_arm(timer, SIM_SECOND + draw(w, 15 * SIM_SECOND));
    if (v->waiting || tenant->machine.life != SIM_UP || tenant->agent->vault.store == NULL ||
        !hf_agent_vault_ready(tenant->agent) || v->act_count == SIM_VAULT_ACTS_MAX) {
        return;
    }
    unsigned name = (unsigned)draw(w, SIM_VAULT_NAMES);
    bool reads = v->there[name] && draw(w, 2) == 0;
    struct hf_str of = draw(w, 3) == 0 ? HF_STR("*") : hf_str_c(names[name]);
    enum hf_rc rc = reads ? hf_vault_note_read(tenant->agent->vault.store, of, 0, &v->note, &err)
                          : change(tenant, name, &err);
    if (rc != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "the vault of %s: %s", tenant->name, err.text);
        return;
    }
    v->wait = (struct hf_agent_vault_wait){.sequence = v->note.sequence, .told = told};
    v->waiting = true;
    hf_queue_push(&tenant->agent->vault.waiting, &v->wait.node);
    hf_agent_vault_tell(tenant->agent);
}

/* a vault's life */

void sim_vault_begin(struct sim_tenant *tenant)
{
    struct sim_vault *v = &tenant->vault;
    (void)snprintf(v->dir, sizeof v->dir, "%s/vault-XXXXXX", hf_test_dir());
    HF_ASSERT(mkdtemp(v->dir) != NULL);
    hf_timer_init(&v->timer, tenant->machine.world->loop, act);
    (void)hf_timer_arm(&v->timer, 1 + draw(tenant->machine.world, 20 * SIM_SECOND));
}

void sim_vault_let_go(struct sim_tenant *tenant)
{
    if (tenant->vault.waiting) {
        tenant->vault.waiting = false;
        hf_queue_remove(&tenant->vault.wait.node);
    }
}

void sim_vault_end(struct sim_tenant *tenant)
{
    if (tenant->vault.dir[0] != '\0') {
        hf_timer_cancel(&tenant->vault.timer);
    }
}

bool sim_vault_settled(const struct sim_tenant *tenant)
{
    struct hf_vault_note note;
    struct hf_vault *store = tenant->agent->vault.store;
    return tenant->vault.dir[0] == '\0' ||
           (store != NULL && hf_vault_untold(store, &note, /* err= */ NULL) == HF_ENOTFOUND);
}

static void check_vault(struct sim_tenant *tenant)
{
    struct sim_vault *v = &tenant->vault;
    unsigned counts[SIM_VAULT_ACTS_MAX] = {0};
    bool there = false;
    count_told(tenant, counts, HF_STR(""), 0, &there);
    for (unsigned i = 0; i < v->act_count; i++) {
        if (counts[i] != 1) {
            hf_test_fail(__FILE__, __LINE__, "act %u in the vault of %s is in its log %u times", i,
                         tenant->name, counts[i]);
            return;
        }
    }
    for (unsigned name = 0; name < SIM_VAULT_NAMES; name++) {
        check_value(tenant, name);
    }
}

void sim_check_vaults(struct sim_world *w)
{
    unsigned acts = 0;
    unsigned answered = 0;
    for (unsigned i = 0; i < w->count && !hf_test_failed(); i++) {
        struct sim_tenant *tenant = &w->tenants[i];
        acts += tenant->vault.act_count;
        answered += tenant->vault.told;
        if (tenant->vault.dir[0] != '\0' && !tenant->cloned) {
            check_vault(tenant);
        }
    }
    HF_CHECK(acts > 0 && answered > 0);
}
