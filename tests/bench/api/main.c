/* tests/bench/api/main.c: GET of one tenant from the Hub, and of the same bytes from nginx.
 *
 * Both servers have one process, TLS with a P-256 key, kept connections, and the same readers,
 * which run on the same two cores: a server's processor time a request is what compares best.
 * Started by tools/bench api.
 */
#include <signal.h>

#include "base/assert.h"
#include "base/cli/cli.h"
#include "base/file.h"
#include "tests/bench/api/api.h"
#include "tests/bench/load/pin.h"

#define TENANT "/v1/tenants/acme"

/* One call, waited for; tries until somebody listens. */
struct first {
    struct load_wire wire;
    struct hf_timer again;
    const char *method;
    const char *path;
    const char *token;
    struct hf_bytes body;
    int status;
    struct hf_buf answer;
    unsigned tries;
};

static void send_first(struct hf_timer *timer)
{
    struct first *first = HF_CONTAINER_OF(timer, struct first, again);
    load_wire_ask(&first->wire, first->method, first->path, first->token,
                  first->body.len > 0 ? "application/json" : NULL, first->body);
}

static void first_answered(struct load_wire *wire, int status, struct hf_bytes body)
{
    struct first *first = HF_CONTAINER_OF(wire, struct first, wire);
    first->status = status;
    hf_buf_put(&first->answer, body.ptr, body.len);
    hf_loop_stop(wire->target->loop);
}

static void first_lost(struct load_wire *wire)
{
    struct first *first = HF_CONTAINER_OF(wire, struct first, wire);
    must(++first->tries < 500 ? HF_OK : HF_EIO, NULL, "the server does not answer");
    must(hf_timer_arm(&first->again, UINT64_C(20000000)), NULL, "timer");
}

/* Gives the answer's body; ends the measurement when its status is another. */
static struct hf_buf ask_once(struct load_target *target, struct first first, int wanted)
{
    first.wire = (struct load_wire){.answered = first_answered, .lost = first_lost};
    first.answer = hf_buf_init(1u << 20);
    load_wire_init(&first.wire, target);
    hf_timer_init(&first.again, target->loop, send_first);
    send_first(&first.again);
    hf_loop_run(target->loop);
    if (first.status != wanted) {
        (void)fprintf(stderr, "bench: %s: %d %.*s\n", first.path, first.status,
                      (int)first.answer.len, (const char *)first.answer.ptr);
        _exit(3);
    }
    load_wire_close(&first.wire);
    return first.answer;
}

struct server {
    const char *name;
    struct load_process process;
    struct readers readers;
    struct seen fast;
    struct seen paced;
};

static void measure(struct server *server, const struct hf_cli *cli)
{
    double seconds = (double)hf_cli_u64(cli, "seconds");
    server->readers.count = (unsigned)hf_cli_u64(cli, "connections");
    (void)readers_run(&server->readers, server->process.pid, 0, 1); /* connects, warms up */
    server->fast = readers_run(&server->readers, server->process.pid, 0, seconds);
    server->paced = readers_run(&server->readers, server->process.pid,
                                (double)hf_cli_u64(cli, "paced"), seconds);
}

static void start_hub(struct server *hub, struct hf_loop *loop, const struct hf_cli *cli,
                      char token[128])
{
    char path[HF_PATH_MAX];
    struct hf_hash pin;
    struct hf_err err = {0};
    const char *dir = hf_cli_operand(cli, 1);
    const char *argv[] = {hf_cli_operand(cli, 0), "run", "--data", dir, "--listen",
                          "127.0.0.1:0",          NULL};
    struct hf_buf text = hf_buf_init(127);
    (void)snprintf(path, sizeof path, "%s.log", dir);
    load_process_start(&hub->process, argv, path);
    must(hf_path_join(dir, "admin.token", path, sizeof path), NULL, dir);
    must(hf_file_read(path, &text, &err), &err, path);
    memcpy(token, text.ptr, text.len);
    token[text.len] = '\0';
    hf_buf_free(&text);
    must(hf_path_join(dir, "tls.pem", path, sizeof path), NULL, dir);
    load_pin(path, &pin);
    load_target_init(&hub->readers.target, loop, hub->process.url, &pin);
    hub->readers.path = TENANT;
    hub->readers.token = token;
}

