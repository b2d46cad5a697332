/* tools/holdfast/erase.c: holdfast erase: forgets a person, and waits until the tenant has too. */
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/cli/progress.h"
#include "base/file.h"
#include "schemas/personal.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"

#define SECOND UINT64_C(1000000000)

struct erase {
    struct hf_hub_session session;
    struct hf_timer timer;
    char path[192]; /* of the subject */
    char subject[HF_SUBJECT_TEXT];
    const char *name; /* whom to look for; NULL: the subject is given */
    unsigned found;
    uint64_t waiting; /* requests that the erasure ends */
    const struct hf_json *shown;
};

/* whom it is about */

static enum hf_rc look(void *arg, const struct hf_json *page, struct hf_err *err)
{
    struct erase *e = arg;
    const struct hf_json *items = hf_json_get_kind(page, "subjects", HF_JSON_ARRAY);
    if (items == NULL) {
        return hf_err_set(err, HF_EIO, "the Hub's answer has no list of subjects");
    }
    for (size_t i = 0; i < hf_json_count(items); i++) {
        const struct hf_json *item = hf_json_at(items, i);
        struct hf_str subject = hf_json_get_str(item, "subject");
        if (hf_str_eq(hf_json_get_str(item, "name"), hf_str_c(e->name)) &&
            subject.len < sizeof e->subject) {
            memcpy(e->subject, subject.ptr, subject.len);
            e->subject[subject.len] = '\0';
            e->found++;
        }
    }
    return HF_OK;
}

/* Names are compared here, so that none is in an address. */
static enum hf_rc find(struct erase *e, struct hf_cli *cli, struct hf_err *err)
{
    const char *tenant = hf_cli_operand(cli, 0);
    enum hf_rc rc = HF_OK;
    if (e->name != NULL) {
        (void)snprintf(e->path, sizeof e->path, "/v1/tenants/%.64s/subjects", tenant);
        rc = hf_hub_pages(&e->session, e->path, look, e, err);
        if (rc == HF_OK && e->found != 1) {
            rc = hf_err_set(err, e->found == 0 ? HF_ENOTFOUND : HF_EINVAL,
                            e->found == 0 ? "no subject of %s has this name; see subject list"
                                          : "more than one subject of %s has this name: name it by "
                                            "its id; see subject list",
                            tenant);
        }
    }
    (void)snprintf(e->path, sizeof e->path, "/v1/tenants/%.64s/subjects/%.64s", tenant, e->subject);
    return rc;
}

/* erasing */

static enum hf_rc show(struct erase *e, struct hf_err *err)
{
    return hf_hub_ask(&e->session, "GET", e->path, (struct hf_bytes){NULL, 0}, &e->shown, err);
}

static enum hf_rc post(struct erase *e, struct hf_cli *cli, struct hf_err *err)
{
    char path[224];
    struct hf_json_out json;
    struct hf_buf body = hf_buf_init(65536);
    hf_json_init(&json, &body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "reason", hf_str_c(hf_cli_str(cli, "reason")));
    hf_json_object_end(&json);
    (void)snprintf(path, sizeof path, "%s/erase", e->path);
    enum hf_rc rc = body.failed == HF_OK
                        ? hf_hub_ask(&e->session, "POST", path, hf_buf_bytes(&body), &e->shown, err)
                        : hf_err_set(err, body.failed, "no memory for the call");
    hf_buf_free(&body);
    return rc;
}

static bool is_confirmed(const struct erase *e)
{
    return hf_json_get_str(e->shown, "confirmed").len > 0;
}

static void due(struct hf_timer *timer)
{
    hf_loop_stop(HF_CONTAINER_OF(timer, struct erase, timer)->session.loop);
}

/* Until the tenant's agent has said that it erased its copy, or for so long. */
static enum hf_rc await(struct erase *e, struct hf_cli *cli, struct hf_err *err)
{
    struct hf_progress progress;
    enum hf_rc rc = HF_OK;
    uint64_t most = hf_cli_u64(cli, "wait");
    hf_timer_init(&e->timer, e->session.loop, due);
    hf_progress_start(&progress, cli, "waiting for the agent", "s", most);
    for (uint64_t s = 0; rc == HF_OK && s < most && !is_confirmed(e); s++) {
        hf_progress_set(&progress, s);
        (void)hf_timer_arm(&e->timer, SECOND);
        hf_loop_run(e->session.loop);
        rc = show(e, err);
    }
    hf_progress_end(&progress);
    return rc;
}

