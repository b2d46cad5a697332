/* base/net/tls.c: OpenSSL between memory buffers. */
#include "base/net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/heap.h"

#define PIECE     (16u << 10) /* a TLS record */
#define EARLY_MAX (1u << 20)  /* written before the handshake is done */

struct hf_tls_server {
    SSL_CTX *context;
    struct hf_certificate *own;
    struct hf_certificate *named; /* for those who name a host of it; or NULL */
};

struct tls_stream {
    struct hf_stream stream;
    struct hf_stream *under;
    SSL *ssl;
    BIO *in;  /* from the peer */
    BIO *out; /* to the peer */
    struct hf_buf early;
    struct hf_task task;
    bool reading;
    bool under_ended;
    bool ended;
    bool finishing;
    bool closing;
    enum hf_rc under_why;
};

static enum hf_rc openssl_error(struct hf_err *err, const char *what)
{
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return hf_err_set(err, HF_EINVAL, "%s: %s", what, text);
}

/* servers */

/* Whoever names the host of the second certificate gets it: a browser, which names what stands in
 * its address bar. Agents, mirrors and the command line name none, and pin the first. */
static int choose(SSL *ssl, void *arg)
{
    const struct hf_tls_server *server = arg;
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (host == NULL || server->named == NULL || !hf_certificate_covers(server->named, host)) {
        return 1;
    }
    return hf_certificate_use_once(server->named, ssl) ? 1 : 0;
}

