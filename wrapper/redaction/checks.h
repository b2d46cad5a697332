/* wrapper/redaction/checks.h: what makes a match sure: checksums, and what decoding shows.
 *
 * A check runs after its pattern matched, on the same bytes, and may take more of them (the body
 * of a private key, a checksum after a point). Like a pattern it can be continued. Pure; any
 * thread.
 */
#ifndef HF_WRAPPER_REDACTION_CHECKS_H
#define HF_WRAPPER_REDACTION_CHECKS_H

#include "wrapper/redaction/pattern.h"

enum hf_check {
    HF_TOKEN_NOTHING,
    HF_TOKEN_GITHUB,    /* 30 characters, then their CRC-32 in base 62 */
    HF_TOKEN_GITLAB,    /* routable: CRC-32 in base 36 over all before it; else only its length */
    HF_TOKEN_AWS,       /* base32 of an account number */
    HF_TOKEN_OPENAI,    /* "OpenAI" in base64 within */
    HF_TOKEN_ANTHROPIC, /* ends with AA */
    HF_TOKEN_BECH32,    /* age: BIP 173 */
    HF_TOKEN_DISCORD,   /* the first part is a number in base64url */
    HF_TOKEN_JWT,       /* the first part is JSON with "alg" */
    HF_TOKEN_PEM,       /* a private key, to its END or as far as it looks like one */
    HF_TOKEN_PEM64,     /* the same in base64 */
    HF_TOKEN_MIXED      /* has letters of both cases and digits */
};

/* How long the two of PEM may be; the longest of all matches. */
#define HF_TOKEN_PEM_MAX 60000

/* bytes begin where the match does, io_run is as the pattern left it, or as the last call did.
 * HF_MATCH_YES: io_run->at long. */
enum hf_match hf_check_run(enum hf_check check, struct hf_bytes bytes, bool final,
                           struct hf_run *io_run);

uint32_t hf_check_crc32(struct hf_bytes bytes);
/* The last `width` digits of value in base 36 or 62, digits first; 62 has capitals next. */
void hf_check_digits(uint32_t value, unsigned base, size_t width, uint8_t *out);
/* Writes the six characters that age ends with; bytes are all of the key's, 74. */
void hf_check_bech32_mend(uint8_t *bytes, size_t len);

#endif