static enum hf_rc take_certificate(struct erase *e, struct hf_cli *cli, struct hf_err *err)
{
    char path[224];
    struct hf_bytes bytes;
    const char *out = hf_cli_str(cli, "out");
    if (out == NULL) {
        return HF_OK;
    }
    (void)snprintf(path, sizeof path, "%s/erasure", e->path);
    enum hf_rc rc = hf_hub_fetch(&e->session, path, &bytes, err);
    if (rc == HF_OK) {
        rc = hf_file_replace(out, bytes, 0644, err);
    }
    if (rc == HF_OK && !cli->json) {
        hf_cli_printf(cli, "certificate: %s (holdfast erase-verify %s --trust FILE)\n", out, out);
    }
    return rc;
}

/* Before the certificate is fetched, which takes the answer's place. */
static void print(const struct erase *e, struct hf_cli *cli)
{
    if (cli->json) {
        struct hf_json_out json;
        struct hf_buf text = hf_buf_init(65536);
        hf_json_init(&json, &text);
        hf_json_object_begin(&json);
        hf_json_key(&json, HF_STR("subject"));
        hf_hub_copy_json(&json, e->shown);
        hf_json_key_u64(&json, "ended", e->waiting);
        hf_json_object_end(&json);
        hf_cli_line(cli, &text);
        hf_buf_free(&text);
        return;
    }
    hf_cli_printf(
        cli,
        "erased subject %s of %s at %.*s: %llu requests cannot be read any more, %llu "
        "that waited are ended\n",
        e->subject, hf_cli_operand(cli, 0), HF_STR_ARG(hf_json_get_str(e->shown, "erased")),
        (unsigned long long)hf_json_get_u64(e->shown, "requests"), (unsigned long long)e->waiting);
    if (is_confirmed(e)) {
        hf_cli_printf(cli, "the agent of the tenant has erased its copy of the key\n");
    } else {
        hf_cli_printf(cli,
                      "the agent of the tenant is told and has not confirmed yet; it will as "
                      "soon as it is there (holdfast subject list %s)\n",
                      hf_cli_operand(cli, 0));
    }
}

static int run_erase(struct hf_cli *cli)
{
    struct erase e = {.name = hf_cli_str(cli, "name")};
    struct hf_err err = {0};
    bool given = hf_cli_operand_count(cli) > 1;
    if (given == (e.name != NULL)) {
        return hf_cli_refuse(cli, "say who: SUBJECT, or --name REQUESTER");
    }
    if (given) {
        (void)snprintf(e.subject, sizeof e.subject, "%.32s", hf_cli_operand(cli, 1));
        struct hf_subject id;
        if (!hf_subject_parse(hf_str_c(hf_cli_operand(cli, 1)), &id)) {
            return hf_cli_refuse(cli, "SUBJECT is 32 small hexadecimal digits; see subject list");
        }
    }
    enum hf_rc rc = hf_hub_session_open(&e.session, cli, &err);
    if (rc == HF_OK) {
        rc = find(&e, cli, &err);
    }
    if (rc == HF_OK) {
        rc = show(&e, &err);
    }
    if (rc == HF_OK) {
        e.waiting = hf_json_get_u64(e.shown, "waiting");
        rc = post(&e, cli, &err);
    }
    if (rc == HF_OK) {
        rc = await(&e, cli, &err);
    }
    if (rc == HF_OK) {
        print(&e, cli);
        rc = take_certificate(&e, cli, &err);
    }
    hf_hub_session_close(&e.session);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

static const struct hf_cli_option options[] = {
    HF_HUB_OPTIONS,
    {.name = "reason",
     .kind = HF_CLI_STRING,
     .value = "TEXT",
     .required = true,
     .help = "why, for the record; it must not say anything about the person"},
    {.name = "name",
     .kind = HF_CLI_STRING,
     .value = "REQUESTER",
     .help = "who it is, as channels name them, instead of SUBJECT"},
    {.name = "out",
     .kind = HF_CLI_STRING,
     .value = "CERTIFICATE",
     .help = "write a certificate of it to this file, for others to verify"},
    {.name = "wait",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "30",
     .max = 86400,
     .help = "for the agent's word that it erased its copy"}};
static const struct hf_cli_operand operands[] = {
    {.name = "TENANT", .help = "whose agent they asked"},
    {.name = "SUBJECT", .help = "their id, from subject list", .optional = true}};

const struct hf_cli_command hf_command_erase = {
    .name = "erase",
    .summary = "forget a person: what is sealed about them can be opened no more",
    .description =
        "Deletes the key of a subject from the region's custody and tells the tenant's agent to "
        "do the same. What was sealed under it stays in the logs, with all its proofs, and nobody "
        "can read it. Requests of the subject that wait are ended. There is no way back. To erase "
        "one that is erased does no harm: it gives the certificate once more.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .examples =
        "holdfast erase acme --name user:anna --reason \"asked for it, case 17\" --out 17.hfe\n"
        "holdfast erase-verify 17.hfe --trust region.vkey",
    .run = run_erase,
};
