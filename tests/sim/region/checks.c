/* tests/sim/region/checks.c: holds logs against one another. */
#include "tests/sim/region/checks.h"

#include "base/heap.h"
#include "hub/memory.h"
#include "log/core/reader.h"
#include "tests/harness/test.h"

/* How much of a tenant's log was seen in the region's, and whether it is what the machine has. */
struct copy {
    uint64_t size;
    bool same[2]; /* as on the tenant's machine, as on its clone */
};

static struct sim_tenant *find(struct sim_world *w, struct hf_str name, bool clone)
{
    for (unsigned i = 0; i < w->count; i++) {
        if (w->tenants[i].clone == clone && hf_str_eq(hf_str_c(w->tenants[i].name), name)) {
            return &w->tenants[i];
        }
    }
    return NULL;
}

/* Are the bundle's entries those of the machine's log from `first` on? */
static bool same_entries(struct sim_tenant *tenant, const struct hf_segment *segment)
{
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.from = segment->first};
    struct hf_err err = {0};
    struct hf_bytes left = segment->bundle;
    bool same = hf_reader_open(tenant->agent->log.log, &options, &reader, &err) == HF_OK;
    for (uint64_t index = segment->first; same && index < segment->end; index++) {
        uint64_t at = 0;
        struct hf_bytes entry;
        size_t len = hf_be16_get(left.ptr);
        same = hf_reader_next(reader, &at, &entry, &err) == HF_OK && at == index &&
               hf_bytes_eq(entry, hf_bytes_of(left.ptr + 2, len));
        left = hf_bytes_of(left.ptr + 2 + len, left.len - 2 - len);
    }
    hf_reader_close(reader);
    return same;
}

static enum hf_rc check_segment(struct sim_world *w, uint64_t index,
                                const struct hf_envelope *envelope, struct copy *copies,
                                struct hf_err *err)
{
    struct hf_event_segment_received event;
    struct hf_segment segment;
    struct hf_hash hash;
    struct hf_buf blob = hf_buf_init(HF_SEGMENT_MAX);
    enum hf_rc rc = hf_event_segment_received_decode(envelope->payload, &event, err);
    if (rc == HF_OK) {
        memcpy(hash.b, envelope->blob.ptr, sizeof hash.b);
        rc = hf_log_blob_at(w->hub->log.log, index, &hash, &blob, err);
    }
    if (rc == HF_OK) {
        rc = hf_segment_parse(hf_buf_bytes(&blob), &segment, err);
    }
    if (rc == HF_OK) {
        struct sim_tenant *tenant = find(w, event.tenant, false);
        struct sim_tenant *clone = find(w, event.tenant, true);
        struct copy *copy = &copies[tenant->number];
        if (segment.first != copy->size) {
            rc = hf_err_set(err, HF_EMISMATCH, "the segment begins at %llu, after %llu",
                            (unsigned long long)segment.first, (unsigned long long)copy->size);
        }
        copy->size = segment.end;
        copy->same[0] = copy->same[0] && same_entries(tenant, &segment);
        copy->same[1] = copy->same[1] && clone != NULL && same_entries(clone, &segment);
    }
    hf_buf_free(&blob);
    return rc;
}

static void compare(struct sim_world *w, const struct copy *copies)
{
    for (unsigned i = 0; i < w->count; i++) {
        struct sim_tenant *tenant = &w->tenants[i];
        const struct copy *copy = &copies[i];
        uint64_t size = hf_log_size(tenant->agent->log.log);
        if (tenant->clone) {
            continue;
        }
        if (!copy->same[0] && !copy->same[1]) {
            hf_test_fail(__FILE__, __LINE__, "the Hub's copy of %s is not its log", tenant->name);
        }
        if (!tenant->cloned && copy->size != size) {
            hf_test_fail(__FILE__, __LINE__, "the Hub has %llu entries of %s, not %llu",
                         (unsigned long long)copy->size, tenant->name, (unsigned long long)size);
        }
    }
}

void sim_check_copies(struct sim_world *w)
{
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.from = 0};
    struct hf_err err = {0};
    struct copy *copies = hf_heap_zalloc(w->count, sizeof *copies);
    HF_ASSERT(copies != NULL);
    for (unsigned i = 0; i < w->count; i++) {
        copies[i] = (struct copy){.same = {true, w->tenants[i].cloned}};
    }
    enum hf_rc rc = hf_reader_open(w->hub->log.log, &options, &reader, &err);
    while (rc == HF_OK) {
        uint64_t index = 0;
        struct hf_bytes entry;
        struct hf_envelope envelope;
        rc = hf_reader_next(reader, &index, &entry, &err);
        if (rc == HF_OK) {
            rc = hf_envelope_read_leaf(entry, &envelope, &err);
        }
        if (rc == HF_OK && hf_str_eq(envelope.type, HF_STR(HF_EVENT_SEGMENT_RECEIVED_NAME))) {
            rc = check_segment(w, index, &envelope, copies, &err);
        }
    }
    hf_reader_close(reader);
    if (rc == HF_EEND) {
        compare(w, copies);
    } else {
        hf_test_fail(__FILE__, __LINE__, "the region's log: %s", err.text);
    }
    hf_heap_free(copies);
}

