/* tools/holdfast/artifact_sign.c: holdfast artifact key, sign, verify: offline, no Hub is asked. */
#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/host_key.h"
#include "base/json_out.h"
#include "log/tlog/key_file.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/release.h"

/* key */

static enum hf_rc make_key(struct hf_cli *cli, struct hf_vkey *ret_vkey, struct hf_err *err)
{
    uint8_t text[HF_KEY_FILE_MAX];
    struct hf_signing_key *key = NULL;
    struct hf_secret seed = {0};
    struct hf_secret host_key = {0};
    enum hf_rc rc = hf_crypto_init(err);
    if (rc == HF_OK) {
        rc = hf_signing_key_new(cli->env, &key, &seed, err);
    }
    if (rc == HF_OK) {
        rc = hf_vkey_make(hf_str_c(hf_cli_str(cli, "name")), HF_KEY_ED25519,
                          hf_signing_key_public(key), ret_vkey, err);
    }
    if (rc == HF_OK) {
        rc = hf_host_key_load(cli->env, /* path= */ NULL, &host_key, err);
    }
    if (rc == HF_OK) {
        struct hf_writer w = hf_writer_init(text, sizeof text);
        hf_key_file_format(cli->env, ret_vkey, &seed, &host_key, &w);
        HF_ASSERT(!w.overflow);
        rc = hf_file_create(hf_cli_str(cli, "out"), hf_writer_done(&w), 0600, err);
    }
    hf_signing_key_free(key);
    hf_secret_free(&seed);
    hf_secret_free(&host_key);
    return rc;
}

static int run_key(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_vkey vkey = {.name_len = 0};
    char text[HF_VKEY_TEXT_MAX];
    if (hf_key_name_check(hf_str_c(hf_cli_str(cli, "name")), &err) != HF_OK) {
        return hf_cli_refuse(cli, "--name: %s", err.text);
    }
    if (make_key(cli, &vkey, &err) != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    (void)hf_vkey_format(&vkey, text);
    hf_cli_printf(cli, cli->json ? "{\"vkey\":\"%s\"}\n" : "%s\n", text);
    return HF_EXIT_OK;
}

/* sign */

static enum hf_rc take_members(struct hf_cli *cli, struct hf_manifest *m, struct hf_err *err)
{
    const char *parent = hf_cli_str(cli, "parent");
    enum hf_rc rc = hf_slot_parse(hf_str_c(hf_cli_str(cli, "slot")), &m->slot, err);
    if (rc == HF_OK) {
        rc = hf_release_copy("--region", hf_cli_str(cli, "region"), m->region, err);
    }
    if (rc == HF_OK) {
        rc = hf_release_copy("--platform", hf_cli_str(cli, "platform"), m->platform, err);
    }
    if (rc == HF_OK) {
        rc = hf_release_copy("--name", hf_cli_str(cli, "name"), m->name, err);
    }
    if (rc == HF_OK) {
        rc = hf_release_copy("--as", hf_cli_str(cli, "as"), m->version, err);
    }
    m->has_parent = parent != NULL;
    if (rc == HF_OK && m->has_parent) {
        rc = hf_release_hash("--parent", parent, &m->parent, err);
    }
    if (rc == HF_OK) {
        rc = hf_strictness_parse(hf_str_c(hf_cli_str(cli, "strictness")), &m->strictness, err);
    }
    m->sequence = hf_cli_u64(cli, "sequence");
    m->floor = hf_cli_u64(cli, "floor");
    return rc;
}

static void show_manifest(struct hf_cli *cli, const struct hf_manifest *m, const char *what)
{
    char digest[2 * HF_HASH_SIZE + 1];
    hf_hex_encode(hf_bytes_of(m->digest.b, HF_HASH_SIZE), digest);
    if (!cli->json) {
        hf_cli_printf(cli, "%s: %s %s %s, number %llu for %s, %s\n", what, hf_slot_name(m->slot),
                      m->name, m->version, (unsigned long long)m->sequence, m->region, digest);
        return;
    }
    struct hf_buf text = hf_buf_init(4096);
    struct hf_json_out json;
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key(&json, hf_str_c(what));
    hf_json_bool(&json, true);
    hf_json_key_str(&json, "slot", hf_str_c(hf_slot_name(m->slot)));
    hf_json_key_str(&json, "name", hf_str_c(m->name));
    hf_json_key_str(&json, "version", hf_str_c(m->version));
    hf_json_key_u64(&json, "sequence", m->sequence);
    hf_json_key_u64(&json, "floor", m->floor);
    hf_json_key_str(&json, "region", hf_str_c(m->region));
    hf_json_key_str(&json, "digest", hf_str_c(digest));
    hf_json_key_str(&json, "strictness", hf_str_c(hf_strictness_name(m->strictness)));
    hf_json_key(&json, HF_STR("expires"));
    hf_json_time_us(&json, m->expires_us);
    hf_json_object_end(&json);
    hf_cli_line(cli, &text);
    hf_buf_free(&text);
}

static int run_sign(struct hf_cli *cli)
{
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    uint8_t note[HF_MANIFEST_MAX];
    struct hf_manifest m = {.length = 0};
    const char *file = hf_cli_operand(cli, 0);
    struct hf_writer w = hf_writer_init(note, sizeof note);
    struct hf_buf bytes = hf_buf_init(HF_ARTIFACT_MAX);
    if (take_members(cli, &m, &err) != HF_OK) {
        return hf_cli_refuse(cli, "%s", err.text);
    }
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = hf_release_manifest_path(hf_cli_str(cli, "out"), file, path, sizeof path, &err);
    }
    if (rc == HF_OK) {
        rc = hf_release_load_artifact(file, &bytes, &err);
    }
    if (rc == HF_OK) {
        rc = hf_release_sign(cli, hf_cli_str(cli, "key"), hf_buf_bytes(&bytes),
                             hf_cli_u64(cli, "days"), &m, &w, &err);
    }
    if (rc == HF_OK) {
        rc = hf_file_replace(path, hf_writer_done(&w), 0644, &err);
    }
    hf_buf_free(&bytes);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    show_manifest(cli, &m, "signed");
    return HF_EXIT_OK;
}

