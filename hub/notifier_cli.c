/* hub/notifier_cli.c: the role notifications on the command line. */
#include "hub/notifier_cli.h"

#include "base/cli/service.h"
#include "base/file.h"

#define PASSWORD_MAX    256
#define AUTHORITIES_MAX (4u << 20)
#define PEM_BEGIN       "-----BEGIN CERTIFICATE-----"

static enum hf_rc take_password(const char *path, struct hf_secret *ret_password,
                                struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(PASSWORD_MAX);
    enum hf_rc rc = hf_file_read(path, &text, err);
    size_t len = text.len;
    while (rc == HF_OK && len > 0 && (text.ptr[len - 1] == '\n' || text.ptr[len - 1] == '\r')) {
        len--;
    }
    if (rc == HF_OK) {
        rc = len == 0 ? hf_err_set(err, HF_EUSAGE, "%s holds no password", path)
                      : hf_secret_copy(hf_bytes_of(text.ptr, len), ret_password);
    }
    if (text.ptr != NULL) {
        hf_wipe(text.ptr, text.len);
    }
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_notifier_conf_take(struct hf_cli *cli, struct hf_notifier_conf *ret,
                                 struct hf_secret *ret_password, struct hf_err *err)
{
    const char *file = hf_cli_str(cli, "smtp-password-file");
    enum hf_rc rc = HF_OK;
    *ret = (struct hf_notifier_conf){.socket = hf_cli_str(cli, "socket"),
                                     .push_anywhere = hf_cli_flag(cli, "push-anywhere"),
                                     .ca_file = hf_cli_str(cli, "outgoing-ca"),
                                     .mail = {.url = hf_cli_str(cli, "smtp-url"),
                                              .from = hf_cli_str(cli, "mail-from"),
                                              .user = hf_cli_str(cli, "smtp-user"),
                                              .ca_file = hf_cli_str(cli, "outgoing-ca")}};
    if (file != NULL) {
        rc = take_password(file, ret_password, err);
        ret->mail.password = ret_password;
    }
    if (rc == HF_OK && ret->mail.url == NULL && (ret->mail.user != NULL || file != NULL)) {
        rc = hf_err_set(err, HF_EUSAGE,
                        "there is a user or a password for a mail server: name the server with "
                        "--smtp-url");
    }
    if (rc == HF_OK && ret->mail.url != NULL) {
        rc = hf_mailer_check(&ret->mail, err);
        err->rc = rc = rc == HF_OK ? HF_OK : HF_EUSAGE;
    }
    return rc;
}

/* Said before a message is not brought because of it. */
static enum hf_rc check_authorities(const char *path, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(AUTHORITIES_MAX);
    enum hf_rc rc = hf_file_read(path, &text, err);
    if (rc == HF_OK &&
        (text.len == 0 || memmem(text.ptr, text.len, PEM_BEGIN, sizeof PEM_BEGIN - 1) == NULL)) {
        rc = hf_err_set(err, HF_EUSAGE, "%s holds no certificate in PEM", path);
    }
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_notifier_conf_check(struct hf_cli *cli, struct hf_err *err)
{
    struct hf_notifier_conf conf;
    struct hf_secret password = {0};
    enum hf_rc rc = hf_notifier_conf_take(cli, &conf, &password, err);
    hf_secret_free(&password);
    if (rc == HF_OK && conf.ca_file != NULL) {
        rc = check_authorities(conf.ca_file, err);
    }
    if (rc == HF_OK && conf.socket == NULL &&
        strcmp(hf_cli_str(cli, "role"), "notifications") == 0) {
        rc = hf_err_set(err, HF_EUSAGE,
                        "the role notifications takes messages of a Hub of the role api: name its "
                        "socket with --socket");
    }
    return rc;
}

/* the role by itself */

struct program {
    struct hf_service service;
    struct hf_notifier notifier;
    struct hf_secret password;
};

static struct program *program_of(struct hf_service *service)
{
    return HF_CONTAINER_OF(service, struct program, service);
}

static enum hf_rc open_notifier(struct hf_service *service, struct hf_err *err)
{
    struct program *program = program_of(service);
    struct hf_notifier_conf conf;
    enum hf_rc rc = hf_notifier_conf_check(service->cli, err);
    if (rc == HF_OK) {
        rc = hf_notifier_conf_take(service->cli, &conf, &program->password, err);
    }
    if (rc == HF_OK) {
        conf.loop = service->loop;
        conf.logger = &service->logger;
        rc = hf_notifier_open(&program->notifier, &conf, err);
    }
    return rc;
}

static enum hf_rc start_notifier(struct hf_service *service, struct hf_err *err)
{
    hf_cli_printf(service->cli, "bringing messages of the Hub at %s\n",
                  hf_cli_str(service->cli, "socket"));
    return hf_cli_flush(service->cli, err);
}

static void stop_notifier(struct hf_service *service)
{
    hf_notifier_close(&program_of(service)->notifier);
    hf_service_stopped(service);
}

int hf_notifier_run(struct hf_cli *cli)
{
    struct program program = {
        .service = {.open = open_notifier, .start = start_notifier, .stop = stop_notifier}};
    int code = hf_service_run(&program.service, cli);
    hf_secret_free(&program.password);
    return code;
}
