/* tenant/feed_answer.c: takes an answer of the feed apart and checks every part. */
#include "tenant/feed_answer.h"

#include "base/base64.h"
#include "base/heap.h"
#include "base/json_in.h"
#include "log/tlog/proof_file.h"
#include "schemas/envelope.h"

#define ENTRY_MAX 4096
#define PROOF_MAX 8192

static enum hf_rc malformed(struct hf_err *err, const char *what)
{
    return hf_err_set(err, HF_EINVAL, "the feed's answer: %s is missing or wrong", what);
}

/* the checkpoint */

static enum hf_rc take_consistency(const struct hf_json *root, struct hf_proof *ret,
                                   struct hf_err *err)
{
    const struct hf_json *list = hf_json_get_kind(root, "consistency", HF_JSON_ARRAY);
    if (list == NULL || hf_json_count(list) > HF_PROOF_MAX) {
        return malformed(err, "consistency");
    }
    ret->count = 0;
    for (size_t i = 0; i < hf_json_count(list); i++) {
        const struct hf_json *hash = hf_json_at(list, i);
        size_t len = 0;
        if (hf_json_kind(hash) != HF_JSON_STR ||
            hf_base64_decode(hf_json_as_str(hash), ret->hash[i].b, HF_HASH_SIZE, &len) != HF_OK ||
            len != HF_HASH_SIZE) {
            return malformed(err, "consistency");
        }
        ret->count++;
    }
    return HF_OK;
}

static enum hf_rc check_history(const struct hf_feed_known *known,
                                const struct hf_feed_answer *answer, const struct hf_proof *proof,
                                struct hf_err *err)
{
    if (known->size == 0) {
        return HF_OK;
    }
    if (answer->size < known->size) {
        return hf_err_set(err, HF_EFORK,
                          "the region's log has %llu entries now, it had %llu: it was put back in "
                          "time",
                          (unsigned long long)answer->size, (unsigned long long)known->size);
    }
    bool same = answer->size == known->size;
    enum hf_rc rc = same ? HF_OK
                         : hf_verify_consistency(known->size, &known->root, answer->size,
                                                 &answer->root, proof->hash, proof->count);
    if (rc != HF_OK || (same && !hf_hash_eq(&known->root, &answer->root))) {
        return hf_err_set(err, HF_EFORK,
                          "the region's log of %llu entries does not continue the one of %llu that "
                          "is known here: it shows two histories",
                          (unsigned long long)answer->size, (unsigned long long)known->size);
    }
    return HF_OK;
}

static enum hf_rc take_checkpoint(const struct hf_json *root, const struct hf_feed_known *known,
                                  struct hf_feed_answer *ret, struct hf_err *err)
{
    const struct hf_json *text = hf_json_get_kind(root, "checkpoint", HF_JSON_STR);
    struct hf_checkpoint checkpoint = {.size = 0};
    struct hf_proof proof = {.count = 0};
    if (text == NULL || hf_json_as_str(text).len > HF_FEED_NOTE_MAX) {
        return malformed(err, "checkpoint");
    }
    enum hf_rc rc = take_consistency(root, &proof, err);
    struct hf_note *note = rc == HF_OK ? hf_heap_alloc(sizeof *note) : NULL;
    if (rc != HF_OK || note == NULL) {
        return rc != HF_OK ? rc : hf_err_set(err, HF_ENOMEM, "no memory for a checkpoint");
    }
    struct hf_bytes bytes = hf_str_bytes(hf_json_as_str(text));
    rc = hf_checkpoint_open(bytes, known->vkey, note, &checkpoint, err);
    hf_heap_free(note);
    if (rc != HF_OK) {
        return rc == HF_ENOMEM ? rc : hf_err_wrap(err, HF_EBADSIG, "the feed's checkpoint");
    }
    memcpy(ret->note, bytes.ptr, bytes.len);
    ret->note_len = bytes.len;
    ret->size = checkpoint.size;
    ret->root = checkpoint.root;
    return check_history(known, ret, &proof, err);
}