static bool is_ack(const struct sim_tenant *tenant, const struct sim_ack *ack, struct hf_err *err)
{
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.from = ack->index};
    struct hf_envelope envelope;
    struct hf_bytes entry = {NULL, 0};
    uint64_t index = 0;
    enum hf_rc rc = hf_reader_open(tenant->agent->log.log, &options, &reader, err);
    if (rc == HF_OK) {
        rc = hf_reader_next(reader, &index, &entry, err);
    }
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(entry, &envelope, err);
    }
    bool same = rc == HF_OK && index == ack->index && envelope.sequence == ack->sequence &&
                hf_str_starts(envelope.producer, HF_STR("program-"));
    hf_reader_close(reader);
    return same;
}

void sim_check_acknowledged(struct sim_world *w)
{
    struct hf_err err = {0};
    for (unsigned i = 0; i < w->count; i++) {
        const struct sim_tenant *tenant = &w->tenants[i];
        for (unsigned k = 0; k < tenant->ack_count; k++) {
            if (!is_ack(tenant, &tenant->acks[k], &err)) {
                hf_test_fail(__FILE__, __LINE__, "%s lost its event %u, which was acknowledged: %s",
                             tenant->name, tenant->acks[k].sequence, err.text);
                return;
            }
        }
    }
}

static uint64_t beats_of(struct sim_world *w, const struct sim_tenant *tenant)
{
    const struct hf_hub_tenant *t = hf_hub_tenant_find(w->hub->tenants, hf_str_c(tenant->name));
    HF_ASSERT(t != NULL);
    return t->heartbeat_counter;
}

void sim_check_alive(struct sim_world *w)
{
    uint64_t *before = hf_heap_zalloc(w->count, sizeof *before);
    HF_ASSERT(before != NULL);
    for (unsigned i = 0; i < w->count; i++) {
        before[i] = beats_of(w, &w->tenants[i]);
    }
    sim_world_run(w, 60 * SIM_SECOND); /* three of them */
    for (unsigned i = 0; i < w->count; i++) {
        struct sim_tenant *tenant = &w->tenants[i];
        if (!tenant->clone && !tenant->cloned && beats_of(w, tenant) == before[i]) {
            hf_test_fail(__FILE__, __LINE__,
                         "the Hub takes no sign of life of %s, which is %lld us ahead",
                         tenant->name, (long long)hf_env_machine_ahead_us(&tenant->machine.clock));
        }
    }
    hf_heap_free(before);
}

/* the fold */

struct known {
    struct hf_tenant life;
    uint32_t epoch;
    uint64_t size;
    struct hf_hash root;
    uint64_t segments;
    uint64_t last_segment;
};

static void take_known(struct sim_world *w, struct known *known)
{
    for (unsigned i = 0; i < w->count; i++) {
        const struct hf_hub_tenant *t =
            hf_hub_tenant_find(w->hub->tenants, hf_str_c(w->tenants[i].name));
        HF_ASSERT(t != NULL);
        known[i] = (struct known){.life = t->life,
                                  .epoch = t->mirror.epoch,
                                  .size = t->mirror.frontier.size,
                                  .segments = t->segments,
                                  .last_segment = t->last_segment};
        hf_frontier_root(&t->mirror.frontier, &known[i].root);
    }
}

static bool same_known(const struct known *a, const struct known *b)
{
    const struct hf_tenant *x = &a->life;
    const struct hf_tenant *y = &b->life;
    return a->epoch == b->epoch && a->size == b->size && hf_hash_eq(&a->root, &b->root) &&
           a->segments == b->segments && a->last_segment == b->last_segment &&
           x->version == y->version && x->status == y->status && x->ring == y->ring &&
           x->token_count == y->token_count && x->registered == y->registered &&
           x->registered_us == y->registered_us && hf_hash_eq(&x->token_used, &y->token_used) &&
           memcmp(&x->agent_key, &y->agent_key, sizeof x->agent_key) == 0 &&
           memcmp(&x->log_key, &y->log_key, sizeof x->log_key) == 0 &&
           hf_hash_eq(&x->api_key_hash, &y->api_key_hash) &&
           x->api_key_serial == y->api_key_serial && x->banned_count == y->banned_count;
}

