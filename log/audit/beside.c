/* log/audit/beside.c: which entries they are, and whether an answer has somebody behind it. */
#include "log/audit/beside.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "log/core/codec.h"
#include "schemas/events_gen.h"

static const struct {
    const char *type;
    const char *stream; /* what it begins with; the tenant follows where `tenants` */
    bool tenants;
    bool more;      /* something stands behind the tenant */
    bool by_stream; /* how it is found; else by its type */
} kinds[HF_BESIDE_COUNT] = {
    [HF_BESIDE_ROUTED] = {"approval.routed", "approval-decision/", true, true, false},
    [HF_BESIDE_DECIDED] = {"approval.decided", "approval-decision/", true, true, false},
    [HF_BESIDE_DIRECTIVE] = {"directive.issued", "directive/", true, false, true},
    [HF_BESIDE_DIRECTIVE_ALL] = {"directive.issued", "directive/*", false, false, true},
    [HF_BESIDE_ARTIFACT] = {"artifact.added", "artifact/", false, true, false},
    [HF_BESIDE_PRINCIPAL] = {"principal.created", "principal/", false, true, false},
    [HF_BESIDE_REVOKED] = {"principal.revoked", "principal/", false, true, false},
};

enum hf_beside hf_beside_of(const struct hf_envelope *envelope, struct hf_str tenant)
{
    for (int i = 0; i < HF_BESIDE_COUNT; i++) {
        struct hf_str rest = envelope->stream;
        size_t skip = strlen(kinds[i].stream);
        if (!hf_str_eq(envelope->type, hf_str_c(kinds[i].type)) ||
            !hf_str_starts(rest, hf_str_c(kinds[i].stream))) {
            continue;
        }
        rest = (struct hf_str){rest.ptr + skip, rest.len - skip};
        if (kinds[i].tenants) {
            if (tenant.len == 0 || !hf_str_starts(rest, tenant)) {
                continue;
            }
            rest = (struct hf_str){rest.ptr + tenant.len, rest.len - tenant.len};
        }
        bool slash = !kinds[i].tenants || (rest.len > 0 && rest.ptr[0] == '/');
        if (kinds[i].more ? rest.len > 0 && slash : rest.len == 0) {
            return (enum hf_beside)i;
        }
    }
    return HF_BESIDE_COUNT;
}

struct hf_reader_options hf_beside_reader(enum hf_beside beside, struct hf_str tenant, char *name)
{
    struct hf_reader_options options = {.kind = HF_HEAD_TYPE, .name = hf_str_c(kinds[beside].type)};
    if (kinds[beside].by_stream) {
        (void)snprintf(name, HF_NAME_MAX, "%s%.*s", kinds[beside].stream,
                       kinds[beside].tenants ? (int)tenant.len : 0, tenant.ptr);
        options.kind = HF_HEAD_STREAM;
        options.name = hf_str_c(name);
    }
    return options;
}

/* what the tenant's entries name */

static void want_name(struct hf_beside_wanted *wanted, struct hf_str name)
{
    hf_buf_str(&wanted->names, HF_STR("\n"));
    hf_buf_str(&wanted->names, name);
    hf_buf_str(&wanted->names, HF_STR("\n"));
}

static bool has_name(const struct hf_beside_wanted *wanted, struct hf_str name)
{
    const uint8_t *at = wanted->names.ptr;
    size_t left = wanted->names.len;
    while (name.len > 0 && left > name.len + 1) {
        const uint8_t *found = memmem(at, left, name.ptr, name.len);
        if (found == NULL) {
            return false;
        }
        size_t skip = (size_t)(found - at) + name.len;
        if (found > wanted->names.ptr && found[-1] == '\n' && skip < left && at[skip] == '\n') {
            return true;
        }
        at += skip;
        left -= skip;
    }
    return false;
}

