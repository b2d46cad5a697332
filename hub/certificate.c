/* hub/certificate.c: reads the certificate that browsers believe, and notices a new one. */
#include "hub/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/calendar.h"
#include "base/parse.h"

#define FILE_MAX (64u << 10) /* of a chain or a key: ten certificates of a few KiB */
#define LOOK_NS  UINT64_C(10000000000)

/* reading */

static enum hf_rc fill(int fd, struct hf_secret *io_key, const char *path, struct hf_err *err)
{
    size_t size = hf_secret_reveal(io_key).len;
    for (size_t at = 0; at < size;) {
        ssize_t got = read(fd, hf_secret_fill(io_key) + at, size - at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return hf_err_set(err, HF_EIO, "cannot read the key %s", path);
        }
        at += (size_t)got;
    }
    return HF_OK;
}

/* A group may read it: that is how who renews it, as root, hands it to the Hub's user. */
static enum hf_rc read_open_key(int fd, const char *path, struct hf_secret *ret_key,
                                struct hf_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > FILE_MAX) {
        return hf_err_set(err, HF_EINVAL, "%s is not a key (a plain file of at most %u KiB)", path,
                          FILE_MAX >> 10);
    }
    if ((st.st_mode & 027) != 0) {
        return hf_err_set(err, HF_EPERM,
                          "others can read or write the key %s; run chmod 600, or 640 with a group "
                          "of which only the Hub's user is",
                          path);
    }
    struct hf_secret key = {0};
    enum hf_rc rc = hf_secret_alloc((size_t)st.st_size, &key);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no memory for the key %s", path);
    }
    rc = fill(fd, &key, path, err);
    if (rc != HF_OK) {
        hf_secret_free(&key);
        return rc;
    }
    *ret_key = key;
    return HF_OK;
}

static enum hf_rc read_key(const char *path, struct hf_secret *ret_key, struct hf_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot open the key %s", path);
    }
    enum hf_rc rc = read_open_key(fd, path, ret_key, err);
    (void)close(fd);
    return rc;
}

static enum hf_rc host_of(const char *url, char out[256], struct hf_err *err)
{
    struct hf_str rest = hf_str_c(url);
    struct hf_str scheme = HF_STR("https://");
    size_t begin = hf_str_starts(rest, scheme) ? scheme.len : 0;
    size_t len = strcspn(url + begin, ":/");
    bool named =
        len > 0 && len < 256 && url[begin] != '[' && strspn(url + begin, "0123456789.") != len;
    if (!named) {
        return hf_err_set(err, HF_EUSAGE,
                          "a certificate of your own needs a public_url with a host name, not an "
                          "address: it is by the name that the Hub tells browsers from agents");
    }
    (void)snprintf(out, 256, "%.*s", (int)len, url + begin);
    return HF_OK;
}

enum hf_rc hf_hub_certificate_read(const struct hf_hub_certificate_files *files,
                                   struct hf_certificate **ret_certificate, struct hf_err *err)
{
    char host[256];
    struct hf_buf chain = hf_buf_init(FILE_MAX);
    struct hf_secret key = {0};
    struct hf_certificate *read = NULL;
    enum hf_rc rc = host_of(files->url, host, err);
    if (rc == HF_OK) {
        rc = hf_file_read(files->chain, &chain, err);
    }
    if (rc == HF_OK) {
        rc = read_key(files->key, &key, err);
    }
    if (rc == HF_OK) {
        rc = hf_certificate_read(hf_buf_bytes(&chain), &key, &read, err);
        rc = rc == HF_OK ? hf_certificate_check(read, host, err) : rc;
        rc = rc == HF_OK ? rc : hf_err_wrap(err, rc, "%s, key %s", files->chain, files->key);
    }
    hf_secret_free(&key);
    hf_buf_free(&chain);
    if (rc != HF_OK) {
        hf_certificate_free(read);
        return rc;
    }
    *ret_certificate = read;
    return HF_OK;
}

