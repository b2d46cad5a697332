/* tests/unit/redaction/redact_lines.c: a redactor as a filter, for test_golden.py.
 *
 * Lines of input: first "KIND=HEX" for each registered secret, then texts in hexadecimal. Each text
 * goes through byte by byte, and what became of it comes out as a line. The key of placeholders is
 * "0123456789abcdef" twice.
 */
#include <stdio.h>

#include "base/assert.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "tests/unit/redaction/compose.h"

#define SECRETS_MAX 64
#define TEXT_MAX    65536

struct filter {
    struct hf_redaction_secret secrets[SECRETS_MAX];
    struct hf_secret values[SECRETS_MAX];
    char kinds[SECRETS_MAX][HF_REDACTION_KIND_MAX + 1];
    size_t count;
    struct hf_redactor *redactor;
};

static struct hf_secret decode(struct hf_str hex)
{
    static uint8_t bytes[TEXT_MAX];
    struct hf_secret secret = {0};
    size_t len = 0;
    HF_ASSERT(hf_hex_decode(hex, bytes, sizeof bytes, &len, NULL) == HF_OK);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(bytes, len), &secret) == HF_OK);
    return secret;
}

static void take_secret(struct filter *f, const char *line, const char *hex)
{
    size_t i = f->count++, len = (size_t)(hex - line);
    HF_ASSERT(i < SECRETS_MAX && len <= HF_REDACTION_KIND_MAX && f->redactor == NULL);
    memcpy(f->kinds[i], line, len);
    f->values[i] = decode(hf_str_c(hex + 1));
    struct hf_str kind = {f->kinds[i], len};
    f->secrets[i] = (struct hf_redaction_secret){kind, kind, &f->values[i]};
}

static void compile(struct filter *f)
{
    struct hf_secret key;
    struct hf_err err = {0};
    HF_ASSERT(hf_secret_copy(HF_BYTES("0123456789abcdef0123456789abcdef"), &key) == HF_OK);
    struct hf_redactor_config config = {&key, f->secrets, f->count, false};
    if (hf_redactor_new(&config, &f->redactor, &err) != HF_OK ||
        hf_redaction_self_test(f->redactor, &err) != HF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        HF_UNREACHABLE("the secrets are good ones");
    }
    for (size_t i = 0; i < f->count; i++) {
        hf_secret_free(&f->values[i]);
    }
    hf_secret_free(&key);
}

static void pass(struct filter *f, const char *line)
{
    static char hex[2 * TEXT_MAX + 1];
    struct hf_buf out = hf_buf_init(TEXT_MAX);
    struct hf_err err;
    struct hf_secret text = decode(hf_str_c(line));
    HF_ASSERT(compose_redact(f->redactor, hf_secret_reveal(&text), 1, NULL, &out, NULL, &err) ==
              HF_OK);
    hf_hex_encode(hf_buf_bytes(&out), hex);
    printf("%s\n", hex);
    hf_secret_free(&text);
    hf_buf_free(&out);
}

int main(void)
{
    static struct filter f;
    static char line[2 * TEXT_MAX + 32];
    struct hf_err err;
    HF_ASSERT(hf_crypto_init(&err) == HF_OK && hf_redaction_init(&err) == HF_OK);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        const char *hex = strchr(line, '=');
        if (hex != NULL) {
            take_secret(&f, line, hex);
            continue;
        }
        if (f.redactor == NULL) {
            compile(&f);
        }
        pass(&f, line);
    }
    hf_redactor_free(f.redactor);
    return 0;
}
