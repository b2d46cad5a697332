/* hub/main.c: the program holdfast-hub. */
#include <signal.h>
#include <sys/resource.h>

#include "base/cli/service.h"
#include "base/file.h"
#include "base/hex.h"
#include "hub/notifier_cli.h"
#include "hub/principal_api.h"
#include "hub/settings.h"
#include "hub/worker.h"

struct program {
    struct hf_service service;
    bool refused;         /* before the Hub was opened */
    struct hf_signal hup; /* read files again */
    bool hears;
    struct hf_hub hub;
    struct hf_notifier notifier; /* of the role all */
    char address[HF_ADDRESS_TEXT_MAX];
    struct hf_secret smtp_password;
    struct hf_post first_admin;
    struct hf_secret token;
};

static struct program *program_of(struct hf_service *service)
{
    return HF_CONTAINER_OF(service, struct program, service);
}

/* What a client needs to be told: the key to pin, then, last, that it may come. */
static void say_where(struct program *program)
{
    char address[HF_ADDRESS_TEXT_MAX];
    char pin[2 * HF_HASH_SIZE + 1];
    hf_address_format(&program->hub.listener.address, address);
    hf_hex_encode(hf_bytes_of(program->hub.tls_pin.b, HF_HASH_SIZE), pin);
    hf_cli_printf(program->service.cli, "TLS pin %s\nlistening on https://%s\n", pin, address);
    (void)hf_cli_flush(program->service.cli, NULL);
}

/* The first admin's token goes into a file that only its owner can read, once. */
static enum hf_rc keep_token(struct program *program, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    enum hf_rc rc = hf_path_join(program->hub.dir, "admin.token", path, sizeof path);
    if (rc == HF_OK) {
        rc = hf_file_replace(path, hf_secret_reveal(&program->token), 0600, err);
    }
    hf_secret_free(&program->token);
    if (rc == HF_OK) {
        hf_cli_printf(program->service.cli,
                      "the first admin's token is in %s: move it to a safe place\n", path);
    }
    return rc;
}

static void admin_made(struct hf_post *post)
{
    struct program *program = HF_CONTAINER_OF(post, struct program, first_admin);
    struct hf_err err = post->append.err;
    enum hf_rc rc = post->append.rc;
    if (rc == HF_OK) {
        hf_hub_fold_own(&program->hub, &post->append);
        rc = keep_token(program, &err);
    }
    if (rc != HF_OK) {
        hf_service_fail(&program->service, rc, &err);
        return;
    }
    say_where(program);
}

/* A new region has nobody who could let anybody in; in an old one the admin's token may be lost. */
static enum hf_rc make_admin(struct program *program, struct hf_err *err)
{
    uint8_t payload[1024];
    struct hf_hub *hub = &program->hub;
    struct hf_hash hash;
    const struct hf_hub_principal *known = hf_hub_principal_find(&hub->principals, HF_STR("admin"));
    const struct hf_principal_wish wish = {.name = HF_STR("admin"), .role = HF_ROLE_ADMIN};
    struct hf_writer w = hf_writer_init(payload, sizeof payload);
    int64_t now = hf_env_wall_us(program->service.cli->env);
    struct hf_hub_event event = {.type = HF_EVENT_PRINCIPAL_CREATED_NAME,
                                 .schema_version = HF_EVENT_PRINCIPAL_CREATED_VERSION,
                                 .stream = HF_STR("principal/admin"),
                                 .expects = true};
    enum hf_rc rc = hf_principal_token_draw(program->service.cli->env, &program->token, &hash, err);
    if (rc == HF_OK && known == NULL) {
        rc = hf_principal_encode(&wish, &hash, &w, err);
    } else if (rc == HF_OK) {
        rc = hf_principal_may_rotate(&known->life, 0, now, err);
        const struct hf_event_principal_token_rotated rotated = {
            .principal = wish.name,
            .token_hash = hf_bytes_of(hash.b, HF_HASH_SIZE),
            .previous_until = now};
        hf_event_principal_token_rotated_encode(&rotated, &w);
        event.type = HF_EVENT_PRINCIPAL_TOKEN_ROTATED_NAME;
        event.schema_version = HF_EVENT_PRINCIPAL_TOKEN_ROTATED_VERSION;
        event.version = known->life.version;
    }
    if (rc != HF_OK) {
        return rc;
    }
    event.payload = hf_writer_done(&w);
    program->first_admin.done = admin_made;
    return hf_hub_append(hub, &event, HF_STR("program:holdfast-hub"), &program->first_admin, err);
}