enum hf_rc hf_tls_server_new(struct hf_bytes certificate, const struct hf_secret *key,
                             struct hf_tls_server **ret_server, struct hf_err *err)
{
    struct hf_tls_server *server = hf_heap_zalloc(1, sizeof *server);
    if (server == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for TLS");
    }
    server->context = SSL_CTX_new(TLS_server_method());
    enum hf_rc rc = HF_OK;
    if (server->context == NULL ||
        SSL_CTX_set_min_proto_version(server->context, TLS1_2_VERSION) != 1) {
        rc = openssl_error(err, "cannot start TLS");
    }
    if (rc == HF_OK) {
        (void)SSL_CTX_set_mode(server->context, SSL_MODE_RELEASE_BUFFERS);
        (void)SSL_CTX_set_options(server->context, SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_cert_cb(server->context, choose, server);
        rc = hf_certificate_read(certificate, key, &server->own, err);
    }
    if (rc == HF_OK) {
        rc = hf_certificate_use_always(server->own, server->context, err);
    }
    if (rc != HF_OK) {
        hf_tls_server_free(server);
        return rc;
    }
    *ret_server = server;
    return HF_OK;
}

void hf_tls_server_free(struct hf_tls_server *server)
{
    if (server != NULL) {
        SSL_CTX_free(server->context);
        hf_certificate_free(server->own);
        hf_certificate_free(server->named);
        hf_heap_free(server);
    }
}

void hf_tls_server_set_named(struct hf_tls_server *server, struct hf_certificate *named)
{
    hf_certificate_free(server->named);
    server->named = named;
}

void hf_tls_server_pin(const struct hf_tls_server *server, struct hf_hash *ret_pin)
{
    hf_certificate_pin(server->own, ret_pin);
}

/* clients */

struct hf_tls_client {
    SSL_CTX *context;
    struct hf_hash pin;
};

/* Takes the place of OpenSSL's walk up a chain of authorities: only the key counts. */
static int check_pin(X509_STORE_CTX *store, void *arg)
{
    const struct hf_tls_client *client = arg;
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    struct hf_hash pin;
    if (certificate != NULL && hf_certificate_pin_of(certificate, &pin) &&
        hf_hash_eq(&pin, &client->pin)) {
        return 1;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

enum hf_rc hf_tls_client_new(const struct hf_hash *pin, struct hf_tls_client **ret_client,
                             struct hf_err *err)
{
    struct hf_tls_client *client = hf_heap_zalloc(1, sizeof *client);
    if (client == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for TLS");
    }
    client->pin = *pin;
    client->context = SSL_CTX_new(TLS_client_method());
    if (client->context == NULL ||
        SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION) != 1) {
        enum hf_rc rc = openssl_error(err, "cannot start TLS");
        hf_tls_client_free(client);
        return rc;
    }
    (void)SSL_CTX_set_mode(client->context, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_options(client->context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(client->context, check_pin, client);
    *ret_client = client;
    return HF_OK;
}

void hf_tls_client_free(struct hf_tls_client *client)
{
    if (client != NULL) {
        SSL_CTX_free(client->context);
        hf_heap_free(client);
    }
}

/* streams */

static struct tls_stream *tls_of(struct hf_stream *stream)
{
    return HF_CONTAINER_OF(stream, struct tls_stream, stream);
}

static void end(struct tls_stream *t, enum hf_rc why)
{
    if (!t->ended && !t->closing) {
        t->ended = true;
        t->stream.on_end(&t->stream, why);
    }
}

/* What OpenSSL wants to send goes to the stream below. */
static void send_out(struct tls_stream *t)
{
    char *ptr = NULL;
    long len = BIO_get_mem_data(t->out, &ptr);
    if (len > 0) {
        (void)hf_stream_write(t->under, hf_bytes_of(ptr, (size_t)len));
        (void)BIO_reset(t->out);
    }
}

/* true: the connection goes on. */
static bool still_good(struct tls_stream *t, int code)
{
    int why = SSL_get_error(t->ssl, code);
    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        return true;
    }
    send_out(t); /* an alert */
    end(t, why == SSL_ERROR_ZERO_RETURN ? HF_EEND : HF_EBADSIG);
    return false;
}

static bool shake_hands(struct tls_stream *t)
{
    if (SSL_is_init_finished(t->ssl)) {
        return true;
    }
    int code = SSL_do_handshake(t->ssl);
    if (code != 1) {
        (void)still_good(t, code);
        send_out(t);
        return false;
    }
    if (t->early.len > 0) {
        (void)SSL_write(t->ssl, t->early.ptr, (int)t->early.len);
        hf_buf_free(&t->early);
        t->early = hf_buf_init(EARLY_MAX);
    }
    send_out(t);
    return true;
}

static void pump(struct tls_stream *t)
{
    uint8_t piece[PIECE];
    if (t->ended || t->closing || !shake_hands(t)) {
        return;
    }
    while (t->reading && !t->ended && !t->closing) {
        int len = SSL_read(t->ssl, piece, sizeof piece);
        if (len <= 0) {
            if (!still_good(t, len)) {
                return;
            }
            break;
        }
        t->stream.on_data(&t->stream, hf_bytes_of(piece, (size_t)len));
    }
    if (!t->closing) {
        send_out(t);
    }
    if (t->reading && t->under_ended && !t->ended) {
        end(t, t->under_why == HF_EEND ? HF_EIO : t->under_why); /* cut without a goodbye */
    }
}

static void run(struct hf_task *task)
{
    pump(HF_CONTAINER_OF(task, struct tls_stream, task));
}

static void under_data(struct hf_stream *under, struct hf_bytes data)
{
    struct tls_stream *t = under->user;
    if (BIO_write(t->in, data.ptr, (int)data.len) != (int)data.len) {
        end(t, HF_ENOMEM);
        return;
    }
    pump(t);
}

static void under_end(struct hf_stream *under, enum hf_rc why)
{
    struct tls_stream *t = under->user;
    t->under_ended = true;
    t->under_why = why;
    if (!SSL_is_init_finished(t->ssl)) {
        end(t, HF_EBADSIG);
        return;
    }
    pump(t);
}

static void under_drain(struct hf_stream *under)
{
    struct tls_stream *t = under->user;
    if (!t->closing && SSL_is_init_finished(t->ssl) && t->stream.on_drain != NULL) {
        t->stream.on_drain(&t->stream);
    }
}

static void under_closed(struct hf_stream *under)
{
    struct tls_stream *t = under->user;
    hf_task_cancel(&t->task);
    SSL_free(t->ssl); /* and both buffers */
    hf_buf_free(&t->early);
    t->stream.on_closed(&t->stream);
    hf_heap_free(t);
}

static void read_on(struct hf_stream *stream, bool on)
{
    struct tls_stream *t = tls_of(stream);
    t->reading = on;
    hf_stream_read(t->under, on);
    if (on) {
        hf_task_post(stream->loop, &t->task); /* OpenSSL may hold what came before */
    }
}

static enum hf_rc write_out(struct hf_stream *stream, struct hf_bytes bytes)
{
    struct tls_stream *t = tls_of(stream);
    if (t->closing || t->finishing) {
        return HF_OK;
    }
    if (!SSL_is_init_finished(t->ssl)) {
        hf_buf_put(&t->early, bytes.ptr, bytes.len);
        return t->early.failed;
    }
    for (size_t at = 0; at < bytes.len;) {
        size_t len = bytes.len - at < PIECE ? bytes.len - at : PIECE;
        if (SSL_write(t->ssl, bytes.ptr + at, (int)len) != (int)len) {
            ERR_clear_error();
            return HF_ENOMEM; /* a memory buffer takes everything else */
        }
        at += len;
        send_out(t);
    }
    return HF_OK;
}

static void finish(struct hf_stream *stream)
{
    struct tls_stream *t = tls_of(stream);
    if (!t->finishing) {
        t->finishing = true;
        if (SSL_is_init_finished(t->ssl)) {
            (void)SSL_shutdown(t->ssl);
            ERR_clear_error();
            send_out(t);
        }
        hf_stream_finish(t->under);
    }
}

static void close_stream(struct hf_stream *stream)
{
    struct tls_stream *t = tls_of(stream);
    t->closing = true;
    hf_stream_close(t->under);
}

static size_t queued(const struct hf_stream *stream)
{
    const struct tls_stream *t = (const void *)stream; /* the first member */
    return t->early.len + hf_stream_queued(t->under);
}

static const struct hf_stream_ops ops = {read_on, write_out, finish, close_stream, queued};

static enum hf_rc put_on_top(SSL_CTX *context, struct hf_stream *under, struct tls_stream **ret)
{
    struct tls_stream *t = hf_heap_zalloc(1, sizeof *t);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    SSL *ssl = SSL_new(context);
    if (t == NULL || in == NULL || out == NULL || ssl == NULL) {
        hf_heap_free(t);
        BIO_free(in);
        BIO_free(out);
        SSL_free(ssl);
        return HF_ENOMEM;
    }
    SSL_set_bio(ssl, in, out);
    *t = (struct tls_stream){.under = under, .ssl = ssl, .in = in, .out = out};
    t->early = hf_buf_init(EARLY_MAX);
    t->stream.ops = &ops;
    t->stream.loop = under->loop;
    t->stream.peer = under->peer;
    hf_task_init(&t->task, run);
    under->user = t;
    under->on_data = under_data;
    under->on_end = under_end;
    under->on_drain = under_drain;
    under->on_closed = under_closed;
    *ret = t;
    return HF_OK;
}

enum hf_rc hf_tls_accept(struct hf_tls_server *server, struct hf_stream *under,
                         struct hf_stream **ret_stream)
{
    struct tls_stream *t = NULL;
    enum hf_rc rc = put_on_top(server->context, under, &t);
    if (rc == HF_OK) {
        SSL_set_accept_state(t->ssl);
        *ret_stream = &t->stream;
    }
    return rc;
}

enum hf_rc hf_tls_connect(struct hf_tls_client *client, struct hf_stream *under,
                          struct hf_stream **ret_stream)
{
    struct tls_stream *t = NULL;
    enum hf_rc rc = put_on_top(client->context, under, &t);
    if (rc == HF_OK) {
        SSL_set_connect_state(t->ssl);
        *ret_stream = &t->stream;
    }
    return rc;
}
