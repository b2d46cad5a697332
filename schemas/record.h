/* schemas/record.h: structs of a program's memory as canonical MessagePack, by
 * tables.
 *
 * A record is a map with every field of its table, in ascending order of their
 * names. For what a program keeps for itself, such as a snapshot; what travels
 * or lives long is an event. Decoding takes exactly what encoding wrote,
 * bounded by the table, and fills a struct of zeroes. A list's elements are
 * structs that hold no lists. Pure; any thread.
 */
#ifndef HF_SCHEMAS_RECORD_H
#define HF_SCHEMAS_RECORD_H

#include "base/crypto.h"
#include "base/err.h"

enum hf_record_kind {
    HF_RECORD_U64,
    HF_RECORD_I64,
    HF_RECORD_U32, /* unsigned, uint32_t or an enum; at most `max` */
    HF_RECORD_BOOL,
    HF_RECORD_TEXT,  /* char[size], NUL-terminated */
    HF_RECORD_BYTES, /* uint8_t[size], all of them */
    HF_RECORD_BLOB,  /* uint8_t[size], as many as the unsigned at `count_at` says
                    */
    HF_RECORD_LIST,  /* structs of `of`, at most `max`, as many as the unsigned at
                      `count_at` says */
};

struct hf_record;

struct hf_record_field {
    const char *name;
    enum hf_record_kind kind;
    size_t offset;
    size_t size;
    uint32_t max;
    const struct hf_record *of;
    size_t count_at;
};

struct hf_record {
    size_t size; /* of the struct */
    const struct hf_record_field *fields;
    size_t count;
};

#define HF_RECORD_MEMBER(type, member, kind_)                                                      \
    {                                                                                              \
        .name = #member, .kind = (kind_), .offset = offsetof(type, member),                        \
        .size = sizeof(((type *)NULL)->member)                                                     \
    }
/* The same under a name of its own, for a member of a member. */
#define HF_RECORD_NAMED(type, member, kind_, name_)                                                \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = offsetof(type, member),                        \
        .size = sizeof(((type *)NULL)->member)                                                     \
    }
#define HF_RECORD_ENUM(type, member, name_, max_)                                                  \
    {                                                                                              \
        .name = (name_), .kind = HF_RECORD_U32, .offset = offsetof(type, member),                  \
        .size = sizeof(((type *)NULL)->member), .max = (max_)                                      \
    }
#define HF_RECORD_COUNTED(type, member, kind_, name_, count_, max_, of_)                           \
    {                                                                                              \
        .name = (name_), .kind = (kind_), .offset = offsetof(type, member),                        \
        .size = sizeof(((type *)NULL)->member), .max = (max_), .of = (of_),                        \
        .count_at = offsetof(type, count_)                                                         \
    }

/* Into w, whose overflow is sticky. */
void hf_record_encode(const struct hf_record *record, const void *from, struct hf_writer *w);
/* HF_EINVAL: it is no such record. */
enum hf_rc hf_record_decode(const struct hf_record *record, struct hf_bytes bytes, void *ret,
                            struct hf_err *err);
/* Adds names, kinds and bounds to the hash: another table gives another one. */
void hf_record_fingerprint(const struct hf_record *record, struct hf_sha256_state *state);

#endif