/* A connection of each tenant: what a shell allows by default ends at a thousand. */
static void allow_files(const struct hf_service *service)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < hf_http_server_defaults.connections_max) {
        hf_log(&service->logger, HF_LOG_WARN, "hub.few_files",
               hf_f_u64("allowed", (uint64_t)limit.rlim_max),
               hf_f_u64("connections", hf_http_server_defaults.connections_max),
               hf_f_c("help", "raise the hard limit: ulimit -Hn, or LimitNOFILE= of the unit"));
    }
}

/* Whoever started the program starts it again, on a log that is opened anew. */
static void failed(void *arg, const struct hf_err *err)
{
    hf_service_fail(arg, err->rc == HF_OK ? HF_EIO : err->rc, err);
}

/* The role notifications in the same process comes by the same way as one of its own. */
static enum hf_rc open_own_notifier(struct hf_service *service, struct hf_err *err)
{
    struct program *program = program_of(service);
    struct hf_notifier_conf conf;
    enum hf_rc rc = hf_notifier_conf_take(service->cli, &conf, &program->smtp_password, err);
    if (rc == HF_OK) {
        hf_address_format(&program->hub.local.listener.address, program->address);
        conf.loop = service->loop;
        conf.logger = &service->logger;
        conf.socket = program->address + sizeof "unix:" - 1;
        rc = hf_notifier_open(&program->notifier, &conf, err);
    }
    return rc;
}

static void reload(struct hf_signal *sig, int number)
{
    (void)number;
    hf_hub_reload(&HF_CONTAINER_OF(sig, struct program, hup)->hub);
}

static enum hf_rc open_hub(struct hf_service *service, struct hf_err *err)
{
    struct hf_cli *cli = service->cli;
    struct program *program = program_of(service);
    struct hf_hub_conf conf = {.dir = hf_cli_str(cli, "data"),
                               .region = hf_cli_str(cli, "region"),
                               .listen = hf_cli_str(cli, "listen"),
                               .name = hf_cli_str(cli, "name"),
                               .peers = hf_cli_str(cli, "peers"),
                               .models = hf_cli_str(cli, "models"),
                               .release_keys = hf_cli_str(cli, "release-keys"),
                               .only_api = hf_hub_has_role(cli, "api"),
                               .public_url = hf_cli_str(cli, "public-url"),
                               .tls_certificate = hf_cli_str(cli, "tls-certificate"),
                               .tls_key = hf_cli_str(cli, "tls-key"),
                               .push_anywhere = hf_cli_flag(cli, "push-anywhere"),
                               .socket = hf_cli_str(cli, "socket"),
                               .free_floor = hf_cli_u64(cli, "free-floor"),
                               .snapshot_ns =
                                   hf_cli_u64(cli, "snapshot-every") * UINT64_C(1000000000),
                               .probe_ns = hf_cli_u64(cli, "probe-every") * UINT64_C(1000000000),
                               .logger = &service->logger,
                               .failed = failed,
                               .arg = service};
    enum hf_rc rc = hf_peers_parse(hf_cli_str(cli, "allow-uids"), &conf.allow, err);
    if (rc == HF_OK) {
        rc = hf_hub_settings_check(cli, err);
    }
    if (rc == HF_OK) {
        /* Before the log is opened, which takes its time: a renewal meanwhile ends nothing. */
        program->hup.caught = reload;
        rc = hf_signal_open(service->loop, &program->hup, SIGHUP, /* keeps_alive= */ false, err);
        program->hears = rc == HF_OK;
    }
    if (rc != HF_OK) {
        program->refused = true;
        return rc;
    }
    allow_files(service);
    rc = hf_hub_open(service->loop, &conf, &program->hub, err);
    return rc == HF_OK && hf_hub_has_role(cli, "all") ? open_own_notifier(service, err) : rc;
}

