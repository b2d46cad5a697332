/* tests/bench/fleet/main.c: a Hub, and a fleet of tenants that uses it as fleets do.
 *
 * Started by tools/bench fleet, which builds both and gives the folder; see --help. Exit 1: a
 * promise that holds on every machine was broken: an answer refused or missing, an event lost.
 */
#include <signal.h>

#include "base/cli/cli.h"
#include "base/file.h"
#include "base/heap.h"
#include "tests/bench/fleet/fleet.h"
#include "tests/bench/load/pin.h"

#define OWN_FILES 256 /* beside one for each tenant */

static void read_admin(struct fleet *fleet, const char *dir)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(sizeof fleet->admin - 1);
    struct hf_err err = {0};
    must(hf_path_join(dir, "admin.token", path, sizeof path), NULL, dir);
    must(hf_file_read(path, &text, &err), &err, path);
    memcpy(fleet->admin, text.ptr, text.len);
    hf_buf_free(&text);
    must(hf_path_join(dir, "tls.pem", path, sizeof path), NULL, dir);
    load_pin(path, &fleet->pin);
}

static void write_trust(const struct fleet *fleet, const char *dir)
{
    char path[HF_PATH_MAX];
    struct hf_err err = {0};
    (void)snprintf(path, sizeof path, "%s.trust", dir);
    must(hf_file_replace(path, hf_str_bytes(hf_str_c(fleet->log_vkey)), 0644, &err), &err, path);
}

static void take_options(const struct hf_cli *cli, struct fleet_conf *conf)
{
    static const int signals[] = {0, SIGTERM, SIGKILL};
    uint64_t metering = hf_cli_u64(cli, "metering-per-min");
    uint64_t urgent = hf_cli_u64(cli, "urgent-per-s");
    conf->tenants = hf_cli_u64(cli, "tenants");
    conf->seconds = (double)hf_cli_u64(cli, "seconds");
    conf->warm_s = (double)hf_cli_u64(cli, "warm-up");
    conf->heartbeat_s = (double)hf_cli_u64(cli, "heartbeat-s");
    conf->batch_s = (double)hf_cli_u64(cli, "batch-s");
    conf->metering_s = metering == 0 ? 0 : 60.0 / (double)metering;
    conf->urgent_s = urgent == 0 ? 0 : 1.0 / (double)urgent;
    conf->history = hf_cli_u64(cli, "history");
    conf->visible = hf_cli_str(cli, "visible");
    conf->visible_key = hf_cli_str(cli, "visible-key");
    conf->restart = signals[hf_cli_choice(cli, "restart")];
}

static int run(struct hf_cli *cli)
{
    static struct fleet fleet; /* too big for the stack */
    struct hf_err err = {0};
    const char *hub = hf_cli_operand(cli, 0);
    const char *dir = hf_cli_operand(cli, 1);
    char log[HF_PATH_MAX];
    char address[160];
    const char *argv[] = {hub, "run", "--data", dir, "--listen", "127.0.0.1:0", NULL};
    const char *argv_again[] = {hub, "run", "--data", dir, "--listen", address, NULL};
    take_options(cli, &fleet.conf);
    if (strchr(fleet.conf.visible, '*') == NULL) {
        return hf_cli_refuse(cli, "--visible needs a * where the tenant's name goes");
    }
    (void)snprintf(log, sizeof log, "%s.log", dir);
    load_files(fleet.conf.tenants + OWN_FILES);
    must(hf_crypto_init(&err), &err, "crypto");
    must(hf_loop_uv_new(&fleet.loop, &err), &err, "loop");
    hf_env_random(hf_env_os(), &fleet.draws, sizeof fleet.draws);
    load_process_start(&fleet.hub, argv, log);
    (void)snprintf(address, sizeof address, "%s", fleet.hub.url + sizeof "https://" - 1);
    fleet.conf.argv_again = argv_again;
    fleet.conf.log = log;
    read_admin(&fleet, dir);
    load_target_init(&fleet.target, fleet.loop, fleet.hub.url, &fleet.pin);
    fleet.rss_empty = load_process_rss(fleet.hub.pid);
    fleet_enrol(&fleet);
    if (fleet.conf.history > 0) {
        fleet_history(&fleet);
        write_trust(&fleet, dir);
    }
    fleet_play(&fleet);
    if (cli->json) {
        fleet_report_json(&fleet);
    } else {
        fleet_report(&fleet);
    }
    load_process_end(&fleet.hub, SIGTERM);
    bool broken = fleet.lost > 0 || fleet.counts.refused > 0 ||
                  (fleet.conf.restart == 0 && fleet.counts.unheard > 0);
    return broken ? HF_EXIT_NO : HF_EXIT_OK;
}

static const char *const restarts[] = {"none", "term", "kill", NULL};
static const struct hf_cli_option options[] = {
    {.name = "tenants",
     .kind = HF_CLI_U64,
     .fallback = "1000",
     .min = 1,
     .max = 28000,
     .help = "how many; beyond 28,000 one address has not enough ports"},
    {.name = "seconds",
     .kind = HF_CLI_U64,
     .fallback = "60",
     .min = 1,
     .max = 3000,
     .help = "how long to measure"},
    {.name = "warm-up",
     .kind = HF_CLI_U64,
     .fallback = "30",
     .max = 300,
     .help = "seconds before that"},
    {.name = "heartbeat-s",
     .kind = HF_CLI_U64,
     .fallback = "30",
     .min = 1,
     .max = 3600,
     .help = "between two heartbeats of a tenant"},
    {.name = "batch-s",
     .kind = HF_CLI_U64,
     .fallback = "20",
     .min = 1,
     .max = 3600,
     .help = "events that are not urgent wait half of this to all of it"},
    {.name = "metering-per-min",
     .kind = HF_CLI_U64,
     .fallback = "10",
     .max = 6000,
     .help = "metering events of a tenant in a minute"},
    {.name = "urgent-per-s",
     .kind = HF_CLI_U64,
     .fallback = "1",
     .max = 1000,
     .help = "urgent events of all tenants in a second"},
    {.name = "history",
     .kind = HF_CLI_U64,
     .fallback = "0",
     .max = 100000000,
     .help = "events that the first tenant has before the run"},
    {.name = "visible",
     .kind = HF_CLI_STRING,
     .value = "PATH",
     .fallback = "/v1/models/fleet?key=*",
     .help = "where an urgent event is looked for after its receipt; * is the tenant"},
    {.name = "visible-key",
     .kind = HF_CLI_STRING,
     .value = "NAME",
     .fallback = "receipt",
     .help = "member of that answer, or of its first row, that counts the tenant's events"},
    {.name = "restart",
     .kind = HF_CLI_CHOICE,
     .choices = restarts,
     .fallback = "none",
     .help = "end the Hub after measuring, start it again and watch the tenants come back"},
};
static const struct hf_cli_operand operands[] = {{.name = "HUB", .help = "program of the Hub"},
                                                 {.name = "DIR", .help = "its new data folder"}};

static const struct hf_cli_command root = {
    .name = "bench_fleet",
    .summary = "measure a Hub under a fleet of tenants",
    .description = "Starts the Hub, registers tenants through its API, and lets each of them live: "
                   "heartbeats, metering events in batches, now and then an urgent event. Every "
                   "tenant has its own connection over TLS, its own key and its own log, whose "
                   "segments are signed and whose receipts are verified.",
    .options = options,
    .option_count = HF_LEN(options),
    .operands = operands,
    .operand_count = HF_LEN(operands),
    .run = run,
    .version = "1",
};

int main(int argc, char **argv)
{
    return hf_cli_main(&root, argc, argv);
}