/* items */

struct scratch {
    uint8_t entry[ENTRY_MAX];
    uint8_t proof[PROOF_MAX];
};

static bool take_bytes(const struct hf_json *item, const char *key, uint8_t *out, size_t cap,
                       struct hf_bytes *ret)
{
    const struct hf_json *text = hf_json_get_kind(item, key, HF_JSON_STR);
    size_t len = 0;
    if (text == NULL || hf_base64_decode(hf_json_as_str(text), out, cap, &len) != HF_OK) {
        return false;
    }
    *ret = hf_bytes_of(out, len);
    return true;
}

/* The entry is in the log at the answer's own checkpoint, whose history was checked. */
static enum hf_rc check_proof(struct hf_bytes entry, struct hf_bytes proof,
                              const struct hf_feed_known *known,
                              const struct hf_feed_answer *answer, uint64_t *ret_index,
                              struct hf_err *err)
{
    struct hf_proof_file file;
    enum hf_rc rc = hf_proof_file_parse(proof, &file, err);
    if (rc != HF_OK) {
        return rc == HF_ENOMEM ? rc : hf_err_wrap(err, HF_EBADPROOF, "a directive's proof");
    }
    if (!hf_bytes_eq(file.note, hf_bytes_of(answer->note, answer->note_len))) {
        return hf_err_set(err, HF_EBADPROOF, "a directive's proof is for another checkpoint");
    }
    rc = hf_proof_file_verify(&file, known->vkey, entry, /* ret_checkpoint= */ NULL, err);
    if (rc != HF_OK) {
        return rc == HF_ENOMEM ? rc : hf_err_wrap(err, HF_EBADPROOF, "a directive's proof");
    }
    *ret_index = file.index;
    return HF_OK;
}

/* Is the entry a directive, and for whom? Its stream and its address must say the same. */
static enum hf_rc read_directive(struct hf_bytes entry, struct hf_str tenant,
                                 struct hf_event_directive_issued *event, struct hf_feed_item *item,
                                 struct hf_err *err)
{
    struct hf_envelope envelope;
    struct hf_str prefix = HF_STR(HF_DIRECTIVE_STREAM);
    enum hf_rc rc = hf_envelope_parse_leaf(entry, &envelope, err);
    if (rc != HF_OK || !hf_str_eq(envelope.type, HF_STR(HF_EVENT_DIRECTIVE_ISSUED_NAME)) ||
        envelope.schema_version != HF_EVENT_DIRECTIVE_ISSUED_VERSION ||
        !hf_str_starts(envelope.stream, prefix)) {
        return malformed(err, "a directive");
    }
    if (hf_event_directive_issued_decode(envelope.payload, event, err) != HF_OK) {
        return malformed(err, "a directive's payload");
    }
    struct hf_str address = {envelope.stream.ptr + prefix.len, envelope.stream.len - prefix.len};
    item->for_all = hf_str_eq(address, HF_STR(HF_DIRECTIVE_ALL));
    if (!hf_str_eq(address, event->address) || (!item->for_all && !hf_str_eq(address, tenant))) {
        return hf_err_set(err, HF_EMISMATCH, "a directive for %.*s came here",
                          HF_STR_ARG(event->address));
    }
    item->sequence = event->sequence;
    item->not_after_us = event->not_after;
    item->version = envelope.version;
    memcpy(item->kind, event->kind.ptr, event->kind.len);
    item->kind[event->kind.len] = '\0';
    return HF_OK;
}

static enum hf_rc check_order(const struct hf_feed_known *known, const struct hf_feed_item *item,
                              struct hf_err *err)
{
    if (item->sequence <= known->sequence) {
        return hf_err_set(err, HF_ESTALE, "the directive %llu came again",
                          (unsigned long long)item->sequence);
    }
    /* Of those for all, an agent gets what was issued since it is there. */
    bool first = item->for_all && known->all_version == 0;
    uint64_t before = item->for_all ? known->all_version : known->own_version;
    if (!first && item->version != before + 1) {
        return hf_err_set(err, HF_ECONFLICT,
                          "the directive %llu is number %llu of its stream, number %llu is wanted: "
                          "one was left out",
                          (unsigned long long)item->sequence, (unsigned long long)item->version,
                          (unsigned long long)before + 1);
    }
    return HF_OK;
}