static enum hf_rc start(struct hf_service *service, struct hf_err *err)
{
    struct program *program = program_of(service);
    if (hf_hub_principals_first(&program->hub.principals) == NULL ||
        hf_cli_flag(service->cli, "reset-admin")) {
        return make_admin(program, err);
    }
    say_where(program);
    return HF_OK;
}

static void stop(struct hf_service *service)
{
    if (program_of(service)->hears) {
        program_of(service)->hears = false;
        hf_signal_close(&program_of(service)->hup);
    }
    if (program_of(service)->refused) {
        hf_service_stopped(service);
        return;
    }
    hf_notifier_close(&program_of(service)->notifier);
    hf_hub_close(&program_of(service)->hub, hf_service_stopped, service);
}

/* the worker */

struct worker_program {
    struct hf_service service;
    struct hf_worker worker;
};

static void worker_failed(void *arg, enum hf_rc rc, const struct hf_err *err)
{
    hf_service_fail(arg, rc, err);
}

static enum hf_rc open_worker(struct hf_service *service, struct hf_err *err)
{
    struct worker_program *program = HF_CONTAINER_OF(service, struct worker_program, service);
    struct hf_cli *cli = service->cli;
    const struct hf_worker_conf conf = {.loop = service->loop,
                                        .disk = hf_disk_os(),
                                        .logger = &service->logger,
                                        .dir = hf_cli_str(cli, "data"),
                                        .socket = hf_cli_str(cli, "socket"),
                                        .models = hf_cli_str(cli, "models"),
                                        .failed = worker_failed,
                                        .arg = service};
    enum hf_rc rc = hf_hub_settings_check(cli, err);
    return rc == HF_OK ? hf_worker_open(&program->worker, &conf, err) : rc;
}

static enum hf_rc start_worker(struct hf_service *service, struct hf_err *err)
{
    hf_cli_printf(service->cli, "following the Hub at %s\n", hf_cli_str(service->cli, "socket"));
    return hf_cli_flush(service->cli, err);
}

static void stop_worker(struct hf_service *service)
{
    struct worker_program *program = HF_CONTAINER_OF(service, struct worker_program, service);
    hf_worker_close(&program->worker, hf_service_stopped, service);
}

static int run_worker(struct hf_cli *cli)
{
    static struct worker_program program; /* too big for the stack */
    program.service =
        (struct hf_service){.open = open_worker, .start = start_worker, .stop = stop_worker};
    return hf_service_run(&program.service, cli);
}

static int run(struct hf_cli *cli)
{
    static struct program program; /* too big for the stack */
    if (hf_hub_has_role(cli, "worker")) {
        return run_worker(cli);
    }
    if (hf_hub_has_role(cli, "notifications")) {
        return hf_notifier_run(cli);
    }
    program.service = (struct hf_service){.open = open_hub, .start = start, .stop = stop};
    int code = hf_service_run(&program.service, cli);
    hf_secret_free(&program.token);
    hf_secret_free(&program.smtp_password);
    return code;
}

static const struct hf_cli_command command_run = {
    .name = "run",
    .summary = "run the region's Hub until it is interrupted",
    .description = "Opens or makes the region's log, keys and TLS identity in the data folder and "
                   "serves the API. A new region's first admin token is written to admin.token "
                   "in that folder. A worker keeps in its data folder only how far it followed.",
    .options = hf_hub_options,
    .option_count = HF_HUB_OPTIONS,
    .run = run,
    .no_json = true,
};

static const struct hf_cli_command command_check = {
    .name = "check-config",
    .summary = "say what the configuration means, or all that is wrong with it",
    .options = hf_hub_options,
    .option_count = HF_HUB_OPTIONS - 1,
    .run = hf_hub_check_config,
    .no_json = true,
    .collects = true,
};

static const struct hf_cli_command root = {
    .name = "holdfast-hub",
    .summary = "one region's Hub: log, API, receipts",
    .version = HF_VERSION,
    .section = "hub",
    HF_CLI_CHILDREN(&command_run, &command_check, &hf_cli_help),
};

int main(int argc, char **argv)
{
    return hf_cli_main(&root, argc, argv);
}
