/* tools/holdfast/policy.c: policies of the safety wrapper: `holdfast policy`. */
#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/json_out.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/policy_source.h"
#include "wrapper/policy/print.h"

/* One object about a policy; text may be NULL. */
static void show_json(struct hf_cli *cli, const struct hf_policy *policy, const struct hf_buf *text)
{
    struct hf_buf buf = hf_buf_init(8 * HF_POLICY_TEXT_MAX);
    struct hf_json_out json;
    hf_json_init(&json, &buf);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "name", hf_policy_name(policy));
    hf_json_key_str(&json, "version", hf_policy_version(policy));
    hf_json_key_hex(&json, "digest", hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE));
    hf_json_key_u64(&json, "rules", hf_policy_rule_count(policy));
    hf_json_key_u64(&json, "vectors", hf_policy_vector_count(policy));
    hf_json_key_u64(&json, "size", hf_policy_bundle(policy).len);
    hf_json_key(&json, HF_STR("valid"));
    hf_json_bool(&json, true);
    if (text != NULL) {
        hf_json_key_str(&json, "text", hf_bytes_str(hf_buf_bytes(text)));
    }
    hf_json_object_end(&json);
    hf_cli_line(cli, &buf);
    hf_buf_free(&buf);
}

/* One line about a policy, or one object. */
static void show_policy(struct hf_cli *cli, const struct hf_policy *policy, const char *word)
{
    char digest[2 * HF_HASH_SIZE + 1];
    hf_hex_encode(hf_bytes_of(hf_policy_digest(policy)->b, HF_HASH_SIZE), digest);
    if (cli->quiet) {
        return;
    }
    if (cli->json) {
        show_json(cli, policy, /* text= */ NULL);
        return;
    }
    hf_cli_printf(cli, "%.*s %.*s: %zu rules, %zu golden vectors, %s\n%s\n",
                  HF_STR_ARG(hf_policy_name(policy)), HF_STR_ARG(hf_policy_version(policy)),
                  hf_policy_rule_count(policy), hf_policy_vector_count(policy), word, digest);
}

static int run_check(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_policy *policy = NULL;
    bool shown = false;
    enum hf_rc rc = hf_policy_source_load(cli, hf_cli_operand(cli, 0), &policy, &shown, &err);
    if (rc == HF_OK) {
        show_policy(cli, policy, "no mistakes");
    }
    hf_policy_free(policy);
    return hf_policy_source_exit(cli, rc, shown, &err);
}

struct testing {
    struct hf_cli *cli;
    struct hf_json_out *json;
    size_t failed;
};

static bool show_vector(void *arg, const struct hf_policy_vector *vector,
                        const struct hf_policy_verdict *got, bool good)
{
    struct testing *t = arg;
    struct hf_str wanted = hf_verdict_name((enum hf_verdict)vector->verdict);
    struct hf_str verdict = hf_verdict_name(got->verdict);
    t->failed += good ? 0 : 1;
    if (t->cli->json) {
        hf_json_object_begin(t->json);
        hf_json_key_str(t->json, "name", vector->name);
        hf_json_key(t->json, HF_STR("good"));
        hf_json_bool(t->json, good);
        hf_json_key_str(t->json, "expected", wanted);
        if (vector->has_rule) {
            hf_json_key_str(t->json, "expected_rule", vector->rule);
        }
        hf_json_key_str(t->json, "verdict", verdict);
        hf_json_key_str(t->json, "rule", got->rule);
        hf_json_key_u64(t->json, "level", got->level);
        hf_json_object_end(t->json);
    } else if (!good) {
        hf_cli_printf(t->cli, "FAILED  %.*s: %.*s", HF_STR_ARG(vector->name), HF_STR_ARG(wanted));
        if (vector->has_rule) {
            hf_cli_printf(t->cli, " by %.*s", HF_STR_ARG(vector->rule));
        }
        hf_cli_printf(t->cli, " is expected, it is %.*s by %.*s\n", HF_STR_ARG(verdict),
                      HF_STR_ARG(got->rule));
    }
    return true;
}

static enum hf_rc run_vectors(struct hf_cli *cli, const struct hf_policy *policy,
                              struct hf_err *err)
{
    struct hf_buf buf = hf_buf_init(64u << 20);
    struct hf_json_out json;
    struct testing t = {cli, &json, 0};
    hf_json_init(&json, &buf);
    hf_json_object_begin(&json);
    hf_json_key(&json, HF_STR("vectors"));
    hf_json_array_begin(&json);
    enum hf_rc rc = hf_policy_each_vector(policy, show_vector, &t, err);
    hf_json_array_end(&json);
    hf_json_key_u64(&json, "failed", t.failed);
    hf_json_object_end(&json);
    if (rc == HF_OK && cli->json) {
        hf_cli_line(cli, &buf);
    }
    hf_buf_free(&buf);
    if (rc == HF_OK && hf_policy_vector_count(policy) == 0) {
        rc = hf_policy_selftest(policy, err);
    } else if (rc == HF_OK && t.failed > 0) {
        rc = hf_err_set(err, HF_EMISMATCH, "%zu of %zu golden vectors fail", t.failed,
                        hf_policy_vector_count(policy));
    }
    return rc;
}

