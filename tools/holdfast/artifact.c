/* tools/holdfast/artifact.c: what a region hands to its tenants: `holdfast artifact`. */
#include "tools/holdfast/artifact.h"

#include <stdio.h>

#include "base/file.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/directive.h"
#include "tools/holdfast/release.h"

/* showing */

static const struct hf_table_column columns[] = {
    {.title = "SLOT"},       {.title = "NAME"}, {.title = "VERSION"}, {.title = "NUMBER"},
    {.title = "STRICTNESS"}, {.title = "SIZE"}, {.title = "EXPIRES"}, {.title = "DIGEST"}};

static void add_row(struct hf_table *table, const struct hf_json *page, const struct hf_json *item)
{
    (void)page;
    struct hf_str expires = hf_json_get_str(item, "expires");
    hf_table_cell(table, hf_json_get_str(item, "slot"));
    hf_table_cell(table, hf_json_get_str(item, "name"));
    hf_table_cell(table, hf_json_get_str(item, "version"));
    hf_table_u64(table, hf_json_get_u64(item, "sequence"));
    hf_table_cell(table, hf_json_get_str(item, "strictness"));
    hf_table_u64(table, hf_json_get_u64(item, "size"));
    hf_table_cell(table, (struct hf_str){expires.ptr, expires.len < 10 ? expires.len : 10});
    hf_table_cell(table, hf_json_get_str(item, "digest"));
}

const struct hf_hub_table hf_artifacts_listed = {
    .list = "artifacts", .columns = columns, .column_count = HF_LEN(columns), .add_rows = add_row};

enum hf_rc hf_artifact_show_row(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    return hf_hub_show_item(cli, json, &hf_artifacts_listed, err);
}

static int run_list(struct hf_cli *cli)
{
    return hf_hub_list_command(cli, "/v1/artifacts", &hf_artifacts_listed);
}

enum hf_rc hf_artifact_show_whole(struct hf_cli *cli, const struct hf_json *json,
                                  struct hf_err *err)
{
    enum hf_rc rc = hf_artifact_show_row(cli, json, err);
    if (rc == HF_OK) {
        hf_cli_printf(cli, "\n%.*s", HF_STR_ARG(hf_json_get_str(json, "manifest")));
    }
    return rc;
}

static int run_show(struct hf_cli *cli)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/v1/artifacts/%.80s", hf_cli_operand(cli, 0));
    return hf_hub_get(cli, path, hf_artifact_show_whole);
}

/* getting */

/* Both files are what the Hub says; `artifact verify` says whether it may be believed. */
static enum hf_rc write_package(struct hf_cli *cli, struct hf_bytes package, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_bytes note = {NULL, 0};
    struct hf_bytes bytes = {NULL, 0};
    const char *out = hf_cli_str(cli, "out");
    enum hf_rc rc = hf_package_split(package, &note, &bytes, err);
    if (rc == HF_OK) {
        rc = hf_release_manifest_path(/* named= */ NULL, out, path, sizeof path, err);
    }
    if (rc == HF_OK) {
        rc = hf_file_replace(out, bytes, 0644, err);
    }
    if (rc == HF_OK) {
        rc = hf_file_replace(path, note, 0644, err);
    }
    if (rc == HF_OK) {
        hf_cli_printf(cli, "%s\n%s\n", out, path);
    }
    return rc;
}