static enum hf_hub_certificate_age age_of(int64_t from_us, int64_t until_us, int64_t now_us)
{
    int64_t quarter = until_us / 4 - from_us / 4;
    int64_t soon = quarter < 14 * HF_DAY_US ? quarter : 14 * HF_DAY_US;
    return now_us >= until_us          ? HF_CERTIFICATE_OVER
           : now_us < from_us          ? HF_CERTIFICATE_EARLY
           : until_us - now_us <= soon ? HF_CERTIFICATE_ENDS
                                       : HF_CERTIFICATE_GOOD;
}

enum hf_hub_certificate_age hf_hub_certificate_age(const struct hf_certificate *certificate,
                                                   int64_t now_us)
{
    return age_of(hf_certificate_from_us(certificate), hf_certificate_until_us(certificate),
                  now_us);
}

/* serving */

static int64_t now_of(const struct hf_hub_certificate *c)
{
    return hf_env_wall_us(hf_loop_env(c->loop));
}

/* Says so each day while something is to be done about it. */
static void tell_age(struct hf_hub_certificate *c)
{
    char until[HF_TIME_TEXT];
    int64_t now = now_of(c);
    enum hf_hub_certificate_age age = age_of(c->from_us, c->until_us, now);
    if (age == HF_CERTIFICATE_GOOD || (c->told_us != 0 && now - c->told_us < HF_DAY_US)) {
        return;
    }
    c->told_us = now;
    hf_format_time_us(age == HF_CERTIFICATE_EARLY ? c->from_us : c->until_us, until);
    hf_log(c->logger, age == HF_CERTIFICATE_ENDS ? HF_LOG_WARN : HF_LOG_ERROR,
           age == HF_CERTIFICATE_ENDS    ? "certificate.ends_soon"
           : age == HF_CERTIFICATE_EARLY ? "certificate.not_yet_valid"
                                         : "certificate.expired",
           hf_f_c(age == HF_CERTIFICATE_EARLY ? "from" : "until", until), hf_f_c("file", c->chain),
           hf_f_c("help", "renew it: browsers refuse the Hub without; agents are not concerned"));
}

static void serve(struct hf_hub_certificate *c, struct hf_certificate *read)
{
    char until[HF_TIME_TEXT];
    c->from_us = hf_certificate_from_us(read);
    c->until_us = hf_certificate_until_us(read);
    c->refused = false;
    c->told_us = 0;
    hf_format_time_us(c->until_us, until);
    hf_log(c->logger, HF_LOG_INFO, "certificate.served", hf_f_c("file", c->chain),
           hf_f_c("until", until), hf_f_u64("chain", hf_certificate_count(read)));
    hf_tls_server_set_named(c->tls, read);
    tell_age(c);
}

static enum hf_rc read_files(const struct hf_hub_certificate *c, struct hf_certificate **ret,
                             struct hf_err *err)
{
    const struct hf_hub_certificate_files files = {c->chain, c->key, c->url};
    return hf_hub_certificate_read(&files, ret, err);
}

/* A good certificate does not give way to one that is not. */
static enum hf_rc check_age(const struct hf_hub_certificate *c, const struct hf_certificate *read,
                            struct hf_err *err)
{
    int64_t now = now_of(c);
    enum hf_hub_certificate_age age = hf_hub_certificate_age(read, now);
    if (now >= c->until_us || (age != HF_CERTIFICATE_OVER && age != HF_CERTIFICATE_EARLY)) {
        return HF_OK;
    }
    return hf_err_set(err, HF_EINVAL, "%s: the certificate %s", c->chain,
                      age == HF_CERTIFICATE_OVER ? "is over" : "is not good yet");
}

static void refuse(struct hf_hub_certificate *c, const struct hf_err *err)
{
    bool same = c->refused && strcmp(c->why.text, err->text) == 0;
    c->refused = true;
    c->why = *err;
    if (!same) {
        c->failures++;
        hf_log(c->logger, HF_LOG_ERROR, "certificate.refused", hf_f_err(err),
               hf_f_c("help", "the one before goes on to be served; the files are read again when "
                              "they change, or now: kill -HUP"));
    }
}

