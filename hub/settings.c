/* hub/settings.c: declares the program's options, and says what is wrong with them. */
#include "hub/settings.h"

#include "base/file.h"
#include "base/parse.h"
#include "base/vapid.h"
#include "hub/certificate.h"
#include "hub/hub.h"
#include "hub/notifier_cli.h"
#include "hub/worker.h"

#define HOST_MAX 253 /* of a name in the DNS */

static const char *const role_names[] = {"all", "api", "worker", "notifications", NULL};

bool hf_hub_has_role(const struct hf_cli *cli, const char *name)
{
    return strcmp(hf_cli_str(cli, "role"), name) == 0;
}

/* checking */

static enum hf_rc check_peers(const char *text, struct hf_err *err)
{
    struct hf_hub_peer peers[HF_HUB_PEERS_MAX];
    unsigned count = 0;
    return hf_hub_peers_parse(text, peers, &count, err);
}

/* Whatever else looks like a URL would become a file of a strange name. */
static enum hf_rc check_models(const char *text, struct hf_err *err)
{
    struct hf_str url = hf_str_c(text);
    return strstr(text, "://") == NULL || hf_str_starts(url, HF_STR("postgresql://")) ||
                   hf_str_starts(url, HF_STR("postgres://"))
               ? HF_OK
               : hf_err_set(err, HF_EINVAL,
                            "read models are kept in PostgreSQL, postgresql://HOST/DATABASE, or in "
                            "a SQLite file, by its path");
}

static enum hf_rc check_name(const char *text, struct hf_err *err)
{
    size_t good = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:");
    return text[good] == '\0' && good > 0 && good <= HOST_MAX
               ? HF_OK
               : hf_err_set(err, HF_EINVAL, "\"%s\" is no host name or address", text);
}

static enum hf_rc check_own(const struct hf_cli *cli, struct hf_err *err)
{
    struct hf_hub_peer peers[HF_HUB_PEERS_MAX];
    unsigned count = 0;
    enum hf_rc rc = hf_hub_peers_parse(hf_cli_str(cli, "peers"), peers, &count, err);
    for (unsigned i = 0; rc == HF_OK && i < count; i++) {
        if (strcmp(hf_region_name(peers[i].region), hf_cli_str(cli, "region")) == 0) {
            rc = hf_err_set(err, HF_EUSAGE,
                            "--peers names %s, which is this Hub's own region: leave it out",
                            hf_region_name(peers[i].region));
        }
    }
    return rc;
}

static bool public_url_ok(const char *url)
{
    struct hf_str text = hf_str_c(url);
    struct hf_str origin;
    if (url == NULL) {
        return true;
    }
    bool slash = text.len > 0 && text.ptr[text.len - 1] == '/';
    return hf_origin_of(text, &origin, /* err= */ NULL) == HF_OK &&
           origin.len + (slash ? 1 : 0) == text.len && text.len < HF_HUB_URL_MAX &&
           hf_str_starts(text, HF_STR("https://"));
}

static bool has_listener(const struct hf_cli *cli)
{
    return hf_hub_has_role(cli, "all") || hf_hub_has_role(cli, "api");
}

static enum hf_rc check_public(const struct hf_cli *cli, struct hf_err *err)
{
    bool certificate = hf_cli_str(cli, "tls-certificate") != NULL;
    if (!public_url_ok(hf_cli_str(cli, "public-url"))) {
        return hf_err_set(err, HF_EUSAGE,
                          "--public-url is of the form https://HOST[:PORT], without a path");
    }
    if (certificate != (hf_cli_str(cli, "tls-key") != NULL)) {
        return hf_err_set(err, HF_EUSAGE, "--tls-certificate and --tls-key go together");
    }
    if (certificate && hf_cli_str(cli, "public-url") == NULL) {
        return hf_err_set(err, HF_EUSAGE,
                          "--tls-certificate needs --public-url: the address that people open, for "
                          "whose host the certificate is");
    }
    return HF_OK;
}

enum hf_rc hf_hub_settings_check(struct hf_cli *cli, struct hf_err *err)
{
    const char *models = hf_cli_str(cli, "models");
    if (hf_hub_has_role(cli, "notifications")) {
        return hf_notifier_conf_check(cli, err);
    }
    if (hf_cli_str(cli, "data") == NULL) {
        return hf_err_set(err, HF_EUSAGE, "--data is missing: the folder of the role");
    }
    if (hf_hub_has_role(cli, "worker") && hf_cli_str(cli, "socket") == NULL) {
        return hf_err_set(err, HF_EUSAGE,
                          "a worker follows a Hub of the role api: name its socket with --socket");
    }
    enum hf_rc rc = check_public(cli, err);
    rc = rc == HF_OK ? check_own(cli, err) : rc;
    if (rc != HF_OK) {
        return rc;
    }
    if (hf_hub_has_role(cli, "all")) {
        return hf_notifier_conf_check(cli, err);
    }
    if (hf_hub_has_role(cli, "worker") || (hf_hub_has_role(cli, "api") && models != NULL)) {
        return hf_worker_models_check(models, err);
    }
    return HF_OK;
}

