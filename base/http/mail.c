/* base/http/mail.c: SMTP by libcurl. */
#include "base/http/mail.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/http/multi.h"

#define URL_MAX  300
#define USER_MAX 256
#define FILE_MAX 4096

struct hf_mailer {
    struct hf_loop *loop;
    struct hf_multi *multi;
    char url[URL_MAX];
    char from[HF_MAIL_ADDRESS_MAX + 3]; /* "<", ">" */
    char user[USER_MAX];                /* empty: none */
    char ca_file[FILE_MAX];             /* empty: the system's */
    const struct hf_secret *password;
};

struct running {
    struct hf_transfer transfer;
    struct hf_mail *mail;
    struct curl_slist *recipients;
};

static bool is_local_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

static bool is_domain_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-';
}

bool hf_mail_address_ok(struct hf_str address)
{
    const char *at = address.len == 0 ? NULL : memchr(address.ptr, '@', address.len);
    size_t local = at == NULL ? 0 : (size_t)(at - address.ptr);
    bool good = at != NULL && local > 0 && local <= 64 && local + 1 < address.len &&
                address.len <= HF_MAIL_ADDRESS_MAX && address.ptr[0] != '-' &&
                address.ptr[0] != '.';
    for (size_t i = 0; good && i < address.len; i++) {
        good = i == local ||
               (i < local ? is_local_char(address.ptr[i]) : is_domain_char(address.ptr[i]));
    }
    return good && address.ptr[local + 1] != '.' && address.ptr[local + 1] != '-' &&
           address.ptr[address.len - 1] != '.' && address.ptr[address.len - 1] != '-';
}

enum hf_rc hf_mailer_check(const struct hf_mailer_conf *conf, struct hf_err *err)
{
    struct hf_str url = hf_str_c(conf->url);
    bool known = hf_str_starts(url, HF_STR("smtp://")) || hf_str_starts(url, HF_STR("smtps://"));
    if (!known || url.len >= URL_MAX || memchr(url.ptr, '@', url.len) != NULL) {
        return hf_err_set(err, HF_EINVAL,
                          "a mail server is named as smtp://HOST:587 (with STARTTLS) or "
                          "smtps://HOST:465, without a user in it");
    }
    if (conf->from == NULL || !hf_mail_address_ok(hf_str_c(conf->from))) {
        return hf_err_set(err, HF_EINVAL, "mail needs a sender's address: NAME@DOMAIN");
    }
    if (conf->user != NULL && (strlen(conf->user) >= USER_MAX || conf->password == NULL)) {
        return hf_err_set(err, HF_EINVAL, "a user of the mail server needs a password, in a file");
    }
    return conf->ca_file != NULL && strlen(conf->ca_file) >= FILE_MAX
               ? hf_err_set(err, HF_EINVAL, "the path of a file of authorities is too long")
               : HF_OK;
}

