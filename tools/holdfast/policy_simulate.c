/* tools/holdfast/policy_simulate.c: holdfast policy simulate: a policy over calls that were
 * recorded. */
#include "base/cli/table.h"
#include "base/json_out.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/policy_calls.h"
#include "tools/holdfast/policy_source.h"
#include "tools/holdfast/session.h"
#include "wrapper/policy/shadow.h"

struct simulation {
    struct hf_cli *cli;
    const struct hf_policy *candidate;
    struct hf_shadow shadow;
    /* Rules of recorded decisions, kept while their rows are: a policy has far fewer. */
    struct hf_arena names;
    struct hf_buf buf;
    uint64_t own;        /* calls that were decided under this very policy */
    uint64_t reproduced; /* of them, those with the same verdict and rule */
    uint64_t shown;
    uint64_t limit;
};

static void flip_json(struct simulation *s, const struct hf_recorded_call *call,
                      const struct hf_policy_verdict *now)
{
    struct hf_json_out json;
    const struct hf_event_call_decided *event = call->event;
    hf_json_init(&json, &s->buf);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "index", call->index);
    hf_json_key_u64(&json, "offset", call->offset);
    hf_json_key_str(&json, "tenant", event->tenant);
    hf_json_key_str(&json, "session", event->session);
    hf_json_key_str(&json, "call", event->call);
    hf_json_key_str(&json, "tool", event->tool);
    hf_json_key_str(&json, "old", hf_event_call_decided_verdict_name(event->verdict));
    hf_json_key_str(&json, "old_rule", event->rule);
    hf_json_key_str(&json, "new", hf_verdict_name(now->verdict));
    hf_json_key_str(&json, "new_rule", now->rule);
    hf_json_object_end(&json);
}

static enum hf_rc show_flip(struct simulation *s, const struct hf_recorded_call *call,
                            const struct hf_policy_verdict *now)
{
    const struct hf_event_call_decided *event = call->event;
    if (s->shown == s->limit) {
        return HF_OK;
    }
    s->shown++;
    hf_buf_clear(&s->buf);
    if (s->cli->json) {
        flip_json(s, call, now);
    } else {
        hf_buf_printf(&s->buf, "%llu.%u  %.*s  %.*s: %.*s by %.*s -> %.*s by %.*s",
                      (unsigned long long)call->index, (unsigned)call->offset,
                      HF_STR_ARG(event->tenant), HF_STR_ARG(event->tool),
                      HF_STR_ARG(hf_event_call_decided_verdict_name(event->verdict)),
                      HF_STR_ARG(event->rule), HF_STR_ARG(hf_verdict_name(now->verdict)),
                      HF_STR_ARG(now->rule));
    }
    if (s->buf.failed == HF_OK) {
        hf_cli_line(s->cli, &s->buf);
    }
    return s->buf.failed;
}

/* A rule's name that outlives the event; those that are known already are found in the rows. */
static struct hf_str keep(struct simulation *s, struct hf_str rule)
{
    for (size_t i = 0; i < s->shadow.row_count; i++) {
        if (hf_str_eq(s->shadow.rows[i].from_rule, rule)) {
            return s->shadow.rows[i].from_rule;
        }
    }
    return s->shadow.row_count == HF_SHADOW_ROWS_MAX ? rule : hf_arena_str(&s->names, rule);
}

static enum hf_rc replay(void *arg, const struct hf_recorded_call *call, struct hf_err *err)
{
    struct simulation *s = arg;
    const struct hf_event_call_decided *event = call->event;
    struct hf_policy_verdict now;
    struct hf_policy_verdict then = {.verdict = (enum hf_verdict)event->verdict,
                                     .rule = event->rule};
    (void)err;
    hf_policy_decide(s->candidate, event->vector, &now);
    if (hf_bytes_eq(event->policy_digest,
                    hf_bytes_of(hf_policy_digest(s->candidate)->b, HF_HASH_SIZE))) {
        s->own++;
        s->reproduced += now.verdict == then.verdict && hf_str_eq(now.rule, then.rule) ? 1 : 0;
    }
    if (now.verdict != then.verdict) {
        then.rule = keep(s, then.rule);
    }
    return hf_shadow_count(&s->shadow, &then, &now) ? show_flip(s, call, &now) : HF_OK;
}