static int run_test(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_policy *policy = NULL;
    bool shown = false;
    enum hf_rc rc = hf_policy_source_load(cli, hf_cli_operand(cli, 0), &policy, &shown, &err);
    if (rc == HF_OK) {
        rc = run_vectors(cli, policy, &err);
    }
    if (rc == HF_OK && !cli->json) {
        show_policy(cli, policy, "all of them as expected");
    }
    hf_policy_free(policy);
    return hf_policy_source_exit(cli, rc, shown, &err);
}

static int run_compile(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_policy *policy = NULL;
    bool shown = false;
    enum hf_rc rc = hf_policy_source_load(cli, hf_cli_operand(cli, 0), &policy, &shown, &err);
    if (rc == HF_OK) {
        rc = hf_policy_selftest(policy, &err);
    }
    if (rc == HF_OK) {
        rc = hf_file_replace(hf_cli_str(cli, "out"), hf_policy_bundle(policy), 0644, &err);
    }
    if (rc == HF_OK) {
        show_policy(cli, policy, "written");
    }
    hf_policy_free(policy);
    return hf_policy_source_exit(cli, rc, shown, &err);
}

static int run_print(struct hf_cli *cli)
{
    struct hf_buf text = hf_buf_init(HF_POLICY_TEXT_MAX);
    struct hf_err err = {0};
    struct hf_policy *policy = NULL;
    bool shown = false;
    enum hf_rc rc = hf_policy_source_load(cli, hf_cli_operand(cli, 0), &policy, &shown, &err);
    if (rc == HF_OK) {
        rc = hf_policy_print(hf_policy_bundle(policy), &text, &err);
        rc = rc == HF_OK ? rc : hf_err_wrap(&err, rc, "%s", hf_cli_operand(cli, 0));
    }
    if (rc == HF_OK && cli->json) {
        show_json(cli, policy, &text);
    } else if (rc == HF_OK) {
        hf_cli_printf(cli, "%.*s", (int)text.len, (const char *)text.ptr);
    }
    hf_buf_free(&text);
    hf_policy_free(policy);
    return hf_policy_source_exit(cli, rc, shown, &err);
}

static const struct hf_cli_operand file_operand[] = {
    {.name = "FILE", .help = "a policy: the text, or a compiled bundle"}};
static const struct hf_cli_option compile_options[] = {{.name = "out",
                                                        .kind = HF_CLI_STRING,
                                                        .value = "FILE",
                                                        .required = true,
                                                        .help = "where the bundle is written"}};

static const struct hf_cli_command check = {
    .name = "check",
    .summary = "look for mistakes in a policy",
    .description =
        "Each mistake is shown with its line and column. Exit code 1 when there are any.",
    .operands = file_operand,
    .operand_count = HF_LEN(file_operand),
    .run = run_check,
};

static const struct hf_cli_command test = {
    .name = "test",
    .summary = "run the golden vectors of a policy",
    .description = "The same check runs before a policy becomes active anywhere.",
    .operands = file_operand,
    .operand_count = HF_LEN(file_operand),
    .run = run_test,
};

static const struct hf_cli_command compile = {
    .name = "compile",
    .summary = "make the bundle of a policy, which can be signed",
    .description =
        "The same text gives the same bytes everywhere. A policy whose golden vectors fail is "
        "not written.",
    .options = compile_options,
    .option_count = HF_LEN(compile_options),
    .operands = file_operand,
    .operand_count = HF_LEN(file_operand),
    .run = run_compile,
};

static const struct hf_cli_command print = {
    .name = "print",
    .summary = "write a compiled bundle as text again",
    .description =
        "What is printed was compiled, and gave the bundle byte for byte: who reads it has read "
        "the bundle. Comments are not in a bundle, and a test has the facts of its call. Exit "
        "code 1 for what is no bundle, or one that no text compiles to.",
    .operands = file_operand,
    .operand_count = HF_LEN(file_operand),
    .run = run_print,
};

const struct hf_cli_command hf_command_policy = {
    .name = "policy",
    .summary = "write, test and compare policies of the safety wrapper",
    .description =
        "A policy says what an agent may do, what a person is asked for, and what is refused. "
        "The language is described in docs/POLICY.md.",
    HF_CLI_CHILDREN(&check, &test, &compile, &print, &hf_command_policy_diff,
                    &hf_command_policy_simulate, &hf_command_policy_publish,
                    &hf_command_policy_show, &hf_command_policy_activate),
};