void sim_check_fold(struct sim_world *w)
{
    struct known *before = hf_heap_zalloc(w->count, sizeof *before);
    struct known *after = hf_heap_zalloc(w->count, sizeof *after);
    HF_ASSERT(before != NULL && after != NULL);
    take_known(w, before);
    uint64_t sequence = w->hub->sequence;
    sim_world_restart_hub(w);
    take_known(w, after);
    for (unsigned i = 0; i < w->count; i++) {
        if (!same_known(&before[i], &after[i])) {
            hf_test_fail(__FILE__, __LINE__, "a fresh fold of the Hub's log knows %s differently",
                         w->tenants[i].name);
        }
    }
    if (w->hub->sequence < sequence) {
        hf_test_fail(__FILE__, __LINE__, "a fresh fold of the Hub's log is at an older sequence");
    }
    hf_heap_free(before);
    hf_heap_free(after);
}

/* the memory, record by record */

static enum hf_rc fold_fresh(struct sim_world *w, struct hf_hub *fresh, struct hf_err *err)
{
    struct hf_reader *reader = NULL;
    struct hf_reader_options options = {.from = 0};
    enum hf_rc rc = hf_memory_init(fresh, err);
    if (rc == HF_OK) {
        rc = hf_reader_open(w->hub->log.log, &options, &reader, err);
    }
    for (uint64_t next = 0; rc == HF_OK && next < w->hub->as_of; next++) {
        uint64_t index = 0;
        struct hf_bytes entry;
        struct hf_envelope envelope;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc == HF_OK) {
            rc = hf_envelope_read_leaf(entry, &envelope, err);
        }
        if (rc == HF_OK) {
            rc = hf_hub_fold(fresh, index, &envelope, err);
        }
    }
    hf_reader_close(reader);
    return rc;
}

/* Numbers of its own that the Hub gave out may not have come to the log; segments that were looked
 * into are done. */
static bool may_differ(const struct hf_memory_part *part)
{
    return part->tag == 'H' || part->tag == 'S';
}

static void compare_part(const struct hf_memory_part *part, const struct hf_hub *a,
                         const struct hf_hub *b)
{
    struct hf_buf bytes[2] = {hf_buf_init(HF_MEMORY_MAX), hf_buf_init(HF_MEMORY_MAX)};
    struct hf_memory_out out[2] = {{&bytes[0], part->tag, part->record},
                                   {&bytes[1], part->tag, part->record}};
    part->put(a, &out[0]);
    part->put(b, &out[1]);
    if (!may_differ(part) && !hf_bytes_eq(hf_buf_bytes(&bytes[0]), hf_buf_bytes(&bytes[1]))) {
        hf_test_fail(
            __FILE__, __LINE__,
            "what the Hub knows (%c: %zu bytes, as of %llu) is not what its log says (%zu)",
            part->tag, bytes[0].len, (unsigned long long)a->as_of, bytes[1].len);
    }
    hf_buf_free(&bytes[0]);
    hf_buf_free(&bytes[1]);
}

void sim_check_memory(struct sim_world *w)
{
    struct hf_err err = {0};
    if (w->hub->router.posting > 0 || sim_disk_crashed(&w->hub_machine.disk)) {
        return;
    }
    struct hf_hub *fresh = hf_heap_zalloc(1, sizeof *fresh);
    HF_ASSERT(fresh != NULL);
    fresh->loop = w->hub_machine.loop;
    fresh->log = w->hub->log;
    memcpy(fresh->region, w->hub->region, sizeof fresh->region);
    enum hf_rc rc = fold_fresh(w, fresh, &err);
    if (rc != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "the log cannot be folded: %s", err.text);
    }
    for (size_t i = 0; rc == HF_OK && hf_memory_parts[i] != NULL && !hf_test_failed(); i++) {
        compare_part(hf_memory_parts[i], w->hub, fresh);
    }
    hf_memory_fini(fresh);
    hf_heap_free(fresh);
    w->remembered++;
}

/* custody */

static void check_subject(void *arg, struct hf_hub_subject *s)
{
    struct sim_world *w = arg;
    bool kept = s->life.state == HF_SUBJECT_KEPT;
    bool here = hf_custody_has(&w->hub->custody, hf_str_c(s->life.tenant), &s->life.subject);
    if (kept != here || (!kept && !s->gone)) {
        hf_test_fail(__FILE__, __LINE__, "a key of %s is %s, and %s in custody", s->life.tenant,
                     kept ? "kept" : "erased", here ? "is" : "is not");
    }
}

void sim_check_custody(struct sim_world *w)
{
    hf_hub_subjects_visit(&w->hub->subjects, check_subject, w);
}