enum hf_rc hf_mailer_new(struct hf_loop *loop, const struct hf_mailer_conf *conf,
                         struct hf_mailer **ret_mailer, struct hf_err *err)
{
    enum hf_rc rc = hf_mailer_check(conf, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_mailer *mailer = hf_heap_zalloc(1, sizeof *mailer);
    if (mailer == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a mail client");
    }
    mailer->loop = loop;
    mailer->password = conf->password;
    (void)snprintf(mailer->url, sizeof mailer->url, "%s", conf->url);
    (void)snprintf(mailer->from, sizeof mailer->from, "<%s>", conf->from);
    (void)snprintf(mailer->user, sizeof mailer->user, "%s", conf->user == NULL ? "" : conf->user);
    (void)snprintf(mailer->ca_file, sizeof mailer->ca_file, "%s",
                   conf->ca_file == NULL ? "" : conf->ca_file);
    rc = hf_multi_new(loop, &mailer->multi, err);
    if (rc != HF_OK) {
        hf_heap_free(mailer);
        return rc;
    }
    *ret_mailer = mailer;
    return HF_OK;
}

static void end(struct running *running)
{
    hf_transfer_end(&running->transfer);
    curl_slist_free_all(running->recipients);
    hf_heap_free(running);
}

void hf_mailer_free(struct hf_mailer *mailer)
{
    if (mailer == NULL) {
        return;
    }
    hf_multi_free(mailer->multi);
    hf_heap_free(mailer);
}

/* libcurl says in its text alone which command was refused: "RCPT failed: 550" in all releases
 * since 7.34. Another wording would make it a refusal of the message, never of the mailbox. */
static enum hf_mail_outcome outcome_of(CURLcode code, long status, const char *text)
{
    bool recipient = strncmp(text, "RCPT failed", sizeof "RCPT failed" - 1) == 0;
    if (code == CURLE_OK) {
        return HF_MAIL_TAKEN;
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return HF_MAIL_TIMEOUT;
    }
    if (status >= 400 && status < 500) {
        return HF_MAIL_LATER;
    }
    if (status >= 500 && recipient) {
        return HF_MAIL_NO_MAILBOX;
    }
    return status >= 500 || code == CURLE_LOGIN_DENIED ? HF_MAIL_REFUSED : HF_MAIL_UNREACHABLE;
}

static void over(struct hf_transfer *transfer, CURLcode code)
{
    struct running *running = HF_CONTAINER_OF(transfer, struct running, transfer);
    struct hf_mail *mail = running->mail;
    long status = 0;
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    mail->status = (int)status;
    mail->outcome = outcome_of(code, status, transfer->error);
    if (mail->outcome != HF_MAIL_TAKEN) {
        const char *text = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
        (void)hf_err_set(&mail->err, hf_transfer_rc(code), "the mail server: %.200s", text);
    }
    end(running);
    mail->impl = NULL;
    mail->done(mail);
}

static size_t give_message(char *out, size_t size, size_t count, void *ctx)
{
    struct hf_mail *mail = ctx;
    size_t left = mail->message.len - mail->sent;
    size_t len = left < size * count ? left : size * count;
    memcpy(out, mail->message.ptr + mail->sent, len);
    mail->sent += len;
    return len;
}

static bool set_user(CURL *easy, const struct hf_mailer *mailer)
{
    char password[USER_MAX];
    struct hf_bytes secret = hf_secret_reveal(mailer->password);
    if (secret.len >= sizeof password) {
        return false;
    }
    memcpy(password, secret.ptr, secret.len);
    password[secret.len] = '\0';
    bool good = curl_easy_setopt(easy, CURLOPT_USERNAME, mailer->user) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_PASSWORD, password) == CURLE_OK;
    hf_wipe(password, sizeof password);
    return good;
}

static bool set_up(struct running *running)
{
    const struct hf_mail *mail = running->mail;
    const struct hf_mailer *mailer = mail->mailer;
    CURL *easy = running->transfer.easy;
    char to[HF_MAIL_ADDRESS_MAX + 3];
    (void)snprintf(to, sizeof to, "<%s>", mail->to);
    running->recipients = curl_slist_append(NULL, to);
    bool good = running->recipients != NULL &&
                curl_easy_setopt(easy, CURLOPT_URL, mailer->url) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_MAIL_FROM, mailer->from) == CURLE_OK &&
                curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, running->recipients) == CURLE_OK;
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    (void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(mail->timeout_ns / 1000000));
    (void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_message);
    (void)curl_easy_setopt(easy, CURLOPT_READDATA, running->mail);
    if (good && mailer->user[0] != '\0') {
        good = set_user(easy, mailer);
    }
    if (good && mailer->ca_file[0] != '\0') {
        good = curl_easy_setopt(easy, CURLOPT_CAINFO, mailer->ca_file) == CURLE_OK;
    }
    return good;
}

static void fail(struct hf_task *task)
{
    struct hf_mail *mail = HF_CONTAINER_OF(task, struct hf_mail, task);
    mail->done(mail);
}

void hf_mail_start(struct hf_mailer *mailer, struct hf_mail *mail)
{
    HF_ASSERT(hf_mail_address_ok(hf_str_c(mail->to)));
    struct running *running = hf_heap_zalloc(1, sizeof *running);
    mail->mailer = mailer;
    mail->impl = NULL;
    mail->sent = 0;
    mail->status = 0;
    mail->err = (struct hf_err){0};
    hf_task_init(&mail->task, fail);
    if (running != NULL) {
        running->mail = mail;
        running->transfer.done = over;
        if (hf_transfer_init(mailer->multi, &running->transfer) && set_up(running) &&
            hf_transfer_start(&running->transfer)) {
            mail->impl = running;
            return;
        }
        end(running);
    }
    mail->outcome = HF_MAIL_UNREACHABLE;
    (void)hf_err_set(&mail->err, HF_ENOMEM, "no memory to send a mail");
    hf_task_post(mailer->loop, &mail->task);
}

void hf_mail_cancel(struct hf_mail *mail)
{
    if (mail->impl != NULL) {
        end(mail->impl);
        mail->impl = NULL;
    }
    hf_task_cancel(&mail->task);
}
