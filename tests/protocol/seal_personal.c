/* tests/protocol/seal_personal.c: seals what a request for approval says, for tests in Python.
 *
 *   seal_personal          reads lines: key and subject in hexadecimal, tenant, approval, summary,
 *                          requester (may be empty), a command (the one argument); prints the
 *                          sealed bytes in hexadecimal
 */
#include <stdio.h>

#include "base/hex.h"
#include "schemas/personal.h"

enum line {
    KEY,
    SUBJECT,
    TENANT,
    APPROVAL,
    SUMMARY,
    REQUESTER,
    COMMAND,
    LINES
};

#define LINE_ROOM 512

static enum hf_rc seal(char text[LINES][LINE_ROOM], struct hf_writer *w)
{
    struct hf_subject_key key = {.key = {0}};
    uint8_t bytes[HF_SEAL_KEY_SIZE];
    size_t len = 0;
    enum hf_rc rc = hf_hex_decode(hf_str_c(text[KEY]), bytes, sizeof bytes, &len, NULL);
    if (rc != HF_OK || len != sizeof bytes ||
        !hf_subject_parse(hf_str_c(text[SUBJECT]), &key.subject)) {
        return HF_EINVAL;
    }
    rc = hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &key.key);
    if (rc == HF_OK) {
        const struct hf_personal_place place = {hf_str_c(text[TENANT]), hf_str_c(text[APPROVAL])};
        const struct hf_approval_personal content = {
            .summary = hf_str_c(text[SUMMARY]),
            .has_requester = text[REQUESTER][0] != '\0',
            .requester = hf_str_c(text[REQUESTER]),
            .has_arguments = true,
            .arguments = {{.name = HF_STR("command"), .value = hf_str_c(text[COMMAND])}},
            .arguments_count = 1};
        rc = hf_personal_seal(&key, &place, &content, w, NULL);
    }
    hf_secret_free(&key.key);
    return rc;
}

int main(void)
{
    char text[LINES][LINE_ROOM];
    uint8_t sealed[HF_PERSONAL_MAX];
    struct hf_writer w = hf_writer_init(sealed, sizeof sealed);
    for (int i = 0; i < LINES; i++) {
        if (fgets(text[i], sizeof text[i], stdin) == NULL) {
            return 1;
        }
        text[i][strcspn(text[i], "\n")] = '\0';
    }
    if (hf_crypto_init(NULL) != HF_OK || seal(text, &w) != HF_OK || w.overflow) {
        return 1;
    }
    for (size_t i = 0; i < w.len; i++) {
        (void)printf("%02x", (unsigned)sealed[i]);
    }
    (void)printf("\n");
    return 0;
}
