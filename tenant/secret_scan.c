/* tenant/secret_scan.c: searches the log slice by slice and tells what it saw. */
#include "tenant/secret_scan.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "log/core/reader.h"
#include "schemas/events_gen.h"
#include "tenant/agent.h"

#define SECOND        UINT64_C(1000000000)
#define BATCH_NS      (SECOND / 5) /* entries that come together are searched together */
#define RETRY_NS      (5 * SECOND)
#define SLICE_ENTRIES 200         /* of some microseconds each */
#define SLICE_BYTES   (256 << 10) /* of 5 ns or less each */
/* Further findings, and what another set led to, are told this long after what was told last. */
#define SOON_US       INT64_C(10000000)

static const struct hf_sm_state states[] = {
    [HF_AGENT_SCAN_WAITING] = {"WAITING", HF_SM_TO(HF_AGENT_SCAN_COMPILING), HF_SM_INITIAL},
    [HF_AGENT_SCAN_COMPILING] =
        {"COMPILING", HF_SM_TO(HF_AGENT_SCAN_SEARCHING) | HF_SM_TO(HF_AGENT_SCAN_WAITING), 0},
    [HF_AGENT_SCAN_SEARCHING] = {"SEARCHING", HF_SM_TO(HF_AGENT_SCAN_COMPILING), 0},
};
static const struct hf_sm_conf sm_conf = {"secret-scan", states, HF_LEN(states)};

static struct hf_agent *agent_of(struct hf_agent_scan *scan)
{
    return HF_CONTAINER_OF(scan, struct hf_agent, scan);
}

/* Fires after delay_ns at the latest, but not while what failed waits. */
static void arm(struct hf_agent *agent, uint64_t delay_ns)
{
    struct hf_agent_scan *scan = &agent->scan;
    uint64_t now = hf_env_mono_ns(hf_loop_env(agent->loop));
    uint64_t due = now + delay_ns > scan->not_before_ns ? now + delay_ns : scan->not_before_ns;
    if (!hf_timer_armed(&scan->timer) || due < scan->due_ns) {
        scan->due_ns = due;
        (void)hf_timer_arm(&scan->timer, due - now);
    }
}

static void trouble(struct hf_agent *agent, const struct hf_err *err)
{
    struct hf_agent_scan *scan = &agent->scan;
    if (strcmp(scan->trouble.text, err->text) != 0) {
        hf_log(agent->logger, HF_LOG_WARN, "secrets.not_searched", hf_f_err(err));
    }
    scan->trouble = *err;
    scan->not_before_ns = hf_env_mono_ns(hf_loop_env(agent->loop)) + RETRY_NS;
    arm(agent, 0);
}

/* the set */

static void compile(struct hf_work *work)
{
    hf_secret_set_compile(HF_CONTAINER_OF(work, struct hf_agent_scan, work)->next);
}

static void compiled(struct hf_work *work)
{
    struct hf_agent_scan *scan = HF_CONTAINER_OF(work, struct hf_agent_scan, work);
    struct hf_agent *agent = agent_of(scan);
    struct hf_secret_set *set = scan->next;
    scan->next = NULL;
    hf_sm_move(&scan->sm, set->rc == HF_OK ? HF_AGENT_SCAN_SEARCHING : HF_AGENT_SCAN_WAITING);
    if (scan->closed != NULL) {
        hf_secret_set_free(set);
        scan->closed(agent);
        return;
    }
    if (set->rc == HF_OK) {
        scan->set = set;
        arm(agent, 0);
    } else {
        trouble(agent, &set->err);
        hf_secret_set_free(set);
    }
}

/* The set that was searched for goes first: two of them would take twice the memory, and what was
 * found with the old one is looked for again anyway. */
static enum hf_rc take_set(struct hf_agent *agent, struct hf_err *err)
{
    struct hf_agent_scan *scan = &agent->scan;
    enum hf_rc rc = hf_redaction_init(err);
    rc = rc == HF_OK ? hf_secret_set_read(agent->vault.store, &scan->next, err) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    scan->work = (struct hf_work){.run = compile, .done = compiled};
    rc = hf_work_submit(agent->loop, &scan->work);
    if (rc != HF_OK) {
        hf_secret_set_free(scan->next);
        scan->next = NULL;
        return hf_err_set(err, rc, "no thread to compile the set of secrets on");
    }
    hf_secret_set_free(scan->set);
    scan->set = NULL;
    hf_sm_move(&scan->sm, HF_AGENT_SCAN_COMPILING);
    return HF_OK;
}

/* telling */