/* cosign */

static int run_cosign(struct hf_cli *cli)
{
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    uint8_t signed_note[HF_MANIFEST_MAX];
    struct hf_manifest m = {.length = 0};
    struct hf_vkey vkey;
    struct hf_signing_key *key = NULL;
    struct hf_writer w = hf_writer_init(signed_note, sizeof signed_note);
    struct hf_buf note = hf_buf_init(HF_NOTE_MAX);
    struct hf_buf bytes = hf_buf_init(HF_ARTIFACT_MAX);
    hf_artifact_reason reason;
    enum hf_rc rc = hf_crypto_init(&err);
    rc = rc == HF_OK ? hf_release_manifest_path(hf_cli_str(cli, "manifest"), hf_cli_operand(cli, 0),
                                                path, sizeof path, &err)
                     : rc;
    rc = rc == HF_OK ? hf_file_read(path, &note, &err) : rc;
    rc = rc == HF_OK ? hf_release_load_artifact(hf_cli_operand(cli, 0), &bytes, &err) : rc;
    rc = rc == HF_OK ? hf_release_load_key(cli, hf_cli_str(cli, "key"), &vkey, &key, &err) : rc;
    rc = rc == HF_OK ? hf_manifest_cosign(hf_buf_bytes(&note), &vkey, key, &w, &m, &err) : rc;
    /* Nobody signs what is about other bytes than those they hold. */
    rc = rc == HF_OK ? hf_manifest_covers(&m, hf_buf_bytes(&bytes), &reason, &err) : rc;
    rc = rc == HF_OK ? hf_file_replace(path, hf_writer_done(&w), 0644, &err) : rc;
    hf_signing_key_free(key);
    hf_buf_free(&note);
    hf_buf_free(&bytes);
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    show_manifest(cli, &m, "signed");
    return HF_EXIT_OK;
}