static void look(const struct hf_hub_certificate *c, struct hf_hub_certificate_look ret[2])
{
    const char *const paths[2] = {c->chain, c->key};
    for (int i = 0; i < 2; i++) {
        struct stat st = {0};
        (void)stat(paths[i], &st); /* what is not there is all zeros */
        ret[i] = (struct hf_hub_certificate_look){.changed = st.st_ctim,
                                                  .written = st.st_mtim,
                                                  .device = (uint64_t)st.st_dev,
                                                  .inode = (uint64_t)st.st_ino,
                                                  .bytes = (int64_t)st.st_size};
    }
}

static bool same(const struct hf_hub_certificate_look a[2],
                 const struct hf_hub_certificate_look b[2])
{
    bool is = true;
    for (int i = 0; i < 2; i++) {
        is = is && a[i].changed.tv_sec == b[i].changed.tv_sec &&
             a[i].changed.tv_nsec == b[i].changed.tv_nsec &&
             a[i].written.tv_sec == b[i].written.tv_sec &&
             a[i].written.tv_nsec == b[i].written.tv_nsec && a[i].device == b[i].device &&
             a[i].inode == b[i].inode && a[i].bytes == b[i].bytes;
    }
    return is;
}

void hf_hub_certificate_reload(struct hf_hub_certificate *certificate)
{
    struct hf_hub_certificate *c = certificate;
    struct hf_certificate *read = NULL;
    struct hf_err err = {0};
    if (!c->open) {
        return;
    }
    look(c, c->used); /* before they are read, so that a later change is seen */
    enum hf_rc rc = read_files(c, &read, &err);
    if (rc == HF_OK) {
        rc = check_age(c, read, &err);
    }
    if (rc != HF_OK) {
        hf_certificate_free(read);
        refuse(c, &err);
        return;
    }
    c->reads++;
    serve(c, read);
}

static void due(struct hf_timer *timer)
{
    struct hf_hub_certificate *c = HF_CONTAINER_OF(timer, struct hf_hub_certificate, timer);
    struct hf_hub_certificate_look now[2];
    look(c, now);
    bool settled = same(now, c->last);
    memcpy(c->last, now, sizeof now);
    if (settled && (c->refused || !same(now, c->used))) {
        hf_hub_certificate_reload(c);
    }
    tell_age(c);
    (void)hf_timer_arm(&c->timer, LOOK_NS);
}

enum hf_rc hf_hub_certificate_open(struct hf_loop *loop, const struct hf_logger *logger,
                                   struct hf_tls_server *tls,
                                   const struct hf_hub_certificate_files *files,
                                   struct hf_hub_certificate *certificate, struct hf_err *err)
{
    struct hf_hub_certificate *c = certificate;
    struct hf_certificate *read = NULL;
    *c = (struct hf_hub_certificate){.loop = loop, .logger = logger, .tls = tls};
    if (strlen(files->chain) >= sizeof c->chain || strlen(files->key) >= sizeof c->key ||
        strlen(files->url) >= sizeof c->url) {
        return hf_err_set(err, HF_ETOOBIG, "a path of the certificate is too long");
    }
    (void)snprintf(c->chain, sizeof c->chain, "%s", files->chain);
    (void)snprintf(c->key, sizeof c->key, "%s", files->key);
    (void)snprintf(c->url, sizeof c->url, "%s", files->url);
    look(c, c->used);
    memcpy(c->last, c->used, sizeof c->last);
    enum hf_rc rc = read_files(c, &read, err);
    if (rc != HF_OK) {
        return rc;
    }
    serve(c, read);
    c->open = true;
    hf_timer_init(&c->timer, loop, due);
    rc = hf_timer_arm(&c->timer, LOOK_NS);
    return rc == HF_OK ? rc : hf_err_set(err, rc, "no memory for a timer");
}

void hf_hub_certificate_close(struct hf_hub_certificate *certificate)
{
    if (certificate->open) {
        certificate->open = false;
        hf_timer_cancel(&certificate->timer);
    }
}
