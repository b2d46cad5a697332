/* tests/fuzz/tenant/fuzz_seal.c: what an agent is sent about a person is sealed, or not taken.
 *
 * Input: an event as JSON, as a program posts it. A real agent with a vault, of which what the
 * socket does before the log is called. Properties: what comes out is a valid submission of the
 * newest version, with the type, stream, producer and sequence that it had; a request for approval
 * has nothing personal in the clear and opens to exactly what was said; the same event gives the
 * same bytes; any other event stays as it is.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "log/event/codec.h"
#include "schemas/event.h"
#include "tests/sim/region/lone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1767225600000000)

static struct lone lone; /* too big for the stack */
static char dir[64];

static int remove_one(const char *path, const struct stat *what, int kind, struct FTW *at)
{
    (void)what;
    (void)kind;
    (void)at;
    return remove(path);
}

static void clean_up(void)
{
    lone_fini(&lone);
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_once(void)
{
    if (lone.agent != NULL) {
        return;
    }
    (void)snprintf(dir, sizeof dir, "/tmp/holdfast-fuzz-XXXXXX");
    HF_ASSERT(mkdtemp(dir) != NULL);
    lone_init(&lone, 1, dir);
    HF_ASSERT(lone_open(&lone) == HF_OK);
    hf_agent_vault_open(lone.agent);
    HF_ASSERT(lone.agent->vault.store != NULL);
    HF_ASSERT(atexit(clean_up) == 0);
}

static bool same_text(bool has_a, struct hf_str a, bool has_b, struct hf_str b)
{
    return has_a == has_b && (!has_a || hf_str_eq(a, b));
}

/* The sealed request opens to what the plain one says. */
static void check_request(const struct hf_envelope *plain, const struct hf_envelope *sealed)
{
    struct hf_event_approval_requested before;
    struct hf_event_approval_requested after;
    struct hf_subject_key key = {.key = {NULL, 0}};
    struct hf_subject subject;
    struct hf_personal opened;
    HF_ASSERT(hf_event_approval_requested_decode(plain->payload, &before, NULL) == HF_OK);
    HF_ASSERT(hf_event_approval_requested_decode(sealed->payload, &after, NULL) == HF_OK);
    HF_ASSERT(!after.has_summary && !after.has_requester && !after.has_arguments);
    HF_ASSERT(after.has_personal && hf_personal_subject(after.personal, &subject));
    HF_ASSERT(hf_vault_open_for(lone.agent->vault.store, &subject, &key, NULL) == HF_OK);
    const struct hf_personal_place place = {after.tenant, after.approval};
    HF_ASSERT(hf_personal_open(&key, &place, after.personal, &opened, NULL) == HF_OK);
    const struct hf_approval_personal *content = &opened.content;
    HF_ASSERT(same_text(before.has_summary, before.summary, true, content->summary));
    HF_ASSERT(same_text(before.has_requester, before.requester, content->has_requester,
                        content->requester));
    HF_ASSERT(before.has_arguments == content->has_arguments &&
              before.arguments_count == content->arguments_count);
    for (size_t i = 0; i < before.arguments_count; i++) {
        HF_ASSERT(hf_str_eq(before.arguments[i].name, content->arguments[i].name));
        HF_ASSERT(hf_str_eq(before.arguments[i].value, content->arguments[i].value));
    }
    HF_ASSERT(hf_str_eq(before.approval, after.approval) && hf_str_eq(before.tool, after.tool));
    HF_ASSERT(hf_bytes_eq(before.action, after.action) && before.expires == after.expires);
    hf_personal_free(&opened);
    hf_secret_free(&key.key);
}

static void check_sealed(struct hf_bytes plain, struct hf_bytes sealed)
{
    struct hf_envelope before;
    struct hf_envelope after;
    enum hf_event_known known = HF_KNOWN_UNKNOWN;
    HF_ASSERT(hf_envelope_parse_submission(plain, &before, NULL) == HF_OK);
    HF_ASSERT(hf_envelope_parse_submission(sealed, &after, NULL) == HF_OK);
    HF_ASSERT(hf_event_validate(after.type, after.schema_version, after.payload, &known, NULL) ==
              HF_OK);
    HF_ASSERT(known == HF_KNOWN_CURRENT);
    HF_ASSERT(hf_str_eq(before.type, after.type) && hf_str_eq(before.stream, after.stream));
    HF_ASSERT(hf_str_eq(before.producer, after.producer) && before.sequence == after.sequence);
    if (hf_str_eq(after.type, HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME))) {
        check_request(&before, &after);
    } else {
        HF_ASSERT(hf_bytes_eq(plain, sealed));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t plain[HF_SUBMISSION_MAX];
    static uint8_t sealed[2][HF_SUBMISSION_MAX];
    struct hf_json_doc *doc = NULL;
    struct hf_writer w = hf_writer_init(plain, sizeof plain);
    struct hf_err err = {0};
    open_once();
    enum hf_rc rc = hf_json_parse(hf_bytes_of(data, size), &doc, &err);
    rc = rc == HF_OK ? hf_event_from_json(hf_json_root(doc), NOW, &w, &err) : rc;
    hf_json_free(doc);
    if (rc != HF_OK) {
        return 0;
    }
    struct hf_writer out[2];
    for (size_t i = 0; i < HF_LEN(out) && rc == HF_OK; i++) {
        out[i] = hf_writer_init(sealed[i], sizeof sealed[i]);
        hf_writer_bytes(&out[i], hf_writer_done(&w));
        rc = hf_agent_personal_seal(lone.agent, &out[i], &err);
    }
    if (rc == HF_OK) {
        check_sealed(hf_writer_done(&w), hf_writer_done(&out[0]));
        HF_ASSERT(hf_bytes_eq(hf_writer_done(&out[0]), hf_writer_done(&out[1])));
    } else {
        HF_ASSERT(err.text[0] != '\0' && (rc == HF_EINVAL || rc == HF_EBUSY || rc == HF_ETOOBIG));
    }
    return 0;
}
