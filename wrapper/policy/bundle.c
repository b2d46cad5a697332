/* wrapper/policy/bundle.c: reads and writes the records of a policy bundle. */
#include "wrapper/policy/bundle.h"

#include "base/assert.h"
#include "schemas/canonical.h"
#include "wrapper/policy/policy.h"

static const char *kind_name(enum hf_policy_bundle_kind kind)
{
    static const char *const names[HF_POLICY_BUNDLE_KIND_END] = {
        "?", "head", "level", "list", "program", "tool", "rule", "vector"};
    return (size_t)kind < HF_POLICY_BUNDLE_KIND_END ? names[kind] : names[0];
}

enum hf_rc hf_policy_bundle_open(struct hf_bytes bundle, struct hf_policy_bundle_reader *ret,
                                 struct hf_err *err)
{
    struct hf_bytes magic = HF_BYTES(HF_POLICY_BUNDLE_MAGIC);
    memset(ret, 0, sizeof *ret);
    if (bundle.len > HF_POLICY_BUNDLE_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "a policy bundle has at most %u bytes",
                          HF_POLICY_BUNDLE_MAX);
    }
    if (bundle.len < magic.len || memcmp(bundle.ptr, magic.ptr, magic.len) != 0) {
        return hf_err_set(err, HF_EINVAL,
                          "this is no policy bundle; make one with holdfast policy compile");
    }
    ret->rest = hf_bytes_of(bundle.ptr + magic.len, bundle.len - magic.len);
    return HF_OK;
}

void hf_policy_bundle_key(enum hf_policy_bundle_kind kind,
                          const union hf_policy_bundle_record *record, struct hf_writer *w)
{
    switch (kind) {
    case HF_POLICY_BUNDLE_LEVEL:
        hf_writer_u8(w, (uint8_t)record->level.of);
        hf_writer_str(w, record->level.name);
        break;
    case HF_POLICY_BUNDLE_LIST:
        hf_writer_str(w, record->list.name);
        hf_writer_u8(w, 0);
        hf_writer_u8(w, (uint8_t)record->list.part);
        break;
    case HF_POLICY_BUNDLE_PROGRAM: hf_writer_str(w, record->program.words); break;
    case HF_POLICY_BUNDLE_TOOL: hf_writer_str(w, record->tool.name); break;
    case HF_POLICY_BUNDLE_RULE: hf_writer_str(w, record->rule.id); break;
    case HF_POLICY_BUNDLE_VECTOR: hf_writer_str(w, record->vector.name); break;
    case HF_POLICY_BUNDLE_HEAD:
    case HF_POLICY_BUNDLE_KIND_END: break;
    }
}

static enum hf_rc decode(enum hf_policy_bundle_kind kind, struct hf_bytes payload,
                         union hf_policy_bundle_record *ret, struct hf_err *err)
{
    switch (kind) {
    case HF_POLICY_BUNDLE_HEAD: return hf_policy_head_decode(payload, &ret->head, err);
    case HF_POLICY_BUNDLE_LEVEL: return hf_policy_level_decode(payload, &ret->level, err);
    case HF_POLICY_BUNDLE_LIST: return hf_policy_list_decode(payload, &ret->list, err);
    case HF_POLICY_BUNDLE_PROGRAM: return hf_policy_program_decode(payload, &ret->program, err);
    case HF_POLICY_BUNDLE_TOOL: return hf_policy_tool_decode(payload, &ret->tool, err);
    case HF_POLICY_BUNDLE_RULE: return hf_policy_rule_decode(payload, &ret->rule, err);
    case HF_POLICY_BUNDLE_VECTOR: return hf_policy_vector_decode(payload, &ret->vector, err);
    case HF_POLICY_BUNDLE_KIND_END: break;
    }
    return hf_err_set(err, HF_EINVAL, "a kind of record that is not known");
}

/* After the last record: what the head announced was there, and there is a rule. */
static enum hf_rc check_end(const struct hf_policy_bundle_reader *reader, struct hf_err *err)
{
    if (reader->counts[HF_POLICY_BUNDLE_HEAD] != 1) {
        return hf_err_set(err, HF_EINVAL, "the bundle has no head");
    }
    for (enum hf_policy_bundle_kind kind = HF_POLICY_BUNDLE_LEVEL; kind < HF_POLICY_BUNDLE_KIND_END;
         kind++) {
        if (reader->counts[kind] != reader->announced[kind]) {
            return hf_err_set(err, HF_EINVAL, "%zu records of kind %s, the head says %zu",
                              reader->counts[kind], kind_name(kind), reader->announced[kind]);
        }
    }
    if (reader->counts[HF_POLICY_BUNDLE_RULE] == 0) {
        return hf_err_set(err, HF_EINVAL, "a policy without rules is not valid");
    }
    return HF_EEND;
}

/* Kinds ascend, and keys within a kind. */
static enum hf_rc check_order(struct hf_policy_bundle_reader *reader,
                              enum hf_policy_bundle_kind kind,
                              const union hf_policy_bundle_record *record, struct hf_err *err)
{
    uint8_t key[sizeof reader->key];
    struct hf_writer w = hf_writer_init(key, sizeof key);
    hf_policy_bundle_key(kind, record, &w);
    HF_ASSERT(!w.overflow);
    bool first = reader->counts[HF_POLICY_BUNDLE_HEAD] == 0;
    if (first != (kind == HF_POLICY_BUNDLE_HEAD) || kind < reader->kind) {
        return hf_err_set(err, HF_EINVAL, "a record of kind %s does not belong here",
                          kind_name(kind));
    }
    if (kind == reader->kind &&
        hf_bytes_cmp(hf_bytes_of(reader->key, reader->key_len), hf_writer_done(&w)) >= 0) {
        return hf_err_set(err, HF_EINVAL, "records of kind %s are not in ascending order",
                          kind_name(kind));
    }
    memcpy(reader->key, key, w.len);
    reader->key_len = w.len;
    return HF_OK;
}

