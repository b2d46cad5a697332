/* tools/holdfast/region_follow.c: holdfast region follow: a mirror of a region's log. */
#include "base/cli/progress.h"
#include "base/cli/service.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/host_key.h"
#include "log/owned/mirror.h"
#include "log/remote/tracker.h"
#include "tools/holdfast/commands.h"
#include "tools/holdfast/hub_call.h"
#include "tools/holdfast/session.h"

#define AGAIN_NS UINT64_C(5000000000) /* between two tries to write on a full disk */

struct program {
    struct hf_service service;
    struct hf_vkey vkey;
    struct hf_hub_access access;
    struct hf_owned log;
    struct hf_tracker tracker;
    struct hf_follow_part part; /* on its way to the disk */
    struct hf_owned_part put;
    struct hf_timer timer;
    struct hf_signing_key *witness; /* NULL: it signs nothing */
    struct hf_vkey witness_vkey;
    struct hf_progress progress;
    bool progresses;
    bool putting;
    bool stopping;
    bool full;           /* the disk was, and it was told */
    uint64_t begun_size; /* entries that were there */
    uint64_t told_size;
    enum hf_rc rc; /* why it failed */
};

static struct program *program_of(struct hf_service *service)
{
    return HF_CONTAINER_OF(service, struct program, service);
}

static bool is_once(const struct program *program)
{
    return hf_cli_flag(program->service.cli, "once");
}

/* Of the service, which begins to stop. */
static void fail(struct program *program, enum hf_rc rc, const struct hf_err *err)
{
    program->rc = program->rc == HF_OK ? rc : program->rc;
    hf_service_fail(&program->service, rc, err);
}

/* What was followed, and that it was: the region's checkpoint with our cosignature. */
static enum hf_rc cosign(struct program *program, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf note = hf_buf_init(HF_NOTE_MAX);
    struct hf_bytes seen = hf_log_source_note(program->log.log);
    int64_t now = hf_env_wall_us(program->service.cli->env);
    if (program->witness == NULL || seen.len == 0) {
        return HF_OK;
    }
    hf_checkpoint_cosign(seen, &program->witness_vkey, program->witness, (uint64_t)(now / 1000000),
                         &note);
    enum hf_rc rc = note.failed;
    if (rc == HF_OK) {
        rc = hf_path_join(hf_cli_operand(program->service.cli, 0), "witness.note", path,
                          sizeof path);
    }
    rc = rc == HF_OK ? hf_file_replace(path, hf_buf_bytes(&note), 0644, err)
                     : hf_err_set(err, rc, "the witness's note cannot be written");
    hf_buf_free(&note);
    return rc;
}

/* A line each time that the end of the region's log is reached with something new. */
static void tell(struct program *program)
{
    char root[2 * HF_HASH_SIZE + 1];
    struct hf_tip tip;
    struct hf_err err = {0};
    hf_log_tip(program->log.log, &tip);
    if (program->progresses) {
        hf_progress_end(&program->progress);
        program->progresses = false;
    }
    if (tip.size == program->told_size && tip.size > 0) {
        return;
    }
    program->told_size = tip.size;
    enum hf_rc rc = cosign(program, &err);
    if (rc != HF_OK) {
        fail(program, rc, &err);
        return;
    }
    hf_hex_encode(hf_bytes_of(tip.root.b, HF_HASH_SIZE), root);
    hf_cli_printf(program->service.cli,
                  program->service.cli->json ? "{\"size\":%llu,\"taken\":%llu,\"root\":\"%s\"}\n"
                                             : "%llu entries, %llu of them new, root %s\n",
                  (unsigned long long)tip.size,
                  (unsigned long long)(tip.size - program->begun_size), root);
    if (hf_cli_flush(program->service.cli, &err) != HF_OK) {
        fail(program, err.rc, &err);
    }
}

/* writing */

static void put(struct program *program);

