/* hub/erasure_api.c: the certificate of an erasure: what the region's log has about one subject. */
#include "base/heap.h"
#include "hub/call.h"
#include "log/audit/erasure.h"

/* Keeps the list ascending. */
static void insert(uint64_t *entries, size_t *io_count, uint64_t entry)
{
    size_t at = (*io_count)++;
    for (; at > 0 && entries[at - 1] > entry; at--) {
        entries[at] = entries[at - 1];
    }
    entries[at] = entry;
}

/* What the log has about it, at most HF_HUB_SUBJECT_REQUESTS and five. */
static size_t gather(const struct hf_hub_subject *s, uint64_t *entries)
{
    const struct hf_subject_life *life = &s->life;
    size_t count = 0;
    const uint64_t *routed = hf_hub_subject_routed(s, &count);
    if (count > 0) {
        memcpy(entries, routed, count * sizeof *entries);
    }
    insert(entries, &count, life->kept_index);
    insert(entries, &count, life->erased_index);
    if (s->directive != 0 && (life->confirmed_us == 0 || life->confirmed_by == s->directive)) {
        insert(entries, &count, s->directive_index);
    }
    if (life->confirmed_us != 0) {
        insert(entries, &count, life->confirmed_segment);
        insert(entries, &count, life->confirmed_index);
    }
    return count;
}

static enum hf_rc write_certificate(struct hf_hub *hub, const struct hf_hub_subject *s,
                                    struct hf_buf *out, struct hf_err *err)
{
    uint64_t *entries = hf_heap_zalloc(HF_HUB_SUBJECT_REQUESTS + 5, sizeof *entries);
    struct hf_erasure_of of = {.entries = entries};
    if (entries == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a certificate");
    }
    of.count = gather(s, entries);
    enum hf_rc rc = hf_hub_checkpoint(hub, &of.note, &of.size, err);
    if (rc == HF_OK) {
        rc = hf_erasure_write(hub->log.log, &of, out, err);
    }
    hf_heap_free(entries);
    return rc;
}

void hf_serve_subject_erasure(struct hf_hub_call *call)
{
    struct hf_err err = {0};
    struct hf_buf out = hf_buf_init(HF_ERASURE_MAX);
    const struct hf_hub_subject *s = hf_call_subject(call);
    if (s == NULL) {
        return;
    }
    if (s->life.state != HF_SUBJECT_ERASED) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "This subject is not erased.");
    } else if (write_certificate(call->hub, s, &out, &err) == HF_OK) {
        hf_http_answer(call->exchange, 200, "application/octet-stream", hf_buf_bytes(&out));
    } else {
        hf_call_refuse(call, &err);
    }
    hf_buf_free(&out);
}
