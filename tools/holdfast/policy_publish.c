/* tools/holdfast/policy_publish.c: policies as artifacts of a region: publish, show, activate. */
#include <stdio.h>

#include "tools/holdfast/artifact.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/directive.h"
#include "tools/holdfast/policy_source.h"
#include "tools/holdfast/release.h"
#include "wrapper/policy/diff.h"

#define LIST "/v1/artifacts?slot=policy"

/* finding */

/* What a list is searched for; the one with the highest number counts. */
struct search {
    struct hf_str digest; /* empty: any */
    struct hf_str name;   /* empty: any */
    struct hf_str version;
    bool found;
    char hex[2 * HF_HASH_SIZE + 1];
    uint64_t sequence;
    uint64_t floor; /* the highest of all */
};

static bool is_it(const struct search *search, const struct hf_json *item)
{
    return (search->digest.len == 0 ||
            hf_str_eq(search->digest, hf_json_get_str(item, "digest"))) &&
           (search->name.len == 0 || hf_str_eq(search->name, hf_json_get_str(item, "name"))) &&
           (search->version.len == 0 ||
            hf_str_eq(search->version, hf_json_get_str(item, "version")));
}

static enum hf_rc take_page(void *arg, const struct hf_json *page, struct hf_err *err)
{
    struct search *search = arg;
    const struct hf_json *list = hf_json_get_kind(page, "artifacts", HF_JSON_ARRAY);
    if (list == NULL) {
        return hf_err_set(err, HF_EIO, "the Hub's answer has no list of artifacts");
    }
    for (size_t i = 0; i < hf_json_count(list); i++) {
        const struct hf_json *item = hf_json_at(list, i);
        struct hf_str digest = hf_json_get_str(item, "digest");
        uint64_t floor = hf_json_get_u64(item, "floor");
        uint64_t sequence = hf_json_get_u64(item, "sequence");
        search->floor = floor > search->floor ? floor : search->floor;
        if (is_it(search, item) && sequence > search->sequence && digest.len < sizeof search->hex) {
            (void)snprintf(search->hex, sizeof search->hex, "%.*s", HF_STR_ARG(digest));
            search->sequence = sequence;
            search->found = true;
        }
    }
    return HF_OK;
}

/* publishing */

struct publishing {
    struct hf_cli *cli;
    struct hf_hub_session session;
    struct hf_release_keys keys;
    struct hf_policy *policy;
    struct hf_policy *before; /* NULL: it is the first one */
    struct hf_manifest manifest;
};

/* The one before comes from the Hub and is believed as little as everything that does: what it is
 * compared with decides who may activate it. */
static enum hf_rc load_before(struct publishing *p, const char *hex, struct hf_err *err)
{
    char path[128];
    struct hf_bytes package;
    struct hf_bytes note = {NULL, 0};
    struct hf_bytes bytes = {NULL, 0};
    struct hf_manifest m = {.length = 0};
    hf_artifact_reason reason;
    const struct hf_manifest_want want = {.has_slot = true, .slot = HF_SLOT_POLICY};
    (void)snprintf(path, sizeof path, "/v1/artifacts/%s/package", hex);
    enum hf_rc rc = hf_hub_fetch(&p->session, path, &package, err);
    if (rc == HF_OK) {
        rc = hf_package_split(package, &note, &bytes, err);
    }
    if (rc == HF_OK) {
        rc = hf_manifest_open(note, &p->keys, &m, &reason, err);
    }
    if (rc == HF_OK) {
        rc = hf_manifest_fits(&m, &want, &reason, err);
    }
    if (rc == HF_OK) {
        rc = hf_manifest_covers(&m, bytes, &reason, err);
    }
    if (rc == HF_OK) {
        rc = hf_policy_load(bytes, &p->before, err);
    }
    p->manifest.has_parent = rc == HF_OK;
    p->manifest.parent = m.digest;
    return rc == HF_OK ? rc : hf_err_wrap(err, rc, "the policy before, %s", hex);
}

/* By evaluation over the golden vectors of both; the tighter word only where nothing speaks against
 * it. */