static void put_done(struct hf_owned_part *part)
{
    struct program *program = HF_CONTAINER_OF(part, struct program, put);
    struct hf_err err = part->append.err;
    enum hf_rc rc = part->append.rc;
    program->putting = false;
    if (program->stopping) {
        hf_tracker_close(&program->tracker);
        hf_owned_close(&program->log, hf_service_stopped, &program->service);
    } else if (rc == HF_ENOSPC && !is_once(program)) {
        if (!program->full) {
            hf_log(&program->service.logger, HF_LOG_WARN, "mirror.full", hf_f_err(&err));
        }
        program->full = true;
        (void)hf_timer_arm(&program->timer, AGAIN_NS);
    } else if (rc != HF_OK) {
        fail(program, rc, &err);
    } else {
        program->full = false;
        if (program->progresses) {
            hf_progress_set(&program->progress, hf_log_size(program->log.log));
        }
        hf_tracker_next(&program->tracker);
    }
}

static void put(struct program *program)
{
    struct hf_err err = {0};
    program->put.done = put_done;
    enum hf_rc rc = hf_owned_put(&program->log, &program->part, &program->put, &err);
    program->putting = rc == HF_OK;
    if (rc != HF_OK) {
        fail(program, rc, &err);
    }
}

static void put_again(struct hf_timer *timer)
{
    put(HF_CONTAINER_OF(timer, struct program, timer));
}

/* following */

static void ready(void *arg)
{
    struct program *program = arg;
    uint64_t have = program->tracker.follow.frontier.size;
    if (program->tracker.size > have && !program->progresses) {
        hf_progress_start(&program->progress, program->service.cli, "following", "entries",
                          program->tracker.size);
        program->progresses = true;
    }
    hf_tracker_next(&program->tracker);
}

static void take_part(void *arg, const struct hf_follow_part *part)
{
    struct program *program = arg;
    if (part != NULL) {
        program->part = *part;
        put(program);
        return;
    }
    tell(program);
    if (program->stopping) {
        return;
    }
    if (is_once(program)) {
        hf_service_stop(&program->service);
    } else {
        hf_tracker_next(&program->tracker);
    }
}

static void lost(void *arg, enum hf_rc rc, const struct hf_err *err)
{
    fail(arg, rc, err);
}

/* opening and closing */

static enum hf_rc open_mirror(struct program *program, struct hf_follow *ret_follow,
                              struct hf_err *err)
{
    struct hf_cli *cli = program->service.cli;
    const struct hf_owned_conf conf = {.loop = program->service.loop,
                                       .disk = hf_disk_os(),
                                       .dir = hf_cli_operand(cli, 0),
                                       .origin = program->vkey.name,
                                       .program = "holdfast region follow",
                                       .source = &program->vkey,
                                       .free_floor = hf_cli_u64(cli, "free-floor")};
    enum hf_rc rc = hf_owned_open(&conf, &program->log, err);
    return rc == HF_OK ? hf_owned_follow(&program->log, ret_follow, err) : rc;
}

/* The key is of this folder, and of nothing else. */
static enum hf_rc open_witness(struct program *program, struct hf_err *err)
{
    const struct hf_cli *cli = program->service.cli;
    struct hf_secret host_key = {0};
    char text[HF_VKEY_TEXT_MAX];
    const struct hf_owned_key_conf conf = {.dir = hf_cli_operand(cli, 0),
                                           .name = "witness.key",
                                           .key_name = hf_cli_str(cli, "witness"),
                                           .type = HF_KEY_COSIGNATURE,
                                           .host_key = &host_key,
                                           .env = cli->env,
                                           .disk = hf_disk_os()};
    if (conf.key_name == NULL) {
        return HF_OK;
    }
    enum hf_rc rc = hf_host_key_load(cli->env, /* path= */ NULL, &host_key, err);
    if (rc == HF_OK) {
        rc = hf_owned_key(&conf, &program->witness, &program->witness_vkey, err);
    }
    hf_secret_free(&host_key);
    if (rc == HF_OK && strcmp(program->witness_vkey.name, conf.key_name) != 0) {
        rc = hf_err_set(err, HF_EUSAGE, "--witness: the key in the folder is %s's",
                        program->witness_vkey.name);
    }
    if (rc == HF_OK) {
        (void)hf_vkey_format(&program->witness_vkey, text);
        hf_log(&program->service.logger, HF_LOG_INFO, "mirror.witness", hf_f_c("vkey", text));
    }
    return rc;
}