static void start_nginx(struct server *nginx, const struct server *hub, const struct hf_cli *cli)
{
    char dir[HF_PATH_MAX];
    struct hf_hash pin;
    (void)snprintf(dir, sizeof dir, "%s-nginx", hf_cli_operand(cli, 1));
    nginx_start(&nginx->process, dir, TENANT, hub->readers.expected, &pin);
    load_target_init(&nginx->readers.target, hub->readers.target.loop, nginx->process.url, &pin);
    nginx->readers.path = TENANT;
    nginx->readers.expected = hub->readers.expected;
    struct hf_buf answer =
        ask_once(&nginx->readers.target, (struct first){.method = "GET", .path = TENANT}, 200);
    hf_buf_free(&answer);
}

static void report(struct hf_cli *cli, const struct server *hub, const struct server *nginx)
{
    const struct server *both[] = {hub, nginx};
    if (!cli->json) {
        hf_cli_printf(
            cli,
            "| GET of one tenant, %zu bytes | requests/s | p50 ms | p99 ms | us a request "
            "| a core would do, /s | p99 ms at %.0f/s |\n|---|---|---|---|---|---|---|\n",
            hub->readers.expected.len, hub->paced.rate);
    }
    for (size_t i = 0; i < HF_LEN(both); i++) {
        const struct seen *fast = &both[i]->fast;
        hf_cli_printf(cli,
                      cli->json ? "{\"bench\":\"api\",\"server\":\"%s\",\"rate\":%.0f,"
                                  "\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"cpu_us\":%.1f,"
                                  "\"core_rate\":%.0f,\"paced_p99_ms\":%.2f}\n"
                                : "| %s | %.0f | %.2f | %.2f | %.1f | %.0f | %.2f |\n",
                      both[i]->name, fast->rate, fast->p50_ms, fast->p99_ms, fast->cpu_us,
                      1e6 / fast->cpu_us, both[i]->paced.p99_ms);
    }
    hf_cli_printf(cli,
                  cli->json ? "{\"bench\":\"api\",\"rate_ratio\":%.2f,\"cpu_ratio\":%.2f}\n"
                            : "| Hub to nginx | %.2f | | | %.2f of its work a second | | |\n",
                  hub->fast.rate / nginx->fast.rate, nginx->fast.cpu_us / hub->fast.cpu_us);
}

static int run(struct hf_cli *cli)
{
    static struct server hub = {.name = "Hub"};
    static struct server nginx = {.name = "nginx"};
    static char token[128];
    struct hf_loop *loop = NULL;
    struct hf_err err = {0};
    must(hf_crypto_init(&err), &err, "crypto");
    must(hf_loop_uv_new(&loop, &err), &err, "loop");
    start_hub(&hub, loop, cli, token);
    struct first create = {.method = "POST",
                           .path = "/v1/tenants",
                           .token = token,
                           .body = HF_BYTES("{\"tenant\":\"acme\",\"ring\":\"sandbox\"}")};
    struct hf_buf answer = ask_once(&hub.readers.target, create, 201);
    hf_buf_free(&answer);
    answer = ask_once(&hub.readers.target,
                      (struct first){.method = "GET", .path = TENANT, .token = token}, 200);
    hub.readers.expected = hf_buf_bytes(&answer);
    start_nginx(&nginx, &hub, cli);
    measure(&hub, cli);
    measure(&nginx, cli);
    report(cli, &hub, &nginx);
    load_process_end(&nginx.process, SIGTERM);
    load_process_end(&hub.process, SIGTERM);
    hf_buf_free(&answer);
    return HF_EXIT_OK;
}

static const struct hf_cli_option options[] = {
    {.name = "seconds",
     .kind = HF_CLI_U64,
     .fallback = "10",
     .min = 1,
     .max = 600,
     .help = "of each of the two ways"},
    {.name = "connections",
     .kind = HF_CLI_U64,
     .fallback = "32",
     .min = 1,
     .max = READERS_MAX,
     .help = "of readers"},
    {.name = "paced",
     .kind = HF_CLI_U64,
     .fallback = "7500",
     .min = 1,
     .max = 100000,
     .help = "requests a second of the second way"},
};
static const struct hf_cli_operand operands[] = {{.name = "HUB", .help = "program of the Hub"},
                                                 {.name = "DIR", .help = "its new data folder"}};

static const struct hf_cli_command root = {
    .name = "bench_api",
    .summary = "measure reads of one tenant, and nginx with the same bytes",
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
