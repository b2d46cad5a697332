/* log/audit/beside.h: what a region's log says about a tenant outside of the tenant's two streams.
 *
 *   approval.routed, approval.decided   who answered which request, when and why
 *   directive.issued                    what the tenant was told: answers, policies
 *   artifact.added                      the policies that it was told to run, with their bytes
 *   principal.created, .revoked         who the people are that answered
 *
 * Private to this folder. One thread; pure but for the log.
 */
#ifndef HF_LOG_AUDIT_BESIDE_H
#define HF_LOG_AUDIT_BESIDE_H

#include "base/buf.h"
#include "log/core/reader.h"
#include "schemas/envelope.h"

enum hf_beside {
    HF_BESIDE_ROUTED,
    HF_BESIDE_DECIDED,
    HF_BESIDE_DIRECTIVE,
    HF_BESIDE_DIRECTIVE_ALL, /* to all tenants */
    HF_BESIDE_ARTIFACT,
    HF_BESIDE_PRINCIPAL,
    HF_BESIDE_REVOKED,
    HF_BESIDE_COUNT
};

/* What an entry is, by type and stream; HF_BESIDE_COUNT: none of these, or about another tenant. An
 * empty tenant fits none that names one. */
enum hf_beside hf_beside_of(const struct hf_envelope *envelope, struct hf_str tenant);
/* How these entries are found in a log; borrows static text, or name, which has HF_NAME_MAX bytes.
 */
struct hf_reader_options hf_beside_reader(enum hf_beside beside, struct hf_str tenant, char *name);

/* Whom and what the tenant's own entries name: only these are of its concern. */
struct hf_beside_wanted {
    struct hf_str tenant;
    struct hf_buf names;   /* of principals, each between newlines */
    struct hf_buf digests; /* of artifacts */
};

/* Reads decisions and directives of the tenant. */
enum hf_rc hf_beside_want(struct hf_log *log, struct hf_str tenant, struct hf_beside_wanted *ret,
                          struct hf_err *err);
void hf_beside_wanted_free(struct hf_beside_wanted *wanted);
bool hf_beside_fits(const struct hf_beside_wanted *wanted, enum hf_beside beside,
                    const struct hf_envelope *envelope);

/* Answers that the region gave the tenant, for who checks that each has somebody behind it. */
#define HF_BESIDE_ANSWERS 4096

struct hf_beside_answers {
    size_t count; /* ever; the newest HF_BESIDE_ANSWERS are kept */
    struct hf_str approval[HF_BESIDE_ANSWERS];
    struct hf_bytes request[HF_BESIDE_ANSWERS];
    uint8_t decision[HF_BESIDE_ANSWERS];
};

/* Keeps a decision. Borrows from the payload. */
enum hf_rc hf_beside_answer(struct hf_beside_answers *answers, const struct hf_envelope *decided,
                            struct hf_err *err);
/* A directive that tells an answer: has somebody decided so before? HF_ECORRUPT if not. */
enum hf_rc hf_beside_told(const struct hf_beside_answers *answers,
                          const struct hf_envelope *directive, struct hf_err *err);

#endif