static enum hf_rc open_all(struct hf_service *service, struct hf_err *err)
{
    struct program *program = program_of(service);
    struct hf_cli *cli = service->cli;
    static struct hf_follow follow; /* too big for the stack */
    hf_timer_init(&program->timer, service->loop, put_again);
    enum hf_rc rc = hf_trust_load(hf_cli_str(cli, "trust"), &program->vkey, err);
    if (rc == HF_OK) {
        rc = hf_hub_access_load(cli, &program->access, err);
    }
    if (rc == HF_OK) {
        rc = open_mirror(program, &follow, err);
    }
    if (rc == HF_OK) {
        rc = open_witness(program, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    program->begun_size = follow.frontier.size;
    const struct hf_http_client_conf client = {.pin = hf_hub_access_pin(&program->access)};
    const struct hf_tracker_conf tracker = {.loop = service->loop,
                                            .disk = hf_disk_os(),
                                            .logger = &service->logger,
                                            .dir = hf_cli_operand(cli, 0),
                                            .client = &client,
                                            .url = hf_cli_str(cli, "hub"),
                                            .token = &program->access.token,
                                            .from = &follow,
                                            .once = is_once(program),
                                            .ready = ready,
                                            .part = take_part,
                                            .failed = lost,
                                            .arg = program};
    return hf_tracker_open(&program->tracker, &tracker, err);
}

static void stop(struct hf_service *service)
{
    struct program *program = program_of(service);
    program->stopping = true;
    if (program->progresses) {
        hf_progress_end(&program->progress);
        program->progresses = false;
    }
    hf_timer_cancel(&program->timer);
    if (program->putting) {
        return; /* a part that the tracker holds: put_done goes on */
    }
    hf_tracker_close(&program->tracker);
    hf_owned_close(&program->log, hf_service_stopped, service);
}

static int run(struct hf_cli *cli)
{
    static struct program program; /* too big for the stack */
    program = (struct program){.service = {.open = open_all, .stop = stop}};
    int code = hf_service_run(&program.service, cli);
    hf_secret_free(&program.access.token);
    hf_signing_key_free(program.witness);
    bool is_no = program.rc == HF_EFORK || program.rc == HF_EBADSIG || program.rc == HF_EMISMATCH;
    return code == HF_EXIT_FAILED && is_no ? HF_EXIT_NO : code;
}

static const struct hf_cli_option options[] = {
    HF_HUB_OPTIONS,
    {.name = "trust",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .required = true,
     .help = "file with the verifier key of the region's log"},
    {.name = "once",
     .kind = HF_CLI_FLAG,
     .help = "end when all that the region has now is here; a Hub that is away is an error"},
    {.name = "witness",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .help = "sign what was followed, as the witness of this name such as prod-us/witness: its key "
             "is made in the folder, witness.note is the newest checkpoint with its cosignature"},
    {.name = "free-floor",
     .kind = HF_CLI_SIZE,
     .fallback = "0",
     .env = "HOLDFAST_FREE_FLOOR",
     .setting = "free_floor",
     .help = "free space below which nothing is written; 0: by the size of the disk"},
};
static const struct hf_cli_operand operands[] = {
    {.name = "DIR", .help = "folder of the mirror; made when it is not there"},
};

const struct hf_cli_command hf_command_region_follow = {
    .name = "follow",
    .summary = "keep a verified copy of a region's log",
    .description =
        "Takes the region's log from its Hub, entry by entry, and believes the log's key alone: "
        "what was taken once can never be taken back. The folder is read as the region's own is "
        "(log, audit, projections). It may be killed at any moment and goes on where it was.\n\n"
        "Exit code 1 says that the log was rewritten or put back, or is another one: what the "
        "region signed before and what it shows now are then in fork-known.note and "
        "fork-shown.note.",
    .examples = "holdfast region follow mirror --trust region.vkey --once\n"
                "holdfast log verify mirror --vkey \"$(cat region.vkey)\"\n"
                "holdfast log verify /var/lib/holdfast/hub --against mirror/witness.note",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
};
