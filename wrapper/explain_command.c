/* wrapper/explain_command.c: the command `explain`: asks a running wrapper what it would decide. */
#include "wrapper/explain_command.h"

#include "base/cli/table.h"
#include "base/file.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "wrapper/control_call.h"
#include "wrapper/protocol.h"

static enum hf_rc read_params(const struct hf_cli *cli, struct hf_buf *buf, struct hf_err *err)
{
    const char *given = hf_cli_operand(cli, 1);
    struct hf_json_doc *doc = NULL;
    enum hf_rc rc = HF_OK;
    if (given != NULL && strcmp(given, "-") == 0) {
        rc = hf_file_read("/dev/stdin", buf, err);
    } else {
        hf_buf_str(buf, given == NULL ? HF_STR("{}") : hf_str_c(given));
        rc = buf->failed;
    }
    rc = rc == HF_OK ? hf_json_parse(hf_buf_bytes(buf), &doc, err) : rc;
    if (rc == HF_OK && hf_json_kind(hf_json_root(doc)) != HF_JSON_OBJECT) {
        rc = hf_err_set(err, HF_EUSAGE, "they are no object, as in {\"command\": \"ls\"}");
    }
    hf_json_free(doc);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, HF_EUSAGE, "PARAMS");
}

static void write_call(const struct hf_cli *cli, struct hf_str params, struct hf_buf *body)
{
    static const char *const options[] = {"session", "channel", "requester", "origin"};
    struct hf_json_out json;
    hf_json_init(&json, body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "t", HF_STR("call"));
    hf_json_key_u64(&json, "id", 1);
    hf_json_key_str(&json, "call", HF_STR("explain"));
    hf_json_key_str(&json, "tool", hf_str_c(hf_cli_operand(cli, 0)));
    hf_json_key_str(&json, "params", params);
    for (size_t i = 0; i < HF_LEN(options); i++) {
        if (hf_cli_str(cli, options[i]) != NULL) {
            hf_json_key_str(&json, options[i], hf_str_c(hf_cli_str(cli, options[i])));
        }
    }
    hf_json_key(&json, HF_STR("owner"));
    hf_json_bool(&json, hf_cli_flag(cli, "owner"));
    hf_json_object_end(&json);
}

/* for people */

static const struct hf_table_column columns[] = {{NULL, false}, {NULL, false}};

static void add(struct hf_table *table, struct hf_str name, struct hf_str text)
{
    if (text.len > 0) {
        hf_table_cell(table, name);
        hf_table_cell(table, text);
    }
}

/* A fact as JSON; empty lists say nothing, and the counters of rates are many. */
static void add_fact(struct hf_table *table, struct hf_str name, const struct hf_json *value)
{
    struct hf_buf text = hf_buf_init(65536);
    struct hf_json_out json;
    bool list = hf_json_kind(value) == HF_JSON_ARRAY || hf_json_kind(value) == HF_JSON_OBJECT;
    if ((list && hf_json_count(value) == 0) || hf_str_eq(name, HF_STR("rates")) ||
        hf_str_eq(name, HF_STR("version")) || hf_str_eq(name, HF_STR("tenant"))) {
        return;
    }
    hf_json_init(&json, &text);
    hf_json_copy(&json, value);
    add(table, name, hf_bytes_str(hf_buf_bytes(&text)));
    hf_buf_free(&text);
}

