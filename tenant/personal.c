/* tenant/personal.c: seals requests for approval, and opens them for whoever is shown them. */
#include "tenant/personal.h"

#include <unistd.h>

#include "base/assert.h"
#include "base/base64.h"
#include "base/heap.h"
#include "schemas/events_gen.h"
#include "tenant/agent.h"

/* What a submission is sealed with, too big for the stack. */
struct sealing {
    struct hf_envelope envelope;
    struct hf_event_approval_requested request;
    struct hf_event_approval_requested standing; /* what the log has under its number */
    struct hf_approval_personal content;
    struct hf_subject_key key;
    uint8_t personal[HF_PERSONAL_MAX];
    uint8_t payload[HF_SUBMISSION_MAX];
    uint8_t submission[HF_SUBMISSION_MAX];
};

static enum hf_rc vault_of(struct hf_agent *agent, struct hf_vault **ret_vault, struct hf_err *err)
{
    *ret_vault = agent->vault.store;
    if (*ret_vault != NULL) {
        return HF_OK;
    }
    return hf_err_set(err, HF_ENOSYS,
                      "the vault is not open, and without it nothing about a person is written%s%s",
                      agent->vault.trouble.text[0] == '\0' ? "" : ": ", agent->vault.trouble.text);
}

/* What only the vault's state, or the disk's, is to blame for is over one day. */
static enum hf_rc of_vault(enum hf_rc rc, struct hf_err *err)
{
    return rc == HF_OK || rc == HF_ENOMEM || rc == HF_ENOSPC || rc == HF_EBUSY || rc == HF_EINVAL
               ? rc
               : hf_err_wrap(err, HF_EUNKNOWN, "the vault");
}

/* sealing */

static struct hf_str name_of(const struct hf_event_approval_requested *request, struct hf_writer *w)
{
    if (request->has_requester) {
        return request->requester;
    }
    hf_writer_str(w, request->has_session ? HF_STR("session:") : HF_STR("approval:"));
    hf_writer_str(w, request->has_session ? request->session : request->approval);
    HF_ASSERT(!w->overflow);
    return hf_bytes_str(hf_writer_done(w));
}

static void take_content(struct hf_event_approval_requested *request,
                         struct hf_approval_personal *ret)
{
    *ret = (struct hf_approval_personal){.summary = request->summary,
                                         .has_requester = request->has_requester,
                                         .requester = request->requester,
                                         .has_arguments = request->has_arguments,
                                         .arguments_count = request->arguments_count};
    for (size_t i = 0; i < request->arguments_count; i++) {
        ret->arguments[i].name = request->arguments[i].name;
        ret->arguments[i].value = request->arguments[i].value;
    }
    request->has_summary = false;
    request->has_requester = false;
    request->has_arguments = false;
}

/* Seals what is said about the person under the key, and takes the key. */
static enum hf_rc seal_content(struct sealing *s, struct hf_err *err)
{
    struct hf_writer sealed = hf_writer_init(s->personal, sizeof s->personal);
    const struct hf_personal_place place = {s->request.tenant, s->request.approval};
    take_content(&s->request, &s->content);
    enum hf_rc rc = hf_personal_seal(&s->key, &place, &s->content, &sealed, err);
    HF_ASSERT(!sealed.overflow);
    hf_secret_free(&s->key.key);
    s->request.has_personal = true;
    s->request.personal = hf_writer_done(&sealed);
    return rc;
}

static enum hf_rc seal_new(struct hf_agent *agent, struct sealing *s, struct hf_err *err)
{
    bool made = false;
    char name[HF_VAULT_SUBJECT_NAME_MAX];
    struct hf_writer w = hf_writer_init(name, sizeof name);
    struct hf_vault *vault = NULL;
    enum hf_rc rc = vault_of(agent, &vault, err);
    if (rc == HF_OK) {
        rc = hf_vault_seal_for(vault, name_of(&s->request, &w), (uint32_t)geteuid(), &s->key, &made,
                               err);
        rc = of_vault(rc, err);
    }
    if (rc == HF_OK && made) {
        hf_agent_vault_tell(agent);
        hf_agent_subjects_poke(agent, &s->key.subject);
    }
    return rc == HF_OK ? seal_content(s, err) : rc;
}

/* What stands in the log was sealed under one key for ever, also when the next event about the same
 * person is sealed under another. When nobody has it any more, the sealed bytes can be compared
 * with nothing: they are taken as they stand, and the log compares all else. No key is made. */