static void judge(const struct hf_event_directive_issued *event, int64_t now_us,
                  struct hf_feed_item *item)
{
    enum hf_rc rc = hf_directive_read(event, &item->directive, /* err= */ NULL);
    /* It is never too late to erase. */
    bool late = now_us > event->not_after && item->directive.kind != HF_DIRECTIVE_ERASE;
    item->verdict = rc == HF_ENOSYS ? HF_FEED_UNKNOWN_KIND
                    : rc != HF_OK   ? HF_FEED_BAD_PARAMETERS
                    : late          ? HF_FEED_EXPIRED
                                    : HF_FEED_DO;
}

static enum hf_rc take_item(const struct hf_json *json, struct hf_feed_known *known,
                            struct hf_feed_answer *answer, struct scratch *scratch,
                            struct hf_err *err)
{
    struct hf_bytes entry;
    struct hf_bytes proof;
    struct hf_event_directive_issued event = {.sequence = 0};
    struct hf_feed_item *item = &answer->items[answer->count];
    if (!take_bytes(json, "entry", scratch->entry, sizeof scratch->entry, &entry) ||
        !take_bytes(json, "proof", scratch->proof, sizeof scratch->proof, &proof)) {
        return malformed(err, "an item");
    }
    enum hf_rc rc = check_proof(entry, proof, known, answer, &item->index, err);
    if (rc == HF_OK) {
        rc = read_directive(entry, known->tenant, &event, item, err);
    }
    if (rc == HF_OK) {
        rc = check_order(known, item, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    judge(&event, known->now_us, item);
    known->sequence = item->sequence;
    if (item->for_all) {
        known->all_version = item->version;
    } else {
        known->own_version = item->version;
    }
    answer->count++;
    return HF_OK;
}

static enum hf_rc take_items(const struct hf_json *root, const struct hf_feed_known *known,
                             struct hf_feed_answer *ret, struct hf_err *err)
{
    const struct hf_json *list = hf_json_get_kind(root, "items", HF_JSON_ARRAY);
    struct hf_feed_known moving = *known;
    if (list == NULL || hf_json_count(list) > HF_FEED_ITEMS_MAX) {
        return malformed(err, "items");
    }
    if (hf_json_count(list) == 0) {
        return HF_OK;
    }
    struct scratch *scratch = hf_heap_alloc(sizeof *scratch);
    enum hf_rc rc =
        scratch == NULL ? hf_err_set(err, HF_ENOMEM, "no memory for a directive") : HF_OK;
    for (size_t i = 0; rc == HF_OK && i < hf_json_count(list); i++) {
        rc = take_item(hf_json_at(list, i), &moving, ret, scratch, err);
    }
    hf_heap_free(scratch);
    return rc;
}

enum hf_rc hf_feed_answer_take(struct hf_bytes text, const struct hf_feed_known *known,
                               struct hf_feed_answer *ret, struct hf_err *err)
{
    struct hf_json_doc *doc = NULL;
    *ret = (struct hf_feed_answer){.size = 0};
    enum hf_rc rc = hf_json_parse(text, &doc, err);
    if (rc != HF_OK) {
        return rc == HF_ENOMEM ? rc : hf_err_wrap(err, HF_EINVAL, "the feed's answer");
    }
    const struct hf_json *root = hf_json_root(doc);
    rc = hf_json_kind(root) == HF_JSON_OBJECT ? take_checkpoint(root, known, ret, err)
                                              : malformed(err, "everything");
    if (rc == HF_OK) {
        rc = take_items(root, known, ret, err);
    }
    hf_json_free(doc);
    return rc;
}