/* verify */

static enum hf_rc verify(struct hf_cli *cli, const struct hf_release_keys *keys,
                         struct hf_bytes note, struct hf_bytes bytes, struct hf_manifest *ret,
                         hf_artifact_reason *ret_reason, struct hf_err *err)
{
    const char *slot = hf_cli_str(cli, "slot");
    struct hf_manifest_want want = {.region = hf_str_c(hf_cli_str(cli, "region")),
                                    .platform = hf_str_c(hf_cli_str(cli, "platform")),
                                    .floor = hf_cli_u64(cli, "floor"),
                                    .has_slot = slot != NULL,
                                    .now_us = hf_env_wall_us(cli->env)};
    enum hf_rc rc = slot == NULL ? HF_OK : hf_slot_parse(hf_str_c(slot), &want.slot, err);
    if (rc == HF_OK) {
        rc = hf_manifest_open(note, keys, ret, ret_reason, err);
    }
    if (rc == HF_OK) {
        rc = hf_manifest_fits(ret, &want, ret_reason, err);
    }
    return rc == HF_OK ? hf_manifest_covers(ret, bytes, ret_reason, err) : rc;
}

static int run_verify(struct hf_cli *cli)
{
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    struct hf_release_keys keys;
    struct hf_manifest m = {.length = 0};
    hf_artifact_reason reason = HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT;
    const char *file = hf_cli_operand(cli, 0);
    struct hf_buf note = hf_buf_init(HF_NOTE_MAX);
    struct hf_buf bytes = hf_buf_init(HF_ARTIFACT_MAX + 1);
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = hf_release_load_keys(cli, &keys, &err);
    }
    if (rc == HF_OK) {
        rc = hf_release_manifest_path(hf_cli_str(cli, "manifest"), file, path, sizeof path, &err);
    }
    if (rc == HF_OK) {
        rc = hf_file_read(path, &note, &err);
    }
    if (rc == HF_OK) {
        rc = hf_file_read(file, &bytes, &err);
    }
    if (rc == HF_OK) {
        rc = verify(cli, &keys, hf_buf_bytes(&note), hf_buf_bytes(&bytes), &m, &reason, &err);
    }
    hf_buf_free(&note);
    hf_buf_free(&bytes);
    if (rc == HF_EPERM && reason != HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT) {
        return hf_cli_no(cli, "%.*s: %s", HF_STR_ARG(hf_event_artifact_refused_reason_name(reason)),
                         err.text);
    }
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    show_manifest(cli, &m, "verified");
    return HF_EXIT_OK;
}

/* the tree */

static const char *const slots[] = {"policy", "wrapper", "plugin", "openclaw", "node", NULL};
static const struct hf_cli_operand operands[] = {{.name = "FILE", .help = "the artifact"}};
static const struct hf_cli_option key_options[] = {
    {.name = "name",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .required = true,
     .help = "the key's name, a URL without a scheme, such as holdfast.example/release/policy"},
    {.name = "out",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "where the key goes; it must not be there"}};