static void told(struct hf_post *post)
{
    struct hf_agent_scan *scan = HF_CONTAINER_OF(post, struct hf_agent_scan, post);
    struct hf_agent *agent = agent_of(scan);
    struct hf_store *store = agent->views.store;
    struct hf_scan_row row;
    struct hf_err err = post->append.err;
    enum hf_rc rc = post->append.rc;
    scan->posting = false;
    agent->appends--;
    if (rc == HF_OK && scan->telling.findings > 0) {
        hf_agent_replicate_poke(agent, true);
    }
    if (rc == HF_OK && store != NULL && scan->closed == NULL) {
        rc = hf_store_begin(store, &err);
        if (rc == HF_OK) {
            rc = hf_scan_rows_load(store, &row, &err);
            row.told = scan->telling;
            row.fresh = 0;
            rc = rc == HF_OK ? hf_scan_rows_save(store, &row, &err) : rc;
            if (rc == HF_OK) {
                rc = hf_store_commit(store, &err);
            } else {
                hf_store_rollback(store);
            }
        }
    }
    if (scan->closed != NULL) {
        return;
    }
    if (rc != HF_OK) {
        trouble(agent, &err);
    } else {
        arm(agent, 0);
    }
}

static enum hf_rc tell(struct hf_agent *agent, const struct hf_scan_row *row, bool through,
                       struct hf_err *err)
{
    struct hf_agent_scan *scan = &agent->scan;
    uint8_t payload[512];
    char stream[HF_ENVELOPE_NAME_MAX];
    uint64_t now = (uint64_t)hf_env_wall_us(hf_loop_env(agent->loop));
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    bool found = row->findings > 0;
    const struct hf_event_secrets_scanned event = {
        .tenant = hf_str_c(agent->region.tenant),
        .epoch = agent->epoch.epoch,
        .set = hf_bytes_of(row->set.b, HF_HASH_SIZE),
        .from = row->from,
        .to = row->to,
        .secrets = scan->set->count,
        .spellings = hf_secret_search_spellings(scan->set->search),
        .findings = row->findings,
        .has_first_index = found,
        .first_index = row->first_index,
        .has_first_secret = found,
        .first_secret = hf_str_c(row->first_secret)};
    enum hf_rc rc = hf_event_secrets_scanned_check(&event, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_event_secrets_scanned_encode(&event, &w);
    HF_ASSERT(!w.overflow);
    int len = snprintf(stream, sizeof stream, "secrets-scan/%s", agent->region.tenant);
    scan->sequence = now > scan->sequence ? now : scan->sequence + 1;
    const struct hf_envelope envelope = {.type = HF_STR(HF_EVENT_SECRETS_SCANNED_NAME),
                                         .schema_version = HF_EVENT_SECRETS_SCANNED_VERSION,
                                         .producer = HF_STR("agent/secrets"),
                                         .sequence = scan->sequence,
                                         .stream = {stream, (size_t)len},
                                         .occurred_us = (int64_t)now,
                                         .payload = hf_writer_done(&w)};
    const struct hf_post_conf conf = {.envelope = &envelope, .wait = HF_WAIT_DURABLE};
    scan->post.done = told;
    rc = hf_owned_post(&agent->log, &conf, &scan->post, err);
    if (rc == HF_OK) {
        scan->telling = (struct hf_scan_told){row->set, row->findings, through, (int64_t)now};
        scan->posting = true;
        agent->appends++;
    }
    return rc;
}

/* How long until something is to be told: 0 when it is due, UINT64_MAX for not at all. */
static uint64_t tell_after_us(const struct hf_agent *agent, const struct hf_scan_row *row,
                              bool through)
{
    int64_t now = hf_env_wall_us(hf_loop_env(agent->loop));
    bool another = !hf_hash_eq(&row->set, &row->told.set);
    bool unsaid = another || !row->told.whole;
    bool more = row->findings > (another ? 0 : row->told.findings);
    int64_t wait = (int64_t)(agent->conf.scan_report_ns / 1000);
    if (agent->scan.set->count == 0 && row->told.at_us == 0) {
        return UINT64_MAX; /* there never was a secret */
    }
    if (!more && (!through || (!unsaid && row->fresh == 0))) {
        return UINT64_MAX;
    }
    if (more && (another || row->told.findings == 0)) {
        return 0;
    }
    wait = (more || unsaid) && wait > SOON_US ? SOON_US : wait;
    int64_t age = now - row->told.at_us;
    return age < 0 || age >= wait ? 0 : (uint64_t)(wait - age);
}

/* searching */

struct slice {
    struct hf_store *store;
    struct hf_scan_row *row;
    struct hf_err *err;
};

static enum hf_rc found(void *arg, const struct hf_secret_finding *finding)
{
    struct slice *slice = arg;
    return hf_scan_rows_found(slice->store, finding->index, finding->name, finding->type,
                              slice->row, slice->err);
}

static enum hf_rc search_entries(struct hf_agent *agent, struct hf_reader *reader,
                                 struct slice *slice, struct hf_err *err)
{
    struct hf_secret_search *search = agent->scan.set->search;
    struct hf_scan_row *row = slice->row;
    size_t bytes = 0;
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; rc == HF_OK && i < SLICE_ENTRIES && bytes < SLICE_BYTES; i++) {
        struct hf_bytes entry;
        uint64_t index = 0;
        rc = hf_reader_next(reader, &index, &entry, err);
        if (rc != HF_OK) {
            break;
        }
        row->from = index > row->to ? index : row->from; /* what was between them is pruned */
        rc = hf_secret_search_entry(search, agent->log.log, index, entry, found, slice, err);
        if (rc != HF_OK) {
            return hf_err_wrap(err, rc, "entry %llu", (unsigned long long)index);
        }
        bool own = hf_str_eq(hf_secret_search_type(search), HF_STR(HF_EVENT_SECRETS_SCANNED_NAME));
        row->fresh += own ? 0 : 1;
        row->to = index + 1;
        bytes += entry.len;
    }
    return rc == HF_EEND ? HF_OK : rc;
}