static enum hf_rc judge(struct publishing *p, struct hf_err *err)
{
    static const enum hf_strictness as[] = {
        [HF_POLICY_STRICTNESS_SAME] = HF_STRICTNESS_SAME,
        [HF_POLICY_STRICTNESS_TIGHTER] = HF_STRICTNESS_TIGHTER,
        [HF_POLICY_STRICTNESS_LOOSER] = HF_STRICTNESS_LOOSER,
        [HF_POLICY_STRICTNESS_MIXED] = HF_STRICTNESS_MIXED,
    };
    struct hf_policy_diff *diff = NULL;
    enum hf_rc rc = hf_policy_diff_open(p->before, p->policy, &diff, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_policy_diff_golden(diff, /* visit= */ NULL, /* arg= */ NULL, err);
    if (rc == HF_OK) {
        rc = hf_policy_diff_changes(diff, /* visit= */ NULL, /* arg= */ NULL, err);
    }
    if (rc == HF_OK) {
        p->manifest.strictness = as[hf_policy_diff_strictness(diff)];
    }
    hf_policy_diff_close(diff);
    return rc;
}

static enum hf_rc compare(struct publishing *p, struct hf_err *err)
{
    struct search newest = {.found = false};
    struct search parent = {.digest = hf_str_c(hf_cli_str(p->cli, "parent"))};
    enum hf_rc rc = hf_hub_pages(&p->session, LIST, take_page, &newest, err);
    if (rc == HF_OK && parent.digest.len > 0) {
        rc = hf_hub_pages(&p->session, LIST, take_page, &parent, err);
        if (rc == HF_OK && !parent.found) {
            rc = hf_err_set(err, HF_ENOTFOUND, "--parent: the region has no such policy");
        }
    }
    const struct search *before = parent.digest.len > 0 ? &parent : &newest;
    if (rc == HF_OK && before->found) {
        rc = load_before(p, before->hex, err);
    }
    p->manifest.sequence = newest.sequence + 1;
    p->manifest.floor = newest.floor;
    if (hf_cli_given(p->cli, "floor")) {
        p->manifest.floor = hf_cli_u64(p->cli, "floor");
    }
    if (rc == HF_OK && p->before != NULL) {
        rc = judge(p, err);
    }
    return rc;
}

static enum hf_rc copy_str(const char *what, struct hf_str text, char out[HF_MANIFEST_NAME_MAX + 1],
                           struct hf_err *err)
{
    if (text.len > HF_MANIFEST_NAME_MAX) {
        return hf_err_set(err, HF_EINVAL, "the policy's %s has more than %d characters", what,
                          HF_MANIFEST_NAME_MAX);
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return HF_OK;
}

/* Golden vectors first: what does not pass them runs nowhere. */
static enum hf_rc prepare(struct publishing *p, struct hf_err *err)
{
    struct hf_manifest *m = &p->manifest;
    *m = (struct hf_manifest){.slot = HF_SLOT_POLICY, .platform = HF_MANIFEST_ANY};
    enum hf_rc rc = hf_policy_selftest(p->policy, err);
    if (rc == HF_OK) {
        rc = hf_release_copy("--region", hf_cli_str(p->cli, "region"), m->region, err);
    }
    if (rc == HF_OK) {
        rc = copy_str("name", hf_policy_name(p->policy), m->name, err);
    }
    if (rc == HF_OK) {
        rc = copy_str("version", hf_policy_version(p->policy), m->version, err);
    }
    if (rc == HF_OK) {
        rc = hf_release_load_keys(p->cli, &p->keys, err);
    }
    if (rc == HF_OK) {
        rc = hf_hub_session_open(&p->session, p->cli, err);
    }
    if (rc == HF_OK) {
        rc = compare(p, err);
    }
    return rc;
}

static int run_publish(struct hf_cli *cli)
{
    struct publishing p = {.cli = cli};
    struct hf_err err = {0};
    uint8_t note[HF_MANIFEST_MAX];
    struct hf_writer w = hf_writer_init(note, sizeof note);
    bool shown = false;
    int code = HF_EXIT_OK;
    enum hf_rc rc = hf_policy_source_load(cli, hf_cli_operand(cli, 0), &p.policy, &shown, &err);
    if (rc == HF_OK) {
        rc = prepare(&p, &err);
    }
    if (rc == HF_OK) {
        rc = hf_release_sign(cli, hf_cli_str(cli, "key"), hf_policy_bundle(p.policy),
                             hf_cli_u64(cli, "days"), &p.manifest, &w, &err);
    }
    hf_hub_session_close(&p.session);
    code = rc == HF_OK ? hf_artifact_add(cli, hf_writer_done(&w), hf_policy_bundle(p.policy))
                       : hf_policy_source_exit(cli, rc, shown, &err);
    hf_policy_free(p.before);
    hf_policy_free(p.policy);
    return code;
}

/* showing */

static const struct hf_table_column columns[] = {{.title = "TENANT"}, {.title = "TOLD"},
                                                 {.title = "STAGED"}, {.title = "RUNS"},
                                                 {.title = "SINCE"},  {.title = "REFUSED"}};

static void add_short(struct hf_table *table, struct hf_str text, size_t len)
{
    hf_table_cell(table, (struct hf_str){text.ptr, text.len < len ? text.len : len});
}

/* A row of the read model "activations". */
static void add_row(struct hf_table *table, const struct hf_json *page, const struct hf_json *row)
{
    (void)page;
    if (!hf_str_eq(hf_json_get_str(row, "slot"), HF_STR("policy"))) {
        return;
    }
    hf_table_cell(table, hf_json_get_str(row, "tenant"));
    add_short(table, hf_json_get_str(row, "told_digest"), 12);
    add_short(table, hf_json_get_str(row, "staged_digest"), 12);
    add_short(table, hf_json_get_str(row, "active_digest"), 12);
    add_short(table,
              hf_json_get_str(row, "active_digest").len > 0 ? hf_json_get_str(row, "active")
                                                            : HF_STR(""),
              19);
    hf_table_cell(table, hf_json_get_str(row, "refused_reason"));
}

static int run_show(struct hf_cli *cli)
{
    char path[128];
    const char *digest = hf_cli_operand(cli, 0);
    const struct hf_hub_table running = {
        .list = "rows", .columns = columns, .column_count = HF_LEN(columns), .add_rows = add_row};
    if (hf_cli_flag(cli, "running")) {
        return digest != NULL ? hf_cli_refuse(cli, "give a digest or --running, not both")
                              : hf_hub_list_command(cli, "/v1/models/activations", &running);
    }
    if (digest == NULL) {
        return hf_hub_list_command(cli, LIST, &hf_artifacts_listed);
    }
    (void)snprintf(path, sizeof path, "/v1/artifacts/%.80s", digest);
    return hf_hub_get(cli, path, hf_artifact_show_whole);
}

/* activating */

/* A digest, or NAME@VERSION, which is looked up. */
static enum hf_rc find_bundle(struct hf_cli *cli, struct search *search, struct hf_err *err)
{
    struct hf_hub_session session;
    const char *text = hf_cli_operand(cli, 0);
    const char *mark = strchr(text, '@');
    if (mark == NULL) {
        (void)snprintf(search->hex, sizeof search->hex, "%s", text);
        return HF_OK;
    }
    search->name = (struct hf_str){text, (size_t)(mark - text)};
    search->version = hf_str_c(mark + 1);
    enum hf_rc rc = hf_hub_session_open(&session, cli, err);
    if (rc == HF_OK) {
        rc = hf_hub_pages(&session, LIST, take_page, search, err);
    }
    hf_hub_session_close(&session);
    return rc != HF_OK || search->found
               ? rc
               : hf_err_set(err, HF_ENOTFOUND, "the region has no policy %s", text);
}

static int run_activate(struct hf_cli *cli)
{
    struct search search = {.found = false};
    struct hf_err err = {0};
    if (find_bundle(cli, &search, &err) != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    return hf_artifact_activate(cli, "policy", search.hex);
}

/* the tree */

static const struct hf_cli_operand file_operands[] = {
    {.name = "FILE", .help = "a policy: the text, or a compiled bundle"}};
static const struct hf_cli_operand show_operands[] = {
    {.name = "DIGEST", .help = "one of them, with its manifest", .optional = true}};
static const struct hf_cli_operand activate_operands[] = {
    {.name = "BUNDLE", .help = "its digest, or NAME@VERSION"}};
static const struct hf_cli_option publish_options[] = {
    HF_HUB_OPTIONS,
    HF_RELEASE_KEYS_OPTION,
    {.name = "key",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "the release key of the channel policy"},
    {.name = "region",
     .kind = HF_CLI_STRING,
     .value = "REGION",
     .required = true,
     .env = "HOLDFAST_REGION",
     .setting = "region",
     .help = "the region that it is for, or all"},
    {.name = "parent",
     .kind = HF_CLI_STRING,
     .value = "DIGEST",
     .help = "the policy that it is compared with; the newest one when it is left out"},
    {.name = "floor",
     .kind = HF_CLI_U64,
     .value = "N",
     .max = INT64_MAX,
     .help = "the lowest number that may run from now on; as before when it is left out"},
    {.name = "days",
     .kind = HF_CLI_U64,
     .value = "DAYS",
     .fallback = "90",
     .min = 1,
     .max = 3650,
     .help = "days from now in which it may be activated"}};
static const struct hf_cli_option show_options[] = {
    HF_HUB_OPTIONS,
    {.name = "running", .help = "which tenant was told which one, has it, and runs it"}};
static const struct hf_cli_option activate_options[] = {HF_HUB_OPTIONS,
                                                        HF_DIRECTIVE_OPTIONS("1440")};

const struct hf_cli_command hf_command_policy_publish = {
    .name = "publish",
    .summary = "compile, compare, sign and add a policy to a region",
    .description =
        "Its golden vectors run first. It is compared with the policy before, which the Hub gives "
        "and the release keys prove; whether it is tighter, looser or mixed stands in the manifest "
        "and decides who may activate it. Where the key must not come near a network, use `policy "
        "compile`, `policy diff`, `artifact sign --strictness` there and `artifact add` here.",
    .options = publish_options,
    .option_count = HF_LEN(publish_options),
    .operands = file_operands,
    .operand_count = HF_LEN(file_operands),
    .run = run_publish};
const struct hf_cli_command hf_command_policy_show = {
    .name = "show",
    .summary = "the policies of a region, and which tenant runs which",
    .options = show_options,
    .option_count = HF_LEN(show_options),
    .operands = show_operands,
    .operand_count = HF_LEN(show_operands),
    .run = run_show};
const struct hf_cli_command hf_command_policy_activate = {
    .name = "activate",
    .summary = "tell a tenant, or all, which policy to run",
    .description = HF_ACTIVATE_DESCRIPTION,
    .options = activate_options,
    .option_count = HF_LEN(activate_options),
    .operands = activate_operands,
    .operand_count = HF_LEN(activate_operands),
    .run = run_activate};
