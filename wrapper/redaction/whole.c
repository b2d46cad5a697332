/* wrapper/redaction/whole.c: whole texts, and sums of counts. */
#include "wrapper/redaction/redaction.h"

void hf_redaction_counts_add(struct hf_redaction_counts *io_sum,
                             const struct hf_redaction_counts *more)
{
    io_sum->texts += more->texts;
    io_sum->bytes += more->bytes;
    io_sum->failures += more->failures;
    io_sum->candidates += more->candidates;
    io_sum->refused += more->refused;
    for (size_t i = 0; i < HF_REDACTION_LAYERS; i++) {
        io_sum->matches[i] += more->matches[i];
    }
    if (more->held_bytes_max > io_sum->held_bytes_max) {
        io_sum->held_bytes_max = more->held_bytes_max;
    }
}

enum hf_rc hf_redact(struct hf_redactor *redactor, struct hf_bytes text,
                     const struct hf_redaction_sink *sink, struct hf_redaction_counts *io_sum,
                     struct hf_err *err)
{
    struct hf_redaction_stream *stream;
    enum hf_rc rc = hf_redaction_stream_open(redactor, sink, &stream, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_redaction_feed(stream, text, err);
    rc = rc == HF_OK ? hf_redaction_end(stream, err) : rc;
    if (io_sum != NULL) {
        hf_redaction_counts_add(io_sum, hf_redaction_counts(stream));
    }
    hf_redaction_stream_close(stream);
    return rc;
}

enum hf_rc hf_redaction_scan(struct hf_redactor *redactor, struct hf_bytes text,
                             const struct hf_redaction_sink *sink, uint64_t *ret_found,
                             struct hf_err *err)
{
    struct hf_redaction_counts counts = {0};
    enum hf_rc rc = hf_redact(redactor, text, sink, &counts, err);
    if (rc == HF_OK) {
        *ret_found = counts.matches[HF_REDACTION_KNOWN] + counts.matches[HF_REDACTION_TOKEN];
    }
    return rc;
}
