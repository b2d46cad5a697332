/* base/net/certificate.c: reads certificates with OpenSSL, and says what is wrong with them. */
#include "base/net/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/heap.h"

struct hf_certificate {
    X509 *own;
    STACK_OF(X509) * above;
    EVP_PKEY *key;
    int64_t from_us;
    int64_t until_us;
    struct hf_hash pin;
};

/* reading */

static bool has_text(struct hf_bytes bytes, struct hf_str text)
{
    return memmem(bytes.ptr, bytes.len, text.ptr, text.len) != NULL;
}

static enum hf_rc read_key(struct hf_certificate *c, const struct hf_secret *key,
                           struct hf_err *err)
{
    struct hf_bytes secret = hf_secret_reveal(key);
    char none[] = ""; /* without one OpenSSL would ask whoever sits at the terminal */
    BIO *text = BIO_new_mem_buf(secret.ptr, (int)secret.len);
    c->key = text == NULL ? NULL : PEM_read_bio_PrivateKey(text, NULL, NULL, none);
    BIO_free(text);
    ERR_clear_error();
    if (c->key != NULL) {
        return HF_OK;
    }
    return hf_err_set(err, HF_EINVAL, "the TLS key is not an unencrypted PEM key%s",
                      has_text(secret, HF_STR("ENCRYPTED"))
                          ? ": it has a passphrase; write it without one (openssl pkey -in FILE)"
                          : "");
}

static enum hf_rc read_chain(struct hf_certificate *c, struct hf_bytes chain, struct hf_err *err)
{
    char none[] = "";
    BIO *text = BIO_new_mem_buf(chain.ptr, (int)chain.len);
    c->above = sk_X509_new_null();
    bool good = text != NULL && c->above != NULL;
    for (X509 *more = NULL; good && (more = PEM_read_bio_X509(text, NULL, NULL, none)) != NULL;) {
        if (c->own == NULL) {
            c->own = more;
        } else if (sk_X509_num(c->above) + 1 >= HF_CERTIFICATE_CHAIN_MAX ||
                   sk_X509_push(c->above, more) == 0) {
            X509_free(more);
            good = false;
        }
    }
    /* The end of the text is an error too, of a kind of its own. */
    bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(text);
    if (c->own == NULL) {
        return hf_err_set(err, HF_EINVAL, "the TLS certificate is not a PEM certificate");
    }
    unsigned count = hf_certificate_count(c);
    if (!good) {
        return hf_err_set(err, HF_EINVAL, "the TLS certificate has a chain of more than %d",
                          HF_CERTIFICATE_CHAIN_MAX);
    }
    return ended ? HF_OK
                 : hf_err_set(err, HF_EINVAL,
                              "what comes after certificate %u of the chain is damaged", count);
}

bool hf_certificate_pin_of(const X509 *one, struct hf_hash *ret_pin)
{
    unsigned char *der = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(one), &der);
    if (len <= 0) {
        return false;
    }
    hf_sha256(hf_bytes_of(der, (size_t)len), ret_pin);
    OPENSSL_free(der);
    return true;
}

static bool time_of(const ASN1_TIME *time, int64_t *ret_us)
{
    int days = 0;
    int seconds = 0;
    ASN1_TIME *begin = ASN1_TIME_set(NULL, 0);
    bool good = begin != NULL && ASN1_TIME_diff(&days, &seconds, begin, time) == 1;
    ASN1_TIME_free(begin);
    *ret_us = ((int64_t)days * 86400 + seconds) * 1000000;
    return good;
}

/* The chain is as good as its worst part. */
static bool take_times(struct hf_certificate *c)
{
    c->from_us = INT64_MIN;
    c->until_us = INT64_MAX;
    for (int i = -1; i < sk_X509_num(c->above); i++) {
        const X509 *one = i < 0 ? c->own : sk_X509_value(c->above, i);
        int64_t from_us = 0;
        int64_t until_us = 0;
        if (!time_of(X509_get0_notBefore(one), &from_us) ||
            !time_of(X509_get0_notAfter(one), &until_us)) {
            return false;
        }
        c->from_us = from_us > c->from_us ? from_us : c->from_us;
        c->until_us = until_us < c->until_us ? until_us : c->until_us;
    }
    return true;
}

/* The one of the chain that the key belongs to, from 1; 0: none. */
static int whose_key(const struct hf_certificate *c)
{
    int found = X509_check_private_key(c->own, c->key) == 1 ? 1 : 0;
    for (int i = 0; found == 0 && i < sk_X509_num(c->above); i++) {
        found = X509_check_private_key(sk_X509_value(c->above, i), c->key) == 1 ? i + 2 : 0;
    }
    ERR_clear_error();
    return found;
}