static void add_all(struct hf_table *table, const struct hf_json *answer)
{
    static const char *const first[] = {"verdict", "rule", "reason", "asi", "risk"};
    const struct hf_json *policy = hf_json_get_kind(answer, "policy", HF_JSON_OBJECT);
    const struct hf_json *shadow = hf_json_get_kind(answer, "shadow", HF_JSON_OBJECT);
    const struct hf_json *facts = hf_json_get_kind(answer, "facts", HF_JSON_OBJECT);
    for (size_t i = 0; i < HF_LEN(first); i++) {
        add(table, hf_str_c(first[i]), hf_json_get_str(answer, first[i]));
    }
    if (policy != NULL) {
        hf_table_cell(table, HF_STR("policy"));
        hf_table_printf(table, "%.*s %.*s, %.*s", HF_STR_ARG(hf_json_get_str(policy, "name")),
                        HF_STR_ARG(hf_json_get_str(policy, "version")),
                        HF_STR_ARG(hf_json_get_str(policy, "digest")));
    }
    if (shadow != NULL) {
        hf_table_cell(table, HF_STR("shadow"));
        hf_table_printf(table, "%.*s by %.*s, %.*s", HF_STR_ARG(hf_json_get_str(shadow, "verdict")),
                        HF_STR_ARG(hf_json_get_str(shadow, "rule")),
                        HF_STR_ARG(hf_json_get_str(shadow, "digest")));
    }
    add(table, HF_STR("enforcement"), hf_json_get_str(answer, "enforcement"));
    for (size_t i = 0; facts != NULL && i < hf_json_count(facts); i++) {
        struct hf_str name;
        const struct hf_json *value = hf_json_member(facts, i, &name);
        add_fact(table, name, value);
    }
}

static enum hf_rc show(struct hf_cli *cli, struct hf_bytes answer, struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    struct hf_table table;
    enum hf_rc rc = hf_json_parse(answer, &doc, err);
    if (rc != HF_OK || hf_json_kind(hf_json_root(doc)) != HF_JSON_OBJECT) {
        hf_json_free(doc);
        return hf_err_set(err, HF_EIO, "the wrapper's answer is no object");
    }
    hf_table_init(&table, columns, HF_LEN(columns));
    add_all(&table, hf_json_root(doc));
    rc = hf_table_write(&table, cli->out, err);
    hf_table_free(&table);
    hf_json_free(doc);
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_buf params = hf_buf_init(HF_PLUGIN_PARAMS_MAX);
    struct hf_buf body = hf_buf_init(8u * HF_PLUGIN_PARAMS_MAX);
    struct hf_buf answer = hf_buf_init(0);
    struct hf_err err = {0};
    enum hf_rc rc = read_params(cli, &params, &err);
    if (rc == HF_OK) {
        write_call(cli, hf_bytes_str(hf_buf_bytes(&params)), &body);
        rc = body.failed == HF_OK ? HF_OK : hf_err_set(&err, body.failed, "the call is too big");
    }
    if (rc == HF_OK) {
        rc = hf_control_post(cli, "/v1/explain?facts=true", hf_buf_bytes(&body), &answer, &err);
    }
    if (rc == HF_OK && cli->json) {
        hf_cli_line(cli, &answer);
    } else if (rc == HF_OK) {
        rc = show(cli, hf_buf_bytes(&answer), &err);
    }
    hf_buf_free(&answer);
    hf_buf_free(&body);
    hf_buf_free(&params);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const struct hf_cli_option options[] = {
    HF_CONTROL_SOCKET_OPTION,
    {.name = "session",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .help = "as if asked in this session, with what it has seen (default: one that is new)"},
    {.name = "channel",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .help = "as if a message of this channel began it"},
    {.name = "requester",
     .kind = HF_CLI_STRING,
     .value = "ID",
     .help = "as if this sender asked for it"},
    {.name = "origin",
     .kind = HF_CLI_STRING,
     .value = "WHAT",
     .help = "as if it came from a \"schedule\" or another \"agent\""},
    {.name = "owner", .help = "as if the gateway's owner asked for it"},
};

static const struct hf_cli_operand operands[] = {
    {.name = "TOOL", .help = "the tool, as OpenClaw names it: exec"},
    {.name = "PARAMS",
     .help = "its parameters, a JSON object; - reads them from standard input (default: none)",
     .optional = true},
};

const struct hf_cli_command hf_explain_command = {
    .name = "explain",
    .summary = "what would be decided about a tool call now, and on which facts",
    .description =
        "Asks the running wrapper for its verdict on a call, by the policy in force and as tenant "
        "and session are at this moment: the rule, its reason, the facts that the call is reduced "
        "to. Nothing is written down, asked or run. Secrets in the parameters are shown "
        "as their placeholders.",
    .examples = "holdfast-wrapper explain exec '{\"command\": \"rm -rf ~/mail\"}'\n"
                "holdfast-wrapper explain write '{\"path\": \"notes.md\"}' --channel telegram "
                "--requester 4711",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
