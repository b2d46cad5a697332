/* tests/bench/load/pin.c: a certificate's public key, hashed. */
#include "tests/bench/load/pin.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tests/bench/load/must.h"

void load_pin(const char *path, struct hf_hash *ret_pin)
{
    BIO *file = BIO_new_file(path, "r");
    X509 *certificate = file == NULL ? NULL : PEM_read_bio_X509(file, NULL, NULL, NULL);
    unsigned char *der = NULL;
    must(certificate != NULL ? HF_OK : HF_ENOTFOUND, NULL, path);
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    must(len > 0 ? HF_OK : HF_ENOMEM, NULL, path);
    hf_sha256(hf_bytes_of(der, (size_t)len), ret_pin);
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(file);
}