static enum hf_rc seal_again(struct hf_agent *agent, struct sealing *s, struct hf_bytes entry,
                             struct hf_err *err)
{
    struct hf_envelope envelope;
    struct hf_subject subject;
    struct hf_vault *vault = NULL;
    enum hf_rc rc = hf_envelope_read_leaf(entry, &envelope, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (!hf_str_eq(envelope.type, s->envelope.type) ||
        hf_event_approval_requested_decode(envelope.payload, &s->standing, err) != HF_OK ||
        !s->standing.has_personal || !hf_personal_subject(s->standing.personal, &subject)) {
        return hf_err_set(err, HF_EFORK, "producer %.*s used sequence %llu for other content",
                          HF_STR_ARG(s->envelope.producer),
                          (unsigned long long)s->envelope.sequence);
    }
    rc = vault_of(agent, &vault, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vault_open_for(vault, &subject, &s->key, err);
    if (rc == HF_ESTALE || rc == HF_ENOTFOUND) {
        take_content(&s->request, &s->content);
        s->request.has_personal = true;
        s->request.personal = s->standing.personal;
        return HF_OK;
    }
    return rc == HF_OK ? seal_content(s, err) : of_vault(rc, err);
}

/* The payload is another one, and so is the submission around it. */
static enum hf_rc write_again(struct sealing *s, struct hf_writer *io_submission,
                              struct hf_err *err)
{
    struct hf_writer payload = hf_writer_init(s->payload, sizeof s->payload);
    struct hf_writer whole = hf_writer_init(s->submission, sizeof s->submission);
    enum hf_rc rc = hf_event_approval_requested_check(&s->request, err);
    if (rc != HF_OK) {
        return rc;
    }
    hf_event_approval_requested_encode(&s->request, &payload);
    s->envelope.payload = hf_writer_done(&payload);
    rc = payload.overflow ? hf_err_set(err, HF_ETOOBIG, "the event is too big")
                          : hf_envelope_write_submission(&s->envelope, &whole, err);
    if (rc == HF_OK) { /* what the request borrowed from lies in there: it is over now */
        io_submission->len = 0;
        hf_writer_bytes(io_submission, hf_writer_done(&whole));
    }
    return rc;
}

static enum hf_rc seal(struct hf_agent *agent, struct sealing *s, struct hf_writer *io_submission,
                       struct hf_err *err)
{
    struct hf_bytes entry = {NULL, 0};
    enum hf_rc rc = hf_event_approval_requested_decode(s->envelope.payload, &s->request, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (s->request.has_personal) {
        return hf_err_set(err, HF_EINVAL,
                          "personal: the agent seals it itself; send summary, requester and "
                          "arguments as they are");
    }
    if (!s->request.has_summary) {
        return hf_err_set(err, HF_EINVAL, "summary: is missing");
    }
    rc = hf_log_writer_find(agent->log.writer, s->envelope.producer, s->envelope.sequence, &entry,
                            err);
    rc = rc == HF_OK          ? seal_again(agent, s, entry, err)
         : rc == HF_ENOTFOUND ? seal_new(agent, s, err)
                              : rc;
    return rc == HF_OK ? write_again(s, io_submission, err) : rc;
}

enum hf_rc hf_agent_personal_seal(struct hf_agent *agent, struct hf_writer *io_submission,
                                  struct hf_err *err)
{
    struct hf_envelope envelope;
    enum hf_rc rc = hf_envelope_read_submission(hf_writer_done(io_submission), &envelope, err);
    if (rc != HF_OK || !hf_str_eq(envelope.type, HF_STR(HF_EVENT_APPROVAL_REQUESTED_NAME))) {
        return rc;
    }
    struct sealing *s = hf_heap_zalloc(1, sizeof *s);
    if (s == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to seal the request");
    }
    s->envelope = envelope;
    rc = seal(agent, s, io_submission, err);
    hf_heap_free(s);
    return rc;
}

/* opening */

static enum hf_rc open_sealed(struct hf_agent *agent, struct hf_str approval, struct hf_bytes bytes,
                              struct hf_personal *ret)
{
    struct hf_subject subject;
    struct hf_subject_key key = {.key = {NULL, 0}};
    const struct hf_personal_place place = {hf_str_c(agent->region.tenant), approval};
    if (agent->vault.store == NULL || !hf_personal_subject(bytes, &subject)) {
        return HF_ENOTFOUND;
    }
    enum hf_rc rc = hf_vault_open_for(agent->vault.store, &subject, &key, /* err= */ NULL);
    if (rc == HF_OK) {
        rc = hf_personal_open(&key, &place, bytes, ret, /* err= */ NULL);
    }
    hf_secret_free(&key.key);
    return rc;
}

void hf_agent_personal_show(void *agent, struct hf_str approval, struct hf_str clear,
                            struct hf_str sealed, struct hf_json_out *json)
{
    uint8_t bytes[HF_PERSONAL_MAX];
    size_t len = 0;
    struct hf_personal opened = {.plain = {NULL, 0}};
    struct hf_str summary = clear;
    struct hf_str how = HF_STR("clear");
    if (sealed.len > 0) {
        enum hf_rc rc = hf_base64_decode(sealed, bytes, sizeof bytes, &len);
        rc = rc == HF_OK ? open_sealed(agent, approval, hf_bytes_of(bytes, len), &opened) : rc;
        how = rc == HF_OK ? HF_STR("open") : rc == HF_ESTALE ? HF_STR("erased") : HF_STR("locked");
        summary = rc == HF_OK ? opened.content.summary : how;
    }
    hf_json_key_str(json, "summary", summary);
    hf_json_key_str(json, "personal", how);
    hf_personal_free(&opened);
}

/* erasing */

enum hf_rc hf_agent_personal_erase(struct hf_agent *agent, const struct hf_subject *subject,
                                   struct hf_err *err)
{
    struct hf_vault *vault = NULL;
    enum hf_rc rc = vault_of(agent, &vault, err);
    if (rc == HF_OK) {
        rc = of_vault(hf_vault_erase_subject(vault, subject, (uint32_t)geteuid(), err), err);
    }
    if (rc == HF_OK) {
        hf_agent_vault_tell(agent);
    }
    return rc;
}