static const char *const strictnesses[] = {"none", "same", "tighter", "looser", "mixed", NULL};
static const struct hf_cli_option sign_options[] = {
    {.name = "key",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "the release key of the slot's channel"},
    {.name = "slot",
     .kind = HF_CLI_CHOICE,
     .choices = slots,
     .required = true,
     .help = "the place at the tenant that it fills"},
    {.name = "name", .kind = HF_CLI_STRING, .value = "NAME", .required = true, .help = "its name"},
    {.name = "as",
     .kind = HF_CLI_STRING,
     .value = "VERSION",
     .required = true,
     .help = "its version, as people call it"},
    {.name = "sequence",
     .kind = HF_CLI_U64,
     .value = "N",
     .min = 1,
     .max = INT64_MAX,
     .required = true,
     .help = "its number in the slot, higher than that of the one before"},
    {.name = "floor",
     .kind = HF_CLI_U64,
     .value = "N",
     .fallback = "0",
     .max = INT64_MAX,
     .help = "the lowest number that may run from now on"},
    {.name = "parent",
     .kind = HF_CLI_STRING,
     .value = "HEX",
     .help = "SHA-256 of the artifact that it was made from"},
    {.name = "strictness",
     .kind = HF_CLI_CHOICE,
     .choices = strictnesses,
     .fallback = "none",
     .help = "of a policy: what `policy diff` says of it beside its parent"},
    {.name = "region",
     .kind = HF_CLI_STRING,
     .value = "REGION",
     .required = true,
     .help = "the region that it is for, or all"},
    {.name = "platform",
     .kind = HF_CLI_STRING,
     .value = "PLATFORM",
     .fallback = HF_MANIFEST_ANY,
     .help = "what it runs on, such as linux-x86_64"},
    {.name = "days",
     .kind = HF_CLI_U64,
     .value = "DAYS",
     .fallback = "90",
     .min = 1,
     .max = 3650,
     .help = "days from now in which it may be activated"},
    {.name = "out",
     .kind = HF_CLI_STRING,
     .value = "MANIFEST",
     .help = "where the manifest goes (default: FILE.manifest)"}};
static const struct hf_cli_option cosign_options[] = {
    {.name = "key",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "another release key of the slot's channel"},
    {.name = "manifest",
     .kind = HF_CLI_STRING,
     .value = "MANIFEST",
     .help = "its manifest (default: FILE.manifest)"}};
static const struct hf_cli_option verify_options[] = {
    HF_RELEASE_KEYS_OPTION,
    {.name = "manifest",
     .kind = HF_CLI_STRING,
     .value = "MANIFEST",
     .help = "its manifest (default: FILE.manifest)"},
    {.name = "slot", .kind = HF_CLI_CHOICE, .choices = slots, .help = "must be for this slot"},
    {.name = "region",
     .kind = HF_CLI_STRING,
     .value = "REGION",
     .help = "must be for this region, or all"},
    {.name = "platform",
     .kind = HF_CLI_STRING,
     .value = "PLATFORM",
     .help = "must run on this platform, or any"},
    {.name = "floor",
     .kind = HF_CLI_U64,
     .value = "N",
     .fallback = "0",
     .max = INT64_MAX,
     .help = "its number must not be below this one"}};

const struct hf_cli_command hf_command_artifact_key = {
    .name = "key",
    .summary = "make a release key; print its verifier key",
    .description = "The key signs manifests of one channel. It is sealed under this host's key: "
                   "make it on a machine that is not on the network, and keep it there. Hubs and "
                   "agents get the verifier key in their file of release keys, as a line CHANNEL "
                   "VKEY.",
    .options = key_options,
    .option_count = HF_LEN(key_options),
    .run = run_key};
const struct hf_cli_command hf_command_artifact_sign = {
    .name = "sign",
    .summary = "sign the manifest of an artifact, offline",
    .options = sign_options,
    .option_count = HF_LEN(sign_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_sign};
const struct hf_cli_command hf_command_artifact_cosign = {
    .name = "cosign",
    .summary = "add another key's signature to the manifest of an artifact, offline",
    .description = "For channels that need several signatures: the file of release keys says so "
                   "by a line threshold CHANNEL K. Each signs on their own machine, one after the "
                   "other, and looks at the artifact before.",
    .options = cosign_options,
    .option_count = HF_LEN(cosign_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_cosign};
const struct hf_cli_command hf_command_artifact_verify = {
    .name = "verify",
    .summary = "may this artifact be used? offline",
    .description = "Checks signature, channel, slot, region, platform, floor, expiry, length and "
                   "hash, as a Hub and an agent do. The exit code is 1, and the first word says "
                   "why, when one of them is not good.",
    .options = verify_options,
    .option_count = HF_LEN(verify_options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run_verify};
