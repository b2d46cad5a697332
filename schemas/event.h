/* schemas/event.h: event types as data, found by name; what the generated code has in common.
 *
 * The generated header schemas/events_gen.h adds for each type "a.b", in version N:
 *   struct hf_event_a_b                          fields; slices borrow
 *   enum hf_rc hf_event_a_b_check(const struct hf_event_a_b *, struct hf_err *)
 *   void hf_event_a_b_encode(const struct hf_event_a_b *, struct hf_writer *)     checked before
 *   enum hf_rc hf_event_a_b_decode(struct hf_bytes payload, struct hf_event_a_b *ret, err)
 *   enum hf_rc hf_event_a_b_from_json(const struct hf_json *, struct hf_arena *, ret, err)
 *   void hf_event_a_b_to_json(const struct hf_event_a_b *, struct hf_json_out *)
 *   HF_EVENT_A_B (enum hf_event_id), HF_EVENT_A_B_NAME, HF_EVENT_A_B_VERSION
 * and, for an old version M that is still read, the same with the suffix _vM; the table of all of
 * them, hf_event_types; and union hf_event_any, room for any of them.
 * Decoders read bytes that were checked by hf_canonical_check, never
 * read past the end of others, and accept exactly what the encoder writes (UTF-8 is the canonical
 * check's business). Pure functions; any thread.
 */
#ifndef HF_SCHEMAS_EVENT_H
#define HF_SCHEMAS_EVENT_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/json_in.h"
#include "base/json_out.h"

struct hf_envelope;

struct hf_event_type {
    struct hf_str name;
    uint32_t version;
    bool newest;        /* the version that is written; others are only read */
    const char *stream; /* template: "tenant/{tenant}" */
    const char *doc;    /* one sentence */
    bool personal;      /* has members that are personal data */
    size_t size;        /* of the struct */
    enum hf_rc (*check)(const void *event, struct hf_err *err);
    void (*encode)(const void *event, struct hf_writer *w);
    enum hf_rc (*decode)(struct hf_bytes payload, void *ret_event, struct hf_err *err);
    enum hf_rc (*from_json)(const struct hf_json *value, struct hf_arena *arena, void *ret_event,
                            struct hf_err *err);
    void (*to_json)(const void *event, struct hf_json_out *json);
    /* Writes the name of the stream that the event belongs to. */
    void (*stream_name)(const void *event, struct hf_writer *w);
};

/* The newest version of a type; NULL for one that this program does not know. */
const struct hf_event_type *hf_event_find(struct hf_str name);
/* This version of a type; NULL for one that this program does not know. */
const struct hf_event_type *hf_event_find_version(struct hf_str name, uint32_t version);

enum hf_event_known {
    HF_KNOWN_CURRENT, /* the newest version, payload checked */
    HF_KNOWN_OLD,     /* an older version, payload checked against that version's schema */
    HF_KNOWN_NEWER,   /* known type, version newer than this program: kept, not checked */
    HF_KNOWN_UNKNOWN  /* unknown type: kept, not checked */
};

/* Checks a canonical payload of the type and version. *ret_known (also written on failure) says
 * what could be checked; an unknown type and a newer version are HF_OK. HF_EINVAL names the
 * member. */
enum hf_rc hf_event_validate(struct hf_str type, uint32_t version, struct hf_bytes payload,
                             enum hf_event_known *ret_known, struct hf_err *err);

/* Checks that an event, parsed from a submission or a leaf, stands in the stream that its schema
 * names. Events that are not known in this program are HF_OK. HF_EINVAL. */
enum hf_rc hf_event_check_stream(const struct hf_envelope *envelope, struct hf_err *err);

/* Writes the canonical payload of the newest version, made from JSON: HF_EINVAL names the member's
 * path ("changes[2]: kind: needs one of ..."). HF_ENOTFOUND for an unknown type, HF_ETOOBIG when
 * it does not fit the writer, HF_ENOMEM. */
enum hf_rc hf_event_payload_from_json(struct hf_str type, const struct hf_json *value,
                                      struct hf_writer *w, struct hf_err *err);

/* Writes a payload as JSON: by its schema where type and version are known (an old version in its
 * own shape), else generically. Never fails: see hf_value_to_json. */
void hf_event_payload_to_json(struct hf_str type, uint32_t version, struct hf_bytes payload,
                              struct hf_json_out *json);

/* Any canonical MessagePack as JSON, without a schema: bin as {"$bin": hex}, sealed data as
 * {"$sealed": hex}, integers beyond 2^53 as strings. What is not canonical becomes
 * {"$damaged": hex} as a whole. */
void hf_value_to_json(struct hf_bytes value, struct hf_json_out *json);

/* A whole event, submission or leaf, as an object: type, schema_version, producer, sequence,
 * stream, occurred, actor, correlation, causation, blob, payload; version and recorded of a leaf.
 * Empty and absent elements are left out. */
void hf_envelope_to_json(const struct hf_envelope *envelope, struct hf_json_out *json);

#endif