static bool has_digest(const struct hf_beside_wanted *wanted, struct hf_bytes digest)
{
    for (size_t i = 0; i + HF_HASH_SIZE <= wanted->digests.len; i += HF_HASH_SIZE) {
        if (digest.len == HF_HASH_SIZE &&
            memcmp(wanted->digests.ptr + i, digest.ptr, HF_HASH_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static enum hf_rc want_of(struct hf_beside_wanted *wanted, enum hf_beside beside,
                          const struct hf_envelope *envelope, struct hf_err *err)
{
    if (beside == HF_BESIDE_DECIDED) {
        struct hf_event_approval_decided event;
        enum hf_rc rc = hf_event_approval_decided_decode(envelope->payload, &event, err);
        if (rc == HF_OK && event.has_approver && !has_name(wanted, event.approver)) {
            want_name(wanted, event.approver);
        }
        return rc;
    }
    struct hf_event_directive_issued event;
    enum hf_rc rc = hf_event_directive_issued_decode(envelope->payload, &event, err);
    if (rc == HF_OK && event.has_artifact && !has_digest(wanted, event.artifact)) {
        hf_buf_put(&wanted->digests, event.artifact.ptr, event.artifact.len);
    }
    return rc;
}

static enum hf_rc want_all_of(struct hf_log *log, enum hf_beside beside,
                              struct hf_beside_wanted *wanted, struct hf_err *err)
{
    char name[HF_NAME_MAX];
    struct hf_reader_options options = hf_beside_reader(beside, wanted->tenant, name);
    struct hf_reader *reader = NULL;
    struct hf_bytes entry;
    uint64_t index;
    enum hf_rc rc = hf_reader_open(log, &options, &reader, err);
    while (rc == HF_OK && (rc = hf_reader_next(reader, &index, &entry, err)) == HF_OK) {
        struct hf_envelope envelope;
        rc = hf_envelope_read_leaf(entry, &envelope, err);
        if (rc == HF_OK && hf_beside_of(&envelope, wanted->tenant) == beside) {
            rc = want_of(wanted, beside, &envelope, err);
        }
    }
    hf_reader_close(reader);
    return rc == HF_EEND ? HF_OK : rc;
}

enum hf_rc hf_beside_want(struct hf_log *log, struct hf_str tenant, struct hf_beside_wanted *ret,
                          struct hf_err *err)
{
    static const enum hf_beside named[] = {HF_BESIDE_DECIDED, HF_BESIDE_DIRECTIVE,
                                           HF_BESIDE_DIRECTIVE_ALL};

    *ret = (struct hf_beside_wanted){
        .tenant = tenant, .names = hf_buf_init(1u << 24), .digests = hf_buf_init(1u << 20)};
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; i < HF_LEN(named) && rc == HF_OK; i++) {
        rc = want_all_of(log, named[i], ret, err);
    }
    return rc == HF_OK && (ret->names.failed != HF_OK || ret->digests.failed != HF_OK)
               ? hf_err_set(err, HF_ENOMEM, "no memory for the bundle")
               : rc;
}

void hf_beside_wanted_free(struct hf_beside_wanted *wanted)
{
    hf_buf_free(&wanted->names);
    hf_buf_free(&wanted->digests);
}

bool hf_beside_fits(const struct hf_beside_wanted *wanted, enum hf_beside beside,
                    const struct hf_envelope *envelope)
{
    static const size_t skip = sizeof "principal/" - 1;
    if (hf_beside_of(envelope, wanted->tenant) != beside) {
        return false;
    }
    if (beside == HF_BESIDE_ARTIFACT) {
        return has_digest(wanted, envelope->blob);
    }
    return (beside != HF_BESIDE_PRINCIPAL && beside != HF_BESIDE_REVOKED) ||
           has_name(wanted,
                    (struct hf_str){envelope->stream.ptr + skip, envelope->stream.len - skip});
}

/* answers */

enum hf_rc hf_beside_answer(struct hf_beside_answers *answers, const struct hf_envelope *decided,
                            struct hf_err *err)
{
    struct hf_event_approval_decided event;
    enum hf_rc rc = hf_event_approval_decided_decode(decided->payload, &event, err);
    if (rc == HF_OK) {
        size_t at = answers->count++ % HF_BESIDE_ANSWERS;
        answers->approval[at] = event.approval;
        answers->request[at] = event.request;
        answers->decision[at] = (uint8_t)event.decision;
    }
    return rc;
}

static bool says(const struct hf_beside_answers *answers, size_t at, struct hf_str parameters)
{
    char text[512];
    char request[2 * HF_HASH_SIZE + 1] = "";
    if (answers->request[at].len != HF_HASH_SIZE) {
        return false;
    }
    hf_hex_encode(answers->request[at], request);
    request[2 * HF_HASH_SIZE] = '\0';
    struct hf_str decision = hf_event_approval_decided_decision_name(
        (enum hf_event_approval_decided_decision)answers->decision[at]);
    int len = snprintf(text, sizeof text, "approval=%.*s,request=%s,decision=%.*s",
                       HF_STR_ARG(answers->approval[at]), request, HF_STR_ARG(decision));
    return len > 0 && (size_t)len < sizeof text &&
           hf_str_eq(parameters, (struct hf_str){text, (size_t)len});
}

enum hf_rc hf_beside_told(const struct hf_beside_answers *answers,
                          const struct hf_envelope *directive, struct hf_err *err)
{
    struct hf_event_directive_issued event;
    enum hf_rc rc = hf_event_directive_issued_decode(directive->payload, &event, err);
    if (rc != HF_OK || !hf_str_eq(event.kind, HF_STR("decide"))) {
        return rc;
    }
    size_t kept = answers->count < HF_BESIDE_ANSWERS ? answers->count : HF_BESIDE_ANSWERS;
    for (size_t i = 0; i < kept; i++) {
        if (says(answers, (answers->count - 1 - i) % HF_BESIDE_ANSWERS, event.parameters)) {
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_ECORRUPT, "it tells an answer that nobody gave");
}
