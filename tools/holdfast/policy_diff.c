/* tools/holdfast/policy_diff.c: holdfast policy diff: is one policy tighter or looser than
 * another? */
#include "base/json_out.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/policy_calls.h"
#include "tools/holdfast/policy_source.h"
#include "tools/holdfast/session.h"
#include "wrapper/policy/diff.h"

struct diffing {
    struct hf_cli *cli;
    struct hf_policy_diff *diff;
    struct hf_json_out json;
    struct hf_buf buf;
    size_t unseen; /* changed rules that decided no vector */
};

static const char *const change_names[] = {"added", "removed", "changed"};

static const char *record_name(enum hf_policy_bundle_kind kind)
{
    static const char *const names[HF_POLICY_BUNDLE_KIND_END] = {
        "?", "settings", "level", "list", "program", "tool", "rule", "test"};
    return (size_t)kind < HF_POLICY_BUNDLE_KIND_END ? names[kind] : names[0];
}

static void flip_json(struct hf_json_out *json, const struct hf_policy_flip *flip)
{
    hf_json_key_str(json, "old", hf_verdict_name(flip->old_verdict.verdict));
    hf_json_key_str(json, "old_rule", flip->old_verdict.rule);
    hf_json_key_str(json, "new", hf_verdict_name(flip->new_verdict.verdict));
    hf_json_key_str(json, "new_rule", flip->new_verdict.rule);
}

static void flip_text(struct hf_cli *cli, const struct hf_policy_flip *flip)
{
    hf_cli_printf(
        cli, "%.*s by %.*s -> %.*s by %.*s\n",
        HF_STR_ARG(hf_verdict_name(flip->old_verdict.verdict)), HF_STR_ARG(flip->old_verdict.rule),
        HF_STR_ARG(hf_verdict_name(flip->new_verdict.verdict)), HF_STR_ARG(flip->new_verdict.rule));
}

static void golden_flip(void *arg, struct hf_str name, const struct hf_policy_flip *flip)
{
    struct diffing *d = arg;
    if (d->cli->json) {
        hf_json_object_begin(&d->json);
        hf_json_key_str(&d->json, "vector", name);
        flip_json(&d->json, flip);
        hf_json_object_end(&d->json);
    } else {
        hf_cli_printf(d->cli, "vector   %.*s: ", HF_STR_ARG(name));
        flip_text(d->cli, flip);
    }
}

static enum hf_rc recorded(void *arg, const struct hf_recorded_call *call, struct hf_err *err)
{
    struct diffing *d = arg;
    struct hf_policy_flip flip;
    (void)err;
    if (!hf_policy_diff_vector(d->diff, call->event->vector, &flip)) {
        return HF_OK;
    }
    if (d->cli->json) {
        hf_json_object_begin(&d->json);
        hf_json_key_u64(&d->json, "index", call->index);
        hf_json_key_u64(&d->json, "offset", call->offset);
        hf_json_key_str(&d->json, "tool", call->event->tool);
        flip_json(&d->json, &flip);
        hf_json_object_end(&d->json);
    } else {
        hf_cli_printf(d->cli, "call     %llu.%u %.*s: ", (unsigned long long)call->index,
                      (unsigned)call->offset, HF_STR_ARG(call->event->tool));
        flip_text(d->cli, &flip);
    }
    return d->buf.failed;
}

static void changed(void *arg, const struct hf_policy_change *change)
{
    struct diffing *d = arg;
    bool unseen = change->record == HF_POLICY_BUNDLE_RULE && !change->seen;
    d->unseen += unseen ? 1 : 0;
    if (d->cli->json) {
        hf_json_object_begin(&d->json);
        hf_json_key_str(&d->json, "kind", hf_str_c(change_names[change->kind]));
        hf_json_key_str(&d->json, "record", hf_str_c(record_name(change->record)));
        hf_json_key_str(&d->json, "name", change->name);
        hf_json_key_str(&d->json, "might", hf_policy_strictness_name(change->might));
        hf_json_key(&d->json, HF_STR("seen"));
        hf_json_bool(&d->json, change->seen);
        hf_json_object_end(&d->json);
    } else {
        hf_cli_printf(d->cli, "%-8s %s %.*s%s\n", change_names[change->kind],
                      record_name(change->record), HF_STR_ARG(change->name),
                      unseen ? " (decided no vector)" : "");
    }
}