static enum hf_rc take_head(struct hf_policy_bundle_reader *reader,
                            const struct hf_policy_head *head, struct hf_err *err)
{
    if (head->counts_count != HF_POLICY_BUNDLE_KIND_END - HF_POLICY_BUNDLE_LEVEL) {
        return hf_err_set(err, HF_EINVAL, "head: needs a count for each kind of record");
    }
    for (size_t i = 0; i < head->counts_count; i++) {
        reader->announced[HF_POLICY_BUNDLE_LEVEL + i] = head->counts[i];
    }
    return HF_OK;
}

enum hf_rc hf_policy_bundle_next(struct hf_policy_bundle_reader *reader,
                                 union hf_policy_bundle_record *ret, struct hf_err *err)
{
    if (reader->rest.len == 0) {
        return check_end(reader, err);
    }
    struct hf_cursor c = hf_cursor_init(reader->rest);
    struct hf_bytes payload = {NULL, 0};
    uint32_t len;
    uint8_t kind;
    if (!hf_cursor_be32(&c, &len) || !hf_cursor_u8(&c, &kind) ||
        len > HF_POLICY_BUNDLE_RECORD_MAX || !hf_cursor_take(&c, len, &payload)) {
        return hf_err_set(err, HF_EINVAL, "the bundle ends within a record");
    }
    size_t number = 0;
    for (size_t i = 0; i < HF_POLICY_BUNDLE_KIND_END; i++) {
        number += reader->counts[i];
    }
    enum hf_rc rc = hf_canonical_check_err(payload, err);
    if (rc == HF_OK) {
        rc = decode((enum hf_policy_bundle_kind)kind, payload, ret, err);
    }
    if (rc == HF_OK) {
        rc = check_order(reader, (enum hf_policy_bundle_kind)kind, ret, err);
    }
    if (rc == HF_OK && kind == HF_POLICY_BUNDLE_HEAD) {
        rc = take_head(reader, &ret->head, err);
    }
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "record %zu of the bundle", number);
    }
    reader->kind = (enum hf_policy_bundle_kind)kind;
    reader->payload = payload;
    reader->counts[kind]++;
    reader->rest = hf_bytes_of(c.ptr, c.left);
    return HF_OK;
}

static enum hf_rc check(enum hf_policy_bundle_kind kind,
                        const union hf_policy_bundle_record *record, struct hf_err *err)
{
    switch (kind) {
    case HF_POLICY_BUNDLE_HEAD: return hf_policy_head_check(&record->head, err);
    case HF_POLICY_BUNDLE_LEVEL: return hf_policy_level_check(&record->level, err);
    case HF_POLICY_BUNDLE_LIST: return hf_policy_list_check(&record->list, err);
    case HF_POLICY_BUNDLE_PROGRAM: return hf_policy_program_check(&record->program, err);
    case HF_POLICY_BUNDLE_TOOL: return hf_policy_tool_check(&record->tool, err);
    case HF_POLICY_BUNDLE_RULE: return hf_policy_rule_check(&record->rule, err);
    case HF_POLICY_BUNDLE_VECTOR: return hf_policy_vector_check(&record->vector, err);
    case HF_POLICY_BUNDLE_KIND_END: break;
    }
    return HF_EINVAL;
}

static void encode(enum hf_policy_bundle_kind kind, const union hf_policy_bundle_record *record,
                   struct hf_writer *w)
{
    switch (kind) {
    case HF_POLICY_BUNDLE_HEAD: hf_policy_head_encode(&record->head, w); break;
    case HF_POLICY_BUNDLE_LEVEL: hf_policy_level_encode(&record->level, w); break;
    case HF_POLICY_BUNDLE_LIST: hf_policy_list_encode(&record->list, w); break;
    case HF_POLICY_BUNDLE_PROGRAM: hf_policy_program_encode(&record->program, w); break;
    case HF_POLICY_BUNDLE_TOOL: hf_policy_tool_encode(&record->tool, w); break;
    case HF_POLICY_BUNDLE_RULE: hf_policy_rule_encode(&record->rule, w); break;
    case HF_POLICY_BUNDLE_VECTOR: hf_policy_vector_encode(&record->vector, w); break;
    case HF_POLICY_BUNDLE_KIND_END: break;
    }
}

enum hf_rc hf_policy_bundle_put(enum hf_policy_bundle_kind kind,
                                const union hf_policy_bundle_record *record, struct hf_buf *out,
                                struct hf_err *err)
{
    enum hf_rc rc = check(kind, record, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "%s", kind_name(kind));
    }
    uint8_t *room = hf_buf_reserve(out, 5 + HF_POLICY_BUNDLE_RECORD_MAX);
    if (room == NULL) {
        return HF_OK;
    }
    struct hf_writer w = hf_writer_init(room + 5, HF_POLICY_BUNDLE_RECORD_MAX);
    encode(kind, record, &w);
    if (w.overflow) {
        return hf_err_set(err, HF_ETOOBIG, "%s: more than %d bytes", kind_name(kind),
                          HF_POLICY_BUNDLE_RECORD_MAX);
    }
    rc = hf_canonical_check_err(hf_writer_done(&w), err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "%s", kind_name(kind));
    }
    hf_be32_put(room, (uint32_t)w.len);
    room[4] = (uint8_t)kind;
    hf_buf_commit(out, 5 + w.len);
    return HF_OK;
}
