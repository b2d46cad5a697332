/* tools/holdfast/log_init.c: holdfast log init. */
#include "base/json_out.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/session.h"

static enum hf_rc create(struct hf_cli *cli, const struct hf_vkey *vkey,
                         const struct hf_secret *seed, struct hf_err *err)
{
    struct hf_identity identity = {.vkey = *vkey};
    struct hf_place *place = NULL;
    const char *dir = hf_cli_operand(cli, 0);
    (void)snprintf(identity.kind, sizeof identity.kind, "%s", hf_cli_str(cli, "kind"));
    enum hf_rc rc = hf_place_dir_open(dir, HF_PLACE_CREATE, cli->name, cli->env, &place, err);
    /* The key first: a folder without a log in it can be tried again, a log without key is lost. */
    if (rc == HF_OK) {
        rc = hf_session_write_key(cli, dir, vkey, seed, err);
    }
    if (rc == HF_OK) {
        rc = hf_log_create(place, &identity, err);
    }
    hf_place_close(place);
    return rc;
}

static int run(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_signing_key *key = NULL;
    struct hf_secret seed = {0};
    struct hf_vkey vkey;
    const char *origin = hf_cli_str(cli, "origin");
    if (hf_key_name_check(hf_str_c(origin), &err) != HF_OK) {
        return hf_cli_refuse(cli, "--origin: %s", err.text);
    }
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = hf_signing_key_new(cli->env, &key, &seed, &err);
    }
    if (rc == HF_OK) {
        rc =
            hf_vkey_make(hf_str_c(origin), HF_KEY_ED25519, hf_signing_key_public(key), &vkey, &err);
    }
    if (rc == HF_OK) {
        rc = create(cli, &vkey, &seed, &err);
    }
    hf_signing_key_free(key);
    hf_secret_free(&seed);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    char text[HF_VKEY_TEXT_MAX];
    (void)hf_vkey_format(&vkey, text);
    if (cli->json) {
        struct hf_buf buf = hf_buf_init(4096);
        struct hf_json_out json;
        hf_json_init(&json, &buf);
        hf_json_object_begin(&json);
        hf_json_key_str(&json, "origin", hf_str_c(origin));
        hf_json_key_str(&json, "vkey", hf_str_c(text));
        hf_json_object_end(&json);
        hf_cli_line(cli, &buf);
        hf_buf_free(&buf);
    } else {
        hf_cli_printf(cli, "%s\n", text);
    }
    return HF_EXIT_OK;
}

static const char *const kinds[] = {"opaque", "events", NULL};
static const struct hf_cli_option options[] = {
    {.name = "origin",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .required = true,
     .help = "the log's name in checkpoints, a URL without a scheme"},
    {.name = "kind",
     .kind = HF_CLI_CHOICE,
     .choices = kinds,
     .fallback = "opaque",
     .help = "what the entries are"},
};
static const struct hf_cli_operand operands[] = {HF_OPERAND_DIR};

const struct hf_cli_command hf_command_log_init = {
    .name = "init",
    .summary = "make a log and its key; print its verifier key",
    .description = "The folder must not exist or be empty. The key is sealed under this host's key "
                   "and stays in the folder; the verifier key that is printed is what others need "
                   "to verify the log.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