/* What the files hold is read as the Hub would. */
static void check_certificate(struct hf_cli *cli)
{
    char until[HF_TIME_TEXT];
    struct hf_err err = {0};
    struct hf_certificate *read = NULL;
    const struct hf_hub_certificate_files files = {hf_cli_str(cli, "tls-certificate"),
                                                   hf_cli_str(cli, "tls-key"),
                                                   hf_cli_str(cli, "public-url")};
    if (hf_crypto_init(&err) != HF_OK || hf_hub_certificate_read(&files, &read, &err) != HF_OK) {
        hf_cli_add_problem(cli, &err);
        return;
    }
    enum hf_hub_certificate_age age = hf_hub_certificate_age(read, hf_env_wall_us(cli->env));
    hf_format_time_us(age == HF_CERTIFICATE_EARLY ? hf_certificate_from_us(read)
                                                  : hf_certificate_until_us(read),
                      until);
    if (age == HF_CERTIFICATE_OVER || age == HF_CERTIFICATE_EARLY) {
        (void)hf_err_set(&err, HF_EINVAL, "%s: the certificate %s %s", files.chain,
                         age == HF_CERTIFICATE_OVER ? "is over since" : "is not good before",
                         until);
        hf_cli_add_problem(cli, &err);
    } else if (age == HF_CERTIFICATE_ENDS) {
        hf_cli_note(cli, "%s: the certificate ends soon, %s; it should have been renewed",
                    files.chain, until);
    }
    if (hf_certificate_count(read) == 1) {
        hf_cli_note(cli,
                    "%s: it is one certificate alone; most authorities' need the chain with it "
                    "(fullchain.pem), or phones refuse it",
                    files.chain);
    }
    hf_certificate_free(read);
}

static void check_release_keys(struct hf_cli *cli)
{
    const char *path = hf_cli_str(cli, "release-keys");
    struct hf_buf text = hf_buf_init(HF_RELEASE_TEXT_MAX);
    struct hf_release_keys keys;
    struct hf_err err = {0};
    enum hf_rc rc = hf_crypto_init(&err);
    rc = rc == HF_OK ? hf_file_read(path, &text, &err) : rc;
    if (rc == HF_OK) {
        rc = hf_release_keys_parse(hf_buf_bytes(&text), &keys, &err);
        rc = rc == HF_OK ? rc : hf_err_wrap(&err, rc, "%s", path);
    }
    if (rc != HF_OK) {
        hf_cli_add_problem(cli, &err);
    }
    hf_buf_free(&text);
}

