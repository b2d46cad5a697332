/* wrapper/redaction/redaction.h: takes secrets out of text while the text passes.
 *
 *   hf_redaction_init                          once, after hf_crypto_init, before threads
 *   hf_redactor_new(config)                    what is looked for, compiled; it never changes
 *   hf_redaction_stream_open(redactor, sink)   one for each channel of text, not connection
 *   hf_redaction_feed ... hf_redaction_end     as the bytes come; end lets go of what is held
 *
 * What is found is replaced by a placeholder that is made of the value, so the same value has the
 * same placeholder for as long as the tenant's key lives (docs/FORMATS.md). The output does not
 * depend on where the input was divided. A byte is held back only while it is part of something
 * that may become a match, and never more than HF_REDACTION_HELD_MAX of them.
 *
 * Layers: "known" are the registered secrets in every spelling of encodings.h, "token" what
 * providers hand out (shapes.h), with its checksum where it has one. "allow" counts what has the
 * shape of a token and is let pass: the examples of documentation, and OpenClaw's own sentinels.
 *
 * A redactor is shared by any number of threads and counted; a stream belongs to one at a time.
 * When anything fails, a stream emits nothing more: it fails closed, and so must its owner.
 */
#ifndef HF_WRAPPER_REDACTION_REDACTION_H
#define HF_WRAPPER_REDACTION_REDACTION_H

#include "base/err.h"
#include "base/secret.h"

#define HF_REDACTION_SECRET_MIN  8     /* shorter ones would be found in ordinary text */
#define HF_REDACTION_SECRET_MAX  8192  /* bytes; a private key of 4,096 bits has 3,300 */
#define HF_REDACTION_SECRETS_MAX 2000  /* registered secrets of one redactor */
#define HF_REDACTION_HELD_MAX    65536 /* bytes that a stream may hold back */
#define HF_REDACTION_KIND_MAX    16    /* bytes of a kind */
/* HFX_, kind, _, 13 characters of the value's MAC and one that checks them. */
#define HF_PLACEHOLDER_MAX       (4 + HF_REDACTION_KIND_MAX + 1 + 14)
#define HF_REDACTION_KEY_SIZE    32

enum hf_redaction_layer {
    HF_REDACTION_KNOWN, /* L1: a registered secret */
    HF_REDACTION_TOKEN, /* L2 and L3: a provider's token, a private key */
    HF_REDACTION_ALLOW, /* L7: looks like one and is none */
    HF_REDACTION_LAYERS
};

/* "known"; the name of the layer in events. Static storage. */
const char *hf_redaction_layer_name(enum hf_redaction_layer layer);

struct hf_redaction_secret {
    struct hf_str name; /* for people: where it comes from; never in the output */
    struct hf_str
        kind; /* [a-z0-9]{1,16}: in the placeholder, so that a model knows what stood there */
    const struct hf_secret *value;
};

struct hf_redactor_config {
    const struct hf_secret *key; /* the tenant's, HF_REDACTION_KEY_SIZE bytes; for placeholders */
    const struct hf_redaction_secret *secrets;
    size_t secret_count;
    bool without_tokens; /* only registered secrets, as for looking through a log */
};

struct hf_redactor;
struct hf_redaction_stream;

/* HF_ENOSYS when this processor lacks what the matching engine needs (SSSE3). */
enum hf_rc hf_redaction_init(struct hf_err *err);

/* NULL: a value can be looked for. Else why not, what follows "the value": it is too short, too
 * long, of fewer than four different bytes, or a common word. Static text. Any thread. */
const char *hf_redaction_unfit(struct hf_bytes value);

/* Copies everything, gives *ret_redactor. HF_EINVAL names the secret that is unfit or has a wrong
 * kind; HF_ETOOBIG. Takes about 0.2 s for 200 secrets: not on a loop. */
enum hf_rc hf_redactor_new(const struct hf_redactor_config *config,
                           struct hf_redactor **ret_redactor, struct hf_err *err);