static enum hf_rc replay(struct diffing *d, struct hf_err *err)
{
    struct hf_session session;
    const char *tenant = hf_cli_str(d->cli, "tenant");
    enum hf_rc rc =
        hf_session_open_at(&session, d->cli, hf_cli_str(d->cli, "log"), HF_PLACE_READ, err);
    if (rc == HF_OK) {
        rc = hf_recorded_calls(session.log, hf_str_c(tenant), recorded, d, err);
    }
    hf_session_close(&session);
    return rc;
}

static enum hf_rc compare(struct diffing *d, struct hf_err *err)
{
    hf_json_init(&d->json, &d->buf);
    hf_json_object_begin(&d->json);
    hf_json_key(&d->json, HF_STR("flips"));
    hf_json_array_begin(&d->json);
    enum hf_rc rc = hf_policy_diff_golden(d->diff, golden_flip, d, err);
    if (rc == HF_OK && hf_cli_given(d->cli, "log")) {
        rc = replay(d, err);
    }
    hf_json_array_end(&d->json);
    hf_json_key(&d->json, HF_STR("changes"));
    hf_json_array_begin(&d->json);
    if (rc == HF_OK) {
        rc = hf_policy_diff_changes(d->diff, changed, d, err);
    }
    hf_json_array_end(&d->json);
    struct hf_str name = hf_policy_strictness_name(hf_policy_diff_strictness(d->diff));
    hf_json_key_str(&d->json, "strictness", name);
    hf_json_key_u64(&d->json, "evaluated", hf_policy_diff_evaluated(d->diff));
    hf_json_key_u64(&d->json, "unseen_rules", d->unseen);
    hf_json_object_end(&d->json);
    if (rc != HF_OK) {
        return rc;
    }
    if (d->cli->json) {
        hf_cli_line(d->cli, &d->buf);
    } else {
        hf_cli_printf(d->cli, "%.*s, by %llu evaluations", HF_STR_ARG(name),
                      (unsigned long long)hf_policy_diff_evaluated(d->diff));
        if (d->unseen > 0) {
            hf_cli_printf(d->cli, "; %zu changed rules decided none of them, add tests for them",
                          d->unseen);
        }
        hf_cli_printf(d->cli, "\n");
    }
    return d->buf.failed;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_policy *policies[2] = {NULL, NULL};
    struct diffing d = {.cli = cli, .buf = hf_buf_init(256u << 20)};
    bool shown = false;
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i < 2 && rc == HF_OK; i++) {
        rc = hf_policy_source_load(cli, hf_cli_operand(cli, i), &policies[i], &shown, &err);
    }
    if (rc == HF_OK) {
        rc = hf_policy_diff_open(policies[0], policies[1], &d.diff, &err);
    }
    if (rc == HF_OK) {
        rc = compare(&d, &err);
    }
    hf_policy_diff_close(d.diff);
    hf_policy_free(policies[0]);
    hf_policy_free(policies[1]);
    hf_buf_free(&d.buf);
    return hf_policy_source_exit(cli, rc, shown, &err);
}

static const struct hf_cli_option options[] = {
    {.name = "log",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .help = "evaluate both over the calls that are recorded in this log as well"},
    {.name = "tenant",
     .kind = HF_CLI_STRING,
     .value = "TENANT",
     .help = "of a region's log, only this tenant's calls"}};
static const struct hf_cli_operand operands[] = {
    {.name = "OLD", .help = "a policy: the text, or a compiled bundle"},
    {.name = "NEW", .help = "another one"}};

const struct hf_cli_command hf_command_policy_diff = {
    .name = "diff",
    .summary = "say whether a policy is tighter or looser than another, and why",
    .description =
        "Both are evaluated over the golden vectors of both, and over recorded calls. What "
        "this cannot "
        "see counts as what it might be: a change of tools, programs, lists or levels as both, "
        "a changed "
        "rule that decided nothing by what such a change can do.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
