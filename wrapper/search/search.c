/* wrapper/search/search.c: entries, segments and blobs through a stream that only reports. */
#include "wrapper/search/search.h"

#include "base/heap.h"
#include "log/mirror/segment.h"
#include "log/tlog/tile.h"
#include "schemas/envelope.h"

#define BLOB_MAX (64u << 20) /* more than any blob that a log takes has */

struct hf_secret_search {
    struct hf_redaction_stream *stream;
    size_t spellings;
    struct hf_buf blob;
    struct hf_secret_search_counts counts;
    struct hf_str type; /* of the entry */
    /* during a call */
    struct hf_secret_finding here;
    hf_secret_found_fn *found;
    void *arg;
};

static enum hf_rc on_found(void *arg, const struct hf_redaction_span *span)
{
    struct hf_secret_search *search = arg;
    if (span->layer == HF_REDACTION_ALLOW) {
        return HF_OK;
    }
    search->counts.findings++;
    search->here.layer = span->layer;
    search->here.name = span->name;
    return search->found(search->arg, &search->here);
}

enum hf_rc hf_secret_search_new(const struct hf_redactor_config *config,
                                struct hf_secret_search **ret_search, struct hf_err *err)
{
    struct hf_redactor *redactor = NULL;
    struct hf_secret_search *search = hf_heap_zalloc(1, sizeof *search);
    if (search == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to look for secrets");
    }
    const struct hf_redaction_sink sink = {.found = on_found, .arg = search};
    search->blob = hf_buf_init(BLOB_MAX);
    enum hf_rc rc = hf_redactor_new(config, &redactor, err);
    rc = rc == HF_OK ? hf_redaction_self_test(redactor, err) : rc;
    rc = rc == HF_OK ? hf_redaction_stream_open(redactor, &sink, &search->stream, err) : rc;
    if (rc != HF_OK) {
        hf_redactor_free(redactor);
        hf_secret_search_free(search);
        return rc;
    }
    search->spellings = hf_redactor_spellings(redactor);
    hf_redactor_free(redactor); /* the stream keeps it */
    *ret_search = search;
    return HF_OK;
}

void hf_secret_search_free(struct hf_secret_search *search)
{
    if (search != NULL) {
        hf_redaction_stream_close(search->stream);
        hf_buf_free(&search->blob);
        hf_heap_free(search);
    }
}

size_t hf_secret_search_spellings(const struct hf_secret_search *search)
{
    return search->spellings;
}

const struct hf_secret_search_counts *hf_secret_search_counts(const struct hf_secret_search *search)
{
    return &search->counts;
}

struct hf_str hf_secret_search_type(const struct hf_secret_search *search)
{
    return search->type;
}

static enum hf_rc look(struct hf_secret_search *search, struct hf_bytes bytes, struct hf_err *err)
{
    enum hf_rc rc = hf_redaction_feed(search->stream, bytes, err);
    rc = rc == HF_OK ? hf_redaction_end(search->stream, err) : rc;
    if (rc != HF_OK) {
        hf_redaction_reset(search->stream);
    }
    return rc;
}

enum hf_rc hf_secret_search_bytes(struct hf_secret_search *search, struct hf_bytes bytes,
                                  hf_secret_found_fn *found, void *arg, struct hf_err *err)
{
    uint64_t findings = search->counts.findings;
    search->here = (struct hf_secret_finding){.type = HF_STR("?")};
    search->found = found;
    search->arg = arg;
    enum hf_rc rc = look(search, bytes, err);
    search->counts.findings = findings;
    return rc;
}

static enum hf_rc look_into_segment(struct hf_secret_search *search, struct hf_err *err)
{
    struct hf_segment segment;
    enum hf_rc rc = hf_segment_parse(hf_buf_bytes(&search->blob), &segment, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_cursor cursor = hf_cursor_init(segment.bundle);
    struct hf_bytes entry;
    while (rc == HF_OK && hf_bundle_next(&cursor, &entry) == HF_OK) {
        struct hf_envelope event = {0};
        bool typed = hf_envelope_parse_leaf(entry, &event, /* err= */ NULL) == HF_OK;
        search->here.offset++;
        search->counts.events++;
        search->here.type = typed ? event.type : HF_STR("?");
        rc = look(search, entry, err);
    }
    return rc;
}

enum hf_rc hf_secret_search_entry(struct hf_secret_search *search, struct hf_log *log,
                                  uint64_t index, struct hf_bytes entry, hf_secret_found_fn *found,
                                  void *arg, struct hf_err *err)
{
    struct hf_envelope event = {0};
    struct hf_hash hash;
    bool typed =
        hf_log_codec(log) != NULL && hf_envelope_read_leaf(entry, &event, /* err= */ NULL) == HF_OK;
    search->type = typed ? event.type : HF_STR("?");
    search->here = (struct hf_secret_finding){.index = index, .type = search->type};
    search->found = found;
    search->arg = arg;
    search->counts.entries++;
    enum hf_rc rc = look(search, entry, err);
    if (rc != HF_OK || !typed || event.blob.len != HF_HASH_SIZE) {
        return rc;
    }
    memcpy(hash.b, event.blob.ptr, HF_HASH_SIZE);
    bool segment = hf_str_eq(event.type, HF_STR("segment.received"));
    hf_buf_clear(&search->blob);
    rc = hf_log_blob_at(log, index, &hash, &search->blob, err);
    if (rc != HF_OK) {
        return rc;
    }
    return segment ? look_into_segment(search, err)
                   : look(search, hf_buf_bytes(&search->blob), err);
}