/* One more owner of the same; answers it. Any thread. */
struct hf_redactor *hf_redactor_share(struct hf_redactor *redactor);
/* The last owner's call frees and wipes. NULL is fine. Any thread. */
void hf_redactor_free(struct hf_redactor *redactor);

/* Registered secrets. */
size_t hf_redactor_secrets(const struct hf_redactor *redactor);
/* Different byte strings that registered secrets are looked for as. */
size_t hf_redactor_spellings(const struct hf_redactor *redactor);

/* One place where something was found. Positions are of the input, from the stream's begin. */
struct hf_redaction_span {
    uint64_t at;
    uint64_t len;
    enum hf_redaction_layer layer;
    struct hf_str kind; /* borrowed from the redactor */
    struct hf_str name; /* of a registered secret its name, of a token its shape */
    struct hf_str
        placeholder; /* what stands there now; empty for "allow"; until the call returns */
};

/* Both are called inside of feed and end, in the order of the text, and must not call the stream.
 * Anything but HF_OK ends the stream with that code. */
struct hf_redaction_sink {
    enum hf_rc (*emit)(void *arg, struct hf_bytes bytes); /* borrows until it returns */
    enum hf_rc (*found)(void *arg, const struct hf_redaction_span *span); /* may be NULL */
    void *arg;
};

struct hf_redaction_counts {
    uint64_t texts;                        /* ended ones */
    uint64_t bytes;                        /* that came in */
    uint64_t failures;                     /* texts that were cut off because something failed */
    uint64_t candidates;                   /* places that were looked at closely */
    uint64_t refused;                      /* of them, what had a wrong checksum or shape */
    uint64_t matches[HF_REDACTION_LAYERS]; /* spans; all but "allow" were replaced */
    uint64_t held_bytes_max;               /* the most that was ever held back */
};

void hf_redaction_counts_add(struct hf_redaction_counts *io_sum,
                             const struct hf_redaction_counts *more);

/* Copies the sink, becomes an owner of the redactor. HF_ENOMEM. */
enum hf_rc hf_redaction_stream_open(struct hf_redactor *redactor,
                                    const struct hf_redaction_sink *sink,
                                    struct hf_redaction_stream **ret_stream, struct hf_err *err);
/* Borrows bytes. After a failure every further call fails, until hf_redaction_reset. */
enum hf_rc hf_redaction_feed(struct hf_redaction_stream *stream, struct hf_bytes bytes,
                             struct hf_err *err);
/* The text is over: what was held is decided and let go. The stream is ready for another text. */
enum hf_rc hf_redaction_end(struct hf_redaction_stream *stream, struct hf_err *err);
/* Forgets an unfinished text and a failure; what is held is never emitted. */
void hf_redaction_reset(struct hf_redaction_stream *stream);
/* Bytes that are held back now. */
size_t hf_redaction_held(const struct hf_redaction_stream *stream);
/* Of this stream since it was opened. Borrowed. */
const struct hf_redaction_counts *hf_redaction_counts(const struct hf_redaction_stream *stream);
/* Wipes and frees; NULL is fine. */
void hf_redaction_stream_close(struct hf_redaction_stream *stream);

/* A whole text at once; io_sum may be NULL, and is added to also when it fails. */
enum hf_rc hf_redact(struct hf_redactor *redactor, struct hf_bytes text,
                     const struct hf_redaction_sink *sink, struct hf_redaction_counts *io_sum,
                     struct hf_err *err);

/* Only looks: sink->found is called for each match, sink->emit may be NULL. *ret_found counts what
 * hf_redact would have replaced. */
enum hf_rc hf_redaction_scan(struct hf_redactor *redactor, struct hf_bytes text,
                             const struct hf_redaction_sink *sink, uint64_t *ret_found,
                             struct hf_err *err);

/* Runs the golden vectors and a canary for every registered secret in every spelling through this
 * very redactor, whole and divided. HF_ECORRUPT names the first that came out wrong: then nothing
 * that goes through it is safe. No secret is in the text of the error. */
enum hf_rc hf_redaction_self_test(struct hf_redactor *redactor, struct hf_err *err);

#endif