enum hf_rc hf_certificate_read(struct hf_bytes chain, const struct hf_secret *key,
                               struct hf_certificate **ret_certificate, struct hf_err *err)
{
    struct hf_certificate *c = hf_heap_zalloc(1, sizeof *c);
    if (c == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a TLS certificate");
    }
    enum hf_rc rc = read_chain(c, chain, err);
    if (rc == HF_OK) {
        rc = read_key(c, key, err);
    }
    if (rc == HF_OK && (!hf_certificate_pin_of(c->own, &c->pin) || !take_times(c))) {
        rc = hf_err_set(err, HF_EINVAL, "the TLS certificate is not a PEM certificate");
    }
    int whose = rc == HF_OK ? whose_key(c) : 1;
    if (whose == 0) {
        rc = hf_err_set(err, HF_EMISMATCH, "the TLS key is not the certificate's");
    } else if (whose > 1) {
        rc = hf_err_set(err, HF_EMISMATCH,
                        "the TLS key is that of certificate %d of the chain: put this one first, "
                        "and after each the one that signed it",
                        whose);
    }
    if (rc != HF_OK) {
        hf_certificate_free(c);
        return rc;
    }
    *ret_certificate = c;
    return HF_OK;
}

void hf_certificate_free(struct hf_certificate *certificate)
{
    if (certificate != NULL) {
        X509_free(certificate->own);
        sk_X509_pop_free(certificate->above, X509_free);
        EVP_PKEY_free(certificate->key); /* wiped by OpenSSL */
        hf_heap_free(certificate);
    }
}

/* looking */

bool hf_certificate_covers(const struct hf_certificate *certificate, const char *host)
{
    unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    return X509_check_host(certificate->own, host, /* chklen= */ 0, flags, NULL) == 1 ||
           X509_check_ip_asc(certificate->own, host, 0) == 1;
}

unsigned hf_certificate_count(const struct hf_certificate *certificate)
{
    return 1 + (unsigned)sk_X509_num(certificate->above);
}

int64_t hf_certificate_from_us(const struct hf_certificate *certificate)
{
    return certificate->from_us;
}

int64_t hf_certificate_until_us(const struct hf_certificate *certificate)
{
    return certificate->until_us;
}

void hf_certificate_pin(const struct hf_certificate *certificate, struct hf_hash *ret_pin)
{
    *ret_pin = certificate->pin;
}

static enum hf_rc check_order(const struct hf_certificate *c, struct hf_err *err)
{
    X509 *signed_one = c->own;
    for (int i = 0; i < sk_X509_num(c->above); i++) {
        X509 *signer = sk_X509_value(c->above, i);
        bool good = X509_check_issued(signer, signed_one) == X509_V_OK &&
                    X509_verify(signed_one, X509_get0_pubkey(signer)) == 1;
        ERR_clear_error();
        if (!good) {
            return hf_err_set(err, HF_EINVAL,
                              "certificate %d of the chain did not sign certificate %d: after each "
                              "comes the one that signed it, and none that does not belong to it",
                              i + 2, i + 1);
        }
        signed_one = signer;
    }
    return HF_OK;
}

enum hf_rc hf_certificate_check(const struct hf_certificate *certificate, const char *host,
                                struct hf_err *err)
{
    SSL_CTX *context = NULL;
    enum hf_rc rc = HF_OK;
    if (X509_check_ca(certificate->own) == 1) {
        rc = hf_err_set(err, HF_EINVAL,
                        "the first certificate is an authority's: the server's own comes first, "
                        "and after each the one that signed it");
    } else if (X509_check_purpose(certificate->own, X509_PURPOSE_SSL_SERVER, 0) != 1) {
        rc = hf_err_set(err, HF_EINVAL, "the certificate is not one for TLS servers");
    } else if (!hf_certificate_covers(certificate, host)) {
        rc = hf_err_set(err, HF_EINVAL,
                        "the certificate is not for %s: none of its names (subjectAltName) is "
                        "this one; have it made for it",
                        host);
    } else {
        rc = check_order(certificate, err);
    }
    if (rc == HF_OK) {
        context = SSL_CTX_new(TLS_server_method());
        rc = context == NULL ? hf_err_set(err, HF_ENOMEM, "no memory for TLS")
                             : hf_certificate_use_always(certificate, context, err);
    }
    SSL_CTX_free(context);
    ERR_clear_error();
    return rc;
}

/* using */

enum hf_rc hf_certificate_use_always(const struct hf_certificate *certificate, SSL_CTX *context,
                                     struct hf_err *err)
{
    if (SSL_CTX_use_cert_and_key(context, certificate->own, certificate->key, certificate->above,
                                 /* override= */ 1) == 1) {
        return HF_OK;
    }
    const char *why = ERR_reason_error_string(ERR_get_error());
    ERR_clear_error();
    return hf_err_set(err, HF_EINVAL, "OpenSSL does not take the certificate: %s",
                      why == NULL ? "no reason" : why);
}

bool hf_certificate_use_once(const struct hf_certificate *certificate, SSL *ssl)
{
    SSL_certs_clear(ssl); /* else one of another kind of key could be chosen beside it */
    bool good = SSL_use_cert_and_key(ssl, certificate->own, certificate->key, certificate->above,
                                     /* override= */ 1) == 1;
    ERR_clear_error();
    return good;
}