/* Everything that is wrong is said at once. */
int hf_hub_check_config(struct hf_cli *cli)
{
    struct hf_err err = {0};
    struct hf_hub_peer peers[HF_HUB_PEERS_MAX];
    unsigned peer_count = 0;
    if (hf_hub_settings_check(cli, &err) != HF_OK) {
        hf_cli_add_problem(cli, &err);
    } else if (has_listener(cli) && hf_cli_str(cli, "tls-certificate") != NULL) {
        check_certificate(cli);
    }
    if (has_listener(cli) && hf_cli_str(cli, "release-keys") != NULL) {
        check_release_keys(cli);
    }
    if (hf_cli_problems(cli) != HF_EXIT_OK) {
        return HF_EXIT_NO;
    }
    if (hf_hub_peers_parse(hf_cli_str(cli, "peers"), peers, &peer_count, &err) != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    hf_cli_printf(cli, "role      %s\nregion    %s\n", hf_cli_str(cli, "role"),
                  hf_cli_str(cli, "region"));
    if (hf_cli_str(cli, "data") != NULL) {
        hf_cli_printf(cli, "data      %s\n", hf_cli_str(cli, "data"));
    }
    if (hf_hub_has_role(cli, "worker") || hf_hub_has_role(cli, "notifications")) {
        hf_cli_printf(cli, "socket    %s\n", hf_cli_str(cli, "socket"));
        return HF_EXIT_OK;
    }
    hf_cli_printf(cli, "listen    %s\nname      %s\n", hf_cli_str(cli, "listen"),
                  hf_cli_str(cli, "name"));
    if (hf_cli_str(cli, "tls-certificate") != NULL) {
        hf_cli_printf(cli, "people    %s, certificate %s\n", hf_cli_str(cli, "public-url"),
                      hf_cli_str(cli, "tls-certificate"));
    }
    for (unsigned i = 0; i < peer_count; i++) {
        hf_cli_printf(cli, "peer      %s at %s\n", hf_region_name(peers[i].region), peers[i].url);
    }
    return HF_EXIT_OK;
}

/* declaring */

static const char *const region_names[] = {"dev", "staging", "prod-eu", "prod-us", NULL};
const struct hf_cli_option hf_hub_options[HF_HUB_OPTIONS] = {
    {.name = "role",
     .kind = HF_CLI_CHOICE,
     .choices = role_names,
     .fallback = "all",
     .env = "HOLDFAST_HUB_ROLE",
     .setting = "hub_role",
     .help = "api: the log and the API; worker: the read models in PostgreSQL, following an api's "
             "socket; notifications: pushes and mails, by the same socket; all: all in one "
             "process"},
    {.name = "region",
     .kind = HF_CLI_CHOICE,
     .choices = region_names,
     .fallback = "dev",
     .env = "HOLDFAST_REGION",
     .setting = "region",
     .help = "the region that this Hub runs"},
    {.name = "data",
     .kind = HF_CLI_STRING,
     .value = "DIR",
     .env = "HOLDFAST_HUB_DATA",
     .setting = "hub_data",
     .help = "folder of the region's log and keys; made when it is not there; all roles but "
             "notifications need one"},
    {.name = "listen",
     .kind = HF_CLI_STRING,
     .value = "ADDRESS",
     .fallback = "127.0.0.1:8443",
     .env = "HOLDFAST_HUB_LISTEN",
     .setting = "hub_listen",
     .check = hf_address_check,
     .help = "where the API listens; port 0 takes a free one"},
    {.name = "name",
     .kind = HF_CLI_STRING,
     .value = "HOST",
     .fallback = "localhost",
     .env = "HOLDFAST_HUB_NAME",
     .setting = "hub_name",
     .check = check_name,
     .help = "host name in the TLS certificate that is made when there is none"},
    {.name = "release-keys",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_RELEASE_KEYS",
     .setting = "release_keys",
     .help =
         "the keys that artifacts are verified with: lines CHANNEL VKEY; without it none is taken"},
    {.name = "peers",
     .kind = HF_CLI_STRING,
     .value = "REGION=URL,...",
     .env = "HOLDFAST_HUB_PEERS",
     .setting = "hub_peers",
     .check = check_peers,
     .help = "the other regions' Hubs, for those who came to the wrong one"},
    {.name = "public-url",
     .kind = HF_CLI_STRING,
     .value = "URL",
     .env = "HOLDFAST_HUB_PUBLIC_URL",
     .setting = "hub_public_url",
     .help = "by which people reach this Hub, in links of messages (default: where it listens)"},
    {.name = "tls-certificate",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_HUB_TLS_CERTIFICATE",
     .setting = "hub_tls_certificate",
     .help =
         "certificate that browsers believe, for the host of the public URL, with its chain, in "
         "PEM; agents go on to pin the Hub's own; read again when it changes"},
    {.name = "tls-key",
     .kind = HF_CLI_STRING,
     .value = "FILE",
     .env = "HOLDFAST_HUB_TLS_KEY",
     .setting = "hub_tls_key",
     .help = "its key in PEM, without a passphrase"},
    HF_NOTIFIER_OPTIONS,
    {.name = "models",
     .kind = HF_CLI_STRING,
     .value = "URL",
     .env = "HOLDFAST_HUB_MODELS",
     .setting = "hub_models",
     .check = check_models,
     .help = "where the read models are kept: a SQLite file (default: models.db in the data "
             "folder) or postgresql://...; the role api only reads them, and has none by default"},
    {.name = "socket",
     .kind = HF_CLI_STRING,
     .value = "PATH",
     .env = "HOLDFAST_HUB_SOCKET",
     .setting = "hub_socket",
     .check = hf_address_check_path,
     .help = "Unix socket for the worker (default: hub.sock in the data folder); a worker's: that "
             "of the Hub it follows"},
    {.name = "allow-uids",
     .kind = HF_CLI_STRING,
     .value = "UID,...",
     .env = "HOLDFAST_HUB_ALLOW_UIDS",
     .setting = "hub_allow_uids",
     .check = hf_peers_check,
     .help = "users whose processes may be the worker, besides root and the Hub's own"},
    {.name = "free-floor",
     .kind = HF_CLI_SIZE,
     .fallback = "0",
     .env = "HOLDFAST_FREE_FLOOR",
     .setting = "free_floor",
     .help = "free space below which the log is read-only; 0: by the size of the disk"},
    {.name = "snapshot-every",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "600",
     .min = 1,
     .max = 86400,
     .env = "HOLDFAST_HUB_SNAPSHOT_EVERY",
     .setting = "hub_snapshot_every",
     .help = "time between two snapshots of the Hub's memory, from which the next start goes on"},
    {.name = "probe-every",
     .kind = HF_CLI_U64,
     .value = "SECONDS",
     .fallback = "0",
     .max = 86400,
     .env = "HOLDFAST_HUB_PROBE_EVERY",
     .setting = "hub_probe_every",
     .help = "time between two probes of the way of approvals, each with the next tenant; 0: none"},
    {.name = "reset-admin", /* the last one: only `run` has it */
     .kind = HF_CLI_FLAG,
     .help = "write a new token for the principal \"admin\"; the one before ends"},
};