static int run_get(struct hf_cli *cli)
{
    char path[128];
    struct hf_hub_session session;
    struct hf_err err = {0};
    struct hf_bytes package = {NULL, 0};
    (void)snprintf(path, sizeof path, "/v1/artifacts/%.80s/package", hf_cli_operand(cli, 0));
    enum hf_rc rc = hf_hub_session_open(&session, cli, &err);
    if (rc == HF_OK) {
        rc = hf_hub_fetch(&session, path, &package, &err);
    }
    if (rc == HF_OK) {
        rc = write_package(cli, package, &err);
    }
    hf_hub_session_close(&session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

/* adding */

int hf_artifact_add(struct hf_cli *cli, struct hf_bytes note, struct hf_bytes bytes)
{
    uint8_t head[HF_PACKAGE_HEAD];
    struct hf_buf package = hf_buf_init(HF_PACKAGE_MAX);
    hf_package_head(note, head);
    hf_buf_put(&package, head, sizeof head);
    hf_buf_put(&package, note.ptr, note.len);
    hf_buf_put(&package, bytes.ptr, bytes.len);
    if (package.failed != HF_OK) {
        struct hf_err err = {0};
        (void)hf_err_set(&err, package.failed, "no memory for the artifact");
        hf_buf_free(&package);
        return hf_cli_fail(cli, &err);
    }
    const struct hf_hub_request request = {.method = "POST",
                                           .path = "/v1/artifacts",
                                           .bytes = hf_buf_bytes(&package),
                                           .show = hf_artifact_show_row};
    int code = hf_hub_command(cli, &request);
    hf_buf_free(&package);
    return code;
}

static int run_add(struct hf_cli *cli)
{
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    const char *file = hf_cli_operand(cli, 0);
    struct hf_buf note = hf_buf_init(HF_MANIFEST_MAX);
    struct hf_buf bytes = hf_buf_init(HF_ARTIFACT_MAX);
    enum hf_rc rc =
        hf_release_manifest_path(hf_cli_str(cli, "manifest"), file, path, sizeof path, &err);
    if (rc == HF_OK) {
        rc = hf_file_read(path, &note, &err);
    }
    if (rc == HF_OK) {
        rc = hf_release_load_artifact(file, &bytes, &err);
    }
    int code = rc == HF_OK ? hf_artifact_add(cli, hf_buf_bytes(&note), hf_buf_bytes(&bytes))
                           : hf_cli_fail(cli, &err);
    hf_buf_free(&note);
    hf_buf_free(&bytes);
    return code;
}

/* activating */

static enum hf_rc show_directive(struct hf_cli *cli, const struct hf_json *json, struct hf_err *err)
{
    struct hf_str address = hf_json_get_str(json, "address");
    if (address.len == 0) {
        return hf_err_set(err, HF_EIO, "the Hub's answer is no directive");
    }
    hf_cli_printf(cli, "directive %llu tells %.*s to activate it\n",
                  (unsigned long long)hf_json_get_u64(json, "sequence"), HF_STR_ARG(address));
    return HF_OK;
}

int hf_artifact_activate(struct hf_cli *cli, const char *slot, const char *digest)
{
    char parameters[64];
    (void)snprintf(parameters, sizeof parameters, "slot=%.48s", slot);
    const struct hf_directive_wish wish = {
        .kind = "activate", .artifact = digest, .parameters = parameters, .show = show_directive};
    return hf_directive_command(cli, &wish);
}

static int run_activate(struct hf_cli *cli)
{
    return hf_artifact_activate(cli, hf_cli_operand(cli, 0), hf_cli_operand(cli, 1));
}

/* the tree */

static const struct hf_cli_operand file_operands[] = {{.name = "FILE", .help = "the artifact"}};
static const struct hf_cli_operand show_operands[] = {
    {.name = "DIGEST", .help = "SHA-256 of its bytes"}};
static const struct hf_cli_operand activate_operands[] = {
    {.name = "SLOT", .help = "the place at the tenant that it fills"},
    {.name = "DIGEST", .help = "SHA-256 of its bytes"}};
static const struct hf_cli_option list_options[] = {HF_HUB_OPTIONS};
static const struct hf_cli_option activate_options[] = {HF_HUB_OPTIONS,
                                                        HF_DIRECTIVE_OPTIONS("1440")};
static const struct hf_cli_option add_options[] = {
    HF_HUB_OPTIONS,
    {.name = "manifest",
     .kind = HF_CLI_STRING,
     .value = "MANIFEST",
     .help = "its manifest (default: FILE.manifest)"}};

static const struct hf_cli_command command_add = {
    .name = "add",
    .summary = "take an artifact and its manifest into the region",
    .description =
        "The Hub verifies it against the release keys that it is configured with. Nothing "
        "is activated by it.",
    .options = add_options,
    .option_count = HF_LEN(add_options),
    .operands = file_operands,
    .operand_count = HF_LEN(file_operands),
    .run = run_add};
static const struct hf_cli_command command_list = {.name = "list",
                                                   .summary = "all artifacts of the region",
                                                   .options = list_options,
                                                   .option_count = HF_LEN(list_options),
                                                   .run = run_list};
static const struct hf_cli_command command_show = {.name = "show",
                                                   .summary = "one artifact and its manifest",
                                                   .options = list_options,
                                                   .option_count = HF_LEN(list_options),
                                                   .operands = show_operands,
                                                   .operand_count = HF_LEN(show_operands),
                                                   .run = run_show};
static const struct hf_cli_option get_options[] = {
    HF_HUB_OPTIONS,
    {.name = "out",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "where its bytes go; its manifest goes to FILE.manifest"}};
static const struct hf_cli_command command_get = {
    .name = "get",
    .summary = "take an artifact and its manifest away",
    .description =
        "What comes is what the Hub says: `artifact verify FILE` checks it offline, with "
        "the release keys that are pinned here.",
    .options = get_options,
    .option_count = HF_LEN(get_options),
    .operands = show_operands,
    .operand_count = HF_LEN(show_operands),
    .run = run_get,
    .no_json = true};
static const struct hf_cli_command command_activate = {
    .name = "activate",
    .summary = "tell a tenant's agent, or all, to run an artifact",
    .description = HF_ACTIVATE_DESCRIPTION,
    .options = activate_options,
    .option_count = HF_LEN(activate_options),
    .operands = activate_operands,
    .operand_count = HF_LEN(activate_operands),
    .run = run_activate};

const struct hf_cli_command hf_command_artifact = {
    .name = "artifact",
    .summary = "what a region hands to its tenants, under release keys",
    HF_CLI_CHILDREN(&hf_command_artifact_key, &hf_command_artifact_sign,
                    &hf_command_artifact_cosign, &hf_command_artifact_verify, &command_add,
                    &command_list, &command_show, &command_get, &command_activate),
};
