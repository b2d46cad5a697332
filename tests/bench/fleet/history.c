/* tests/bench/fleet/history.c: a tenant that was there for long: full segments in a row. */
#include "base/assert.h"
#include "tests/bench/fleet/fleet.h"

static void send_more(struct tenant *t)
{
    struct fleet *fleet = t->fleet;
    struct hf_buf body = hf_buf_init(FLEET_BYTES_MAX + 65536);
    for (unsigned i = 0; i < FLEET_ENTRIES_MAX && t->frontier.size < fleet->conf.history; i++) {
        tenant_append(t, false);
    }
    t->asking = ASKING_HISTORY;
    tenant_make_segment(t, &body);
    load_wire_ask(&t->wire, "POST", "/v1/segments", t->api_key, "application/octet-stream",
                  hf_buf_bytes(&body));
    hf_buf_free(&body);
}

void fleet_history_answered(struct tenant *t, int status, struct hf_bytes body)
{
    if (status != 200) {
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", t->name, status, (int)body.len,
                      (const char *)body.ptr);
        _exit(3);
    }
    tenant_take_receipt(t, body);
    if (t->frontier.size < t->fleet->conf.history) {
        send_more(t);
    } else {
        hf_loop_stop(t->fleet->loop);
    }
}

void fleet_history(struct fleet *fleet)
{
    double began = now_s();
    send_more(&fleet->tenants[0]);
    hf_loop_run(fleet->loop);
    (void)fprintf(stderr, "%llu events of history in %.1f s\n",
                  (unsigned long long)fleet->conf.history, now_s() - began);
}