/* The next entries, or with no secret all of them at once. */
static enum hf_rc search_slice(struct hf_agent *agent, struct slice *slice, struct hf_err *err)
{
    struct hf_reader *reader = NULL;
    struct hf_scan_row *row = slice->row;
    if (agent->scan.set->count == 0) {
        row->to = hf_log_size(agent->log.log);
        return HF_OK;
    }
    const struct hf_reader_options options = {.from = row->to, .skip_pruned = true};
    enum hf_rc rc = hf_reader_open(agent->log.log, &options, &reader, err);
    rc = rc == HF_OK ? search_entries(agent, reader, slice, err) : rc;
    hf_reader_close(reader);
    return rc;
}

static enum hf_rc in_transaction(struct hf_agent *agent, struct hf_scan_row *ret_row,
                                 struct hf_err *err)
{
    struct hf_store *store = agent->views.store;
    struct slice slice = {store, ret_row, err};
    uint64_t kept = 0;
    enum hf_rc rc = hf_scan_rows_load(store, ret_row, err);
    if (rc == HF_OK && !hf_hash_eq(&ret_row->set, &agent->scan.set->digest)) {
        rc = hf_log_kept(agent->log.log, &kept, err);
        rc = rc == HF_OK ? hf_scan_rows_reset(store, &agent->scan.set->digest, kept, ret_row, err)
                         : rc;
    }
    uint64_t before = ret_row->to;
    rc = rc == HF_OK ? search_slice(agent, &slice, err) : rc;
    return rc == HF_OK && ret_row->to > before ? hf_scan_rows_save(store, ret_row, err) : rc;
}

