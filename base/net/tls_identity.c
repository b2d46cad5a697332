/* base/net/tls_identity.c: makes certificates that sign themselves. */
#include "base/net/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define TEN_YEARS (10L * 365 * 24 * 3600)

static enum hf_rc openssl_error(struct hf_err *err)
{
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    ERR_clear_error();
    return hf_err_set(err, HF_EINVAL, "cannot make a TLS identity: %s", text);
}

static bool add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    bool added = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static X509 *self_sign(EVP_PKEY *key, const char *name, int64_t now_us)
{
    char names[256];
    bool numeric = strspn(name, "0123456789.") == strlen(name) || strchr(name, ':') != NULL;
    X509 *certificate = X509_new();
    time_t now = (time_t)(now_us / 1000000);
    (void)snprintf(names, sizeof names, "%s:%.120s,DNS:localhost,IP:127.0.0.1",
                   numeric ? "IP" : "DNS", name);
    if (certificate == NULL) {
        return NULL;
    }
    X509_NAME *subject = X509_get_subject_name(certificate);
    const unsigned char *text = (const unsigned char *)name;
    bool done =
        X509_set_version(certificate, 2) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), (uint64_t)now_us) == 1 &&
        ASN1_TIME_adj(X509_getm_notBefore(certificate), now, 0, -3600) != NULL &&
        ASN1_TIME_adj(X509_getm_notAfter(certificate), now, 0, TEN_YEARS) != NULL &&
        X509_set_pubkey(certificate, key) == 1 &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, subject) == 1 &&
        add_extension(certificate, NID_subject_alt_name, names) &&
        add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
        X509_sign(certificate, key, EVP_sha256()) > 0;
    if (!done) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* Both as PEM out of memory buffers; the key's is wiped with the secret heap of its owner. */
static enum hf_rc write_pem(X509 *certificate, EVP_PKEY *key, struct hf_buf *ret_certificate,
                            struct hf_secret *ret_key, struct hf_err *err)
{
    BIO *public_text = BIO_new(BIO_s_mem());
    BIO *secret_text = BIO_new(BIO_s_secmem());
    char *ptr = NULL;
    enum hf_rc rc = HF_ENOMEM;
    if (public_text != NULL && secret_text != NULL &&
        PEM_write_bio_X509(public_text, certificate) == 1 &&
        PEM_write_bio_PrivateKey(secret_text, key, NULL, NULL, 0, NULL, NULL) == 1) {
        long len = BIO_get_mem_data(public_text, &ptr);
        hf_buf_put(ret_certificate, ptr, (size_t)len);
        len = BIO_get_mem_data(secret_text, &ptr);
        rc = hf_secret_copy(hf_bytes_of(ptr, (size_t)len), ret_key);
        hf_wipe(ptr, (size_t)len);
    }
    BIO_free(public_text);
    BIO_free(secret_text);
    if (rc == HF_OK && ret_certificate->failed != HF_OK) {
        rc = ret_certificate->failed;
    }
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "no memory for a TLS identity");
}

enum hf_rc hf_tls_identity_make(const char *name, int64_t now_us, struct hf_buf *ret_certificate,
                                struct hf_secret *ret_key, struct hf_err *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key == NULL ? NULL : self_sign(key, name, now_us);
    enum hf_rc rc = certificate == NULL
                        ? openssl_error(err)
                        : write_pem(certificate, key, ret_certificate, ret_key, err);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return rc;
}
