/* tests/bench/fleet/probe.c: asks the Hub what it has: one urgent event, and everything at last. */
#include "base/assert.h"
#include "tests/bench/fleet/fleet.h"

#define AGAIN_NS UINT64_C(2000000)

/* The number that the member counts, of the answer or of the first row that it has; 0 when it is
 * not there. */
static uint64_t member(struct hf_bytes body, const char *key)
{
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    uint64_t size = 0;
    must(hf_json_parse(body, &doc, &err), &err, "answer of the read model");
    const struct hf_json *at = hf_json_root(doc);
    const struct hf_json *rows = hf_json_get(at, "rows");
    if (rows != NULL && hf_json_kind(rows) == HF_JSON_ARRAY && hf_json_count(rows) > 0) {
        at = hf_json_at(rows, 0);
    }
    const struct hf_json *value = hf_json_get(at, key);
    if (value != NULL) {
        must(hf_json_to_u64(value, &size), NULL, key);
    }
    hf_json_free(doc);
    return size;
}

static void ask(struct hf_timer *timer)
{
    struct probe *probe = HF_CONTAINER_OF(timer, struct probe, again);
    char path[256];
    const char *pattern = probe->fleet->conf.visible;
    const char *star = strchr(pattern, '*');
    HF_ASSERT(star != NULL); /* main.c looked */
    (void)snprintf(path, sizeof path, "%.*s%s%s", (int)(star - pattern), pattern,
                   probe->tenant->name, star + 1);
    load_wire_ask(&probe->wire, "GET", path, probe->fleet->admin, NULL, (struct hf_bytes){0});
}

static void answered(struct load_wire *wire, int status, struct hf_bytes body)
{
    struct probe *probe = HF_CONTAINER_OF(wire, struct probe, wire);
    struct fleet *fleet = probe->fleet;
    if (status != 200) {
        fleet->counts.refused++;
        probe->tenant = NULL;
        return;
    }
    if (member(body, fleet->conf.visible_key) < probe->wanted) {
        must(hf_timer_arm(&probe->again, AGAIN_NS), NULL, "timer");
        return;
    }
    latency_add(&fleet->visible, now_s() - probe->since);
    probe->tenant = NULL;
}

static void lost(struct load_wire *wire)
{
    HF_CONTAINER_OF(wire, struct probe, wire)->tenant = NULL; /* the Hub is being restarted */
}

void fleet_probes_init(struct fleet *fleet)
{
    for (size_t i = 0; i < FLEET_PROBES; i++) {
        struct probe *probe = &fleet->probes[i];
        *probe = (struct probe){.fleet = fleet, .wire = {.answered = answered, .lost = lost}};
        load_wire_init(&probe->wire, &fleet->target);
        hf_timer_init(&probe->again, fleet->loop, ask);
    }
}

void fleet_probe(struct tenant *tenant, uint64_t wanted, double since)
{
    struct fleet *fleet = tenant->fleet;
    for (size_t i = 0; i < FLEET_PROBES; i++) {
        struct probe *probe = &fleet->probes[i];
        if (probe->tenant == NULL) {
            probe->tenant = tenant;
            probe->wanted = wanted;
            probe->since = since;
            ask(&probe->again);
            return;
        }
    }
    fleet->counts.unseen++;
}

/* the check at the end */

static void check_next(struct fleet *fleet)
{
    char path[64];
    if (fleet->next == fleet->conf.tenants) {
        return;
    }
    struct tenant *t = &fleet->tenants[fleet->next++];
    t->asking = ASKING_SIZE;
    (void)snprintf(path, sizeof path, "/v1/tenants/%s", t->name);
    load_wire_ask(&t->wire, "GET", path, fleet->admin, NULL, (struct hf_bytes){0});
}

void fleet_check(struct fleet *fleet)
{
    fleet->next = 0;
    for (unsigned i = 0; i < FLEET_ENROLLING; i++) {
        check_next(fleet);
    }
}

void fleet_checked(struct tenant *t, int status, struct hf_bytes body)
{
    struct fleet *fleet = t->fleet;
    uint64_t size = status == 200 ? member(body, "receipt") : 0;
    if (size != t->frontier.size) {
        (void)fprintf(stderr, "bench: %s has %llu entries, the Hub %llu\n", t->name,
                      (unsigned long long)t->frontier.size, (unsigned long long)size);
        fleet->lost += t->frontier.size > size ? t->frontier.size - size : 1;
    }
    fleet->checked++;
    check_next(fleet);
    if (fleet->checked == fleet->conf.tenants) {
        hf_loop_stop(fleet->loop);
    }
}