static enum hf_rc search(struct hf_agent *agent, struct hf_scan_row *ret_row, struct hf_err *err)
{
    struct hf_store *store = agent->views.store;
    enum hf_rc rc = hf_store_begin(store, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = in_transaction(agent, ret_row, err);
    if (rc == HF_OK) {
        return hf_store_commit(store, err);
    }
    hf_store_rollback(store);
    return rc;
}

/* before it is written */

static enum hf_rc found_before(void *arg, const struct hf_secret_finding *finding)
{
    return hf_err_set(arg, HF_EINVAL,
                      "the registered secret %.*s stands in it, and would for ever; nothing was "
                      "written: leave it out, and send the event again",
                      HF_STR_ARG(finding->name));
}

enum hf_rc hf_agent_scan_check(struct hf_agent *agent, struct hf_bytes submission,
                               struct hf_err *err)
{
    struct hf_secret_set *set = agent->scan.set;
    struct hf_err found = {.rc = HF_OK};
    if (set == NULL || set->count == 0) {
        return HF_OK;
    }
    enum hf_rc rc = hf_secret_search_bytes(set->search, submission, found_before, &found, err);
    if (found.rc != HF_OK) {
        *err = found;
    }
    return rc;
}

/* the machine */

static enum hf_rc go_on(struct hf_agent *agent, struct hf_err *err)
{
    struct hf_agent_scan *scan = &agent->scan;
    struct hf_scan_row row;
    if (scan->set == NULL || scan->set->revision != hf_vault_revision(agent->vault.store)) {
        return take_set(agent, err);
    }
    enum hf_rc rc = search(agent, &row, err);
    if (rc != HF_OK) {
        return rc;
    }
    scan->trouble = (struct hf_err){.rc = HF_OK};
    bool through = row.to >= hf_log_size(agent->log.log);
    uint64_t wait_us = tell_after_us(agent, &row, through);
    if (!scan->posting && wait_us == 0) {
        rc = tell(agent, &row, through, err);
    } else if (!scan->posting && through && wait_us != UINT64_MAX) {
        arm(agent, wait_us * 1000);
    }
    if (rc == HF_OK && !through) {
        arm(agent, 0);
    }
    return rc;
}

static void step(struct hf_timer *timer)
{
    struct hf_agent_scan *scan = HF_CONTAINER_OF(timer, struct hf_agent_scan, timer);
    struct hf_agent *agent = agent_of(scan);
    struct hf_err err = {0};
    if (scan->next != NULL || !hf_agent_vault_ready(agent) || agent->vault.store == NULL ||
        agent->views.projector == NULL) {
        return; /* poked again when it is otherwise */
    }
    if (go_on(agent, &err) != HF_OK) {
        trouble(agent, &err);
    }
}

void hf_agent_scan_open(struct hf_agent *agent)
{
    struct hf_agent_scan *scan = &agent->scan;
    hf_sm_init(&scan->sm, &sm_conf, /* invariant= */ NULL, HF_AGENT_SCAN_WAITING, 0);
    hf_timer_init(&scan->timer, agent->loop, step);
    scan->open = true;
}

void hf_agent_scan_poke(struct hf_agent *agent)
{
    struct hf_agent_scan *scan = &agent->scan;
    if (scan->open && scan->closed == NULL) {
        arm(agent, BATCH_NS);
    }
}

void hf_agent_scan_close(struct hf_agent *agent, void (*closed)(struct hf_agent *agent))
{
    struct hf_agent_scan *scan = &agent->scan;
    scan->closed = closed;
    if (scan->open) {
        hf_timer_cancel(&scan->timer);
        hf_secret_set_free(scan->set);
        scan->set = NULL;
    }
    if (scan->next == NULL) {
        closed(agent);
    }
}

/* showing */

static void show(struct hf_agent *agent, const struct hf_scan_row *row, struct hf_json_out *json)
{
    const struct hf_agent_scan *scan = &agent->scan;
    const struct hf_secret_set *set = scan->set;
    uint64_t size = agent->log.log == NULL ? 0 : hf_log_size(agent->log.log);
    char hex[2 * HF_HASH_SIZE + 1];
    hf_hex_encode(hf_bytes_of(row->set.b, HF_HASH_SIZE), hex);
    hf_json_key_str(json, "state", hf_str_c(hf_sm_state_name(&scan->sm)));
    hf_json_key_str(json, "trouble", hf_str_c(scan->trouble.text));
    hf_json_key_str(json, "set", hf_str_c(hex));
    hf_json_key_u64(json, "secrets", set == NULL ? 0 : set->count);
    hf_json_key_u64(json, "spellings", set == NULL ? 0 : hf_secret_search_spellings(set->search));
    hf_json_key_u64(json, "entries", size);
    hf_json_key_u64(json, "from", row->from);
    hf_json_key_u64(json, "to", row->to);
    hf_json_key_u64(json, "behind", size > row->to ? size - row->to : 0);
    hf_json_key_u64(json, "findings", row->findings);
}

void hf_agent_scan_serve(struct hf_agent *agent, struct hf_http_exchange *exchange)
{
    struct hf_err err = {0};
    struct hf_scan_row row;
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_json_out json;
    enum hf_rc rc =
        agent->views.projector != NULL
            ? hf_scan_rows_load(agent->views.store, &row, &err)
            : hf_err_set(&err, HF_ECLOSED, "the views are not open; the agent's log says why");
    if (rc == HF_OK) {
        hf_json_init(&json, &text);
        hf_json_object_begin(&json);
        show(agent, &row, &json);
        hf_json_key(&json, HF_STR("places"));
        rc = hf_scan_rows_show(agent->views.store, &json, &err);
        hf_json_object_end(&json);
    }
    if (rc == HF_OK && text.failed == HF_OK) {
        hf_http_answer(exchange, 200, "application/json", hf_buf_bytes(&text));
    } else {
        hf_http_problem(exchange, 503, "try-again",
                        err.text[0] == '\0' ? "no memory for the answer" : err.text);
    }
    hf_buf_free(&text);
}