static void summary_json(struct simulation *s)
{
    struct hf_json_out json;
    hf_buf_clear(&s->buf);
    hf_json_init(&json, &s->buf);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "calls", s->shadow.calls);
    hf_json_key_u64(&json, "tighter", s->shadow.tighter);
    hf_json_key_u64(&json, "looser", s->shadow.looser);
    hf_json_key_u64(&json, "decided_by_this_policy", s->own);
    hf_json_key_u64(&json, "reproduced", s->reproduced);
    hf_json_key(&json, HF_STR("flips"));
    hf_json_array_begin(&json);
    for (size_t i = 0; i < s->shadow.row_count; i++) {
        const struct hf_shadow_row *row = &s->shadow.rows[i];
        hf_json_object_begin(&json);
        hf_json_key_str(&json, "old", hf_verdict_name(row->from));
        hf_json_key_str(&json, "old_rule", row->from_rule);
        hf_json_key_str(&json, "new", hf_verdict_name(row->to));
        hf_json_key_str(&json, "new_rule", row->to_rule);
        hf_json_key_u64(&json, "count", row->count);
        hf_json_object_end(&json);
    }
    hf_json_array_end(&json);
    hf_json_object_end(&json);
    hf_cli_line(s->cli, &s->buf);
}

static enum hf_rc summary(struct simulation *s, struct hf_err *err)
{
    static const struct hf_table_column columns[] = {{.title = "CALLS", .right = true},
                                                     {.title = "WAS"},
                                                     {.title = "BY"},
                                                     {.title = "WOULD BE"},
                                                     {.title = "BY"}};
    struct hf_table table;
    if (s->cli->json) {
        summary_json(s);
        return HF_OK;
    }
    hf_table_init(&table, columns, HF_LEN(columns));
    for (size_t i = 0; i < s->shadow.row_count; i++) {
        const struct hf_shadow_row *row = &s->shadow.rows[i];
        hf_table_u64(&table, row->count);
        hf_table_cell(&table, hf_verdict_name(row->from));
        hf_table_cell(&table, row->from_rule);
        hf_table_cell(&table, hf_verdict_name(row->to));
        hf_table_cell(&table, row->to_rule);
    }
    enum hf_rc rc = s->shadow.row_count == 0 ? HF_OK : hf_table_write(&table, s->cli->out, err);
    hf_table_free(&table);
    hf_cli_printf(s->cli, "%llu calls: %llu would be stricter, %llu looser",
                  (unsigned long long)s->shadow.calls, (unsigned long long)s->shadow.tighter,
                  (unsigned long long)s->shadow.looser);
    if (s->own > 0) {
        hf_cli_printf(s->cli, "; %llu of %llu decided by this very policy come out the same",
                      (unsigned long long)s->reproduced, (unsigned long long)s->own);
    }
    hf_cli_printf(s->cli, "\n");
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_policy *candidate = NULL;
    struct hf_session session = {0};
    struct simulation s = {.cli = cli, .buf = hf_buf_init(1u << 20)};
    bool shown = false;
    hf_shadow_init(&s.shadow);
    hf_arena_init(&s.names, 1u << 20);
    s.limit = hf_cli_given(cli, "limit") ? hf_cli_u64(cli, "limit") : UINT64_MAX;
    enum hf_rc rc = hf_policy_source_load(cli, hf_cli_operand(cli, 0), &candidate, &shown, &err);
    s.candidate = candidate;
    if (rc == HF_OK) {
        rc = hf_session_open_at(&session, cli, hf_cli_operand(cli, 1), HF_PLACE_READ, &err);
    }
    if (rc == HF_OK) {
        rc = hf_recorded_calls(session.log, hf_str_c(hf_cli_str(cli, "tenant")), replay, &s, &err);
    }
    if (rc == HF_OK) {
        rc = summary(&s, &err);
    }
    if (rc == HF_OK && s.reproduced != s.own) {
        rc = hf_err_set(&err, HF_EMISMATCH,
                        "%llu verdicts of this very policy come out otherwise than recorded",
                        (unsigned long long)(s.own - s.reproduced));
    }
    hf_session_close(&session);
    hf_policy_free(candidate);
    hf_arena_fini(&s.names);
    hf_buf_free(&s.buf);
    return hf_policy_source_exit(cli, rc, shown, &err);
}

static const struct hf_cli_option options[] = {
    {.name = "tenant",
     .kind = HF_CLI_STRING,
     .value = "TENANT",
     .help = "of a region's log, only this tenant's calls"},
    {.name = "limit", .kind = HF_CLI_U64, .value = "N", .help = "list at most so many flips"}};
static const struct hf_cli_operand operands[] = {
    {.name = "CANDIDATE", .help = "a policy: the text, or a compiled bundle"},
    {.name = "LOGDIR", .help = "the folder of a tenant's log, or of a region's"}};

const struct hf_cli_command hf_command_policy_simulate = {
    .name = "simulate",
    .summary = "say what a policy would have done with calls that are recorded",
    .description =
        "Each call whose verdict would be another one is listed with its place: the entry's "
        "index, and "
        "after the dot the number of the event in the segment that the entry holds (0: the "
        "entry itself). "
        "With --json, one object a flip and a summary at the end.\n\n"
        "Calls that were decided under this very policy have to come out as they are recorded; "
        "the exit "
        "code is 1 when one does not.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
