/* wrapper/policy/facts.c: checks and canonical bytes of fact vectors. */
#include "wrapper/policy/facts.h"

#include "schemas/canonical.h"

void hf_facts_init(struct hf_policy_facts *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->version = HF_FACTS_VERSION;
    ret->requester = HF_POLICY_FACTS_REQUESTER_UNPROVEN;
    ret->channel = HF_STR("none");
    ret->level = 1;
}

/* Names in strictly ascending order; enums have the order of the schema. */
#define ASCENDING(list, count, name)                                                               \
    for (size_t i = 1; i < (count); i++) {                                                         \
        if ((list)[i - 1] >= (list)[i]) {                                                          \
            return hf_err_set(err, HF_EINVAL, "%s: needs the order of the schema, each once",      \
                              name);                                                               \
        }                                                                                          \
    }

static enum hf_rc check_order(const struct hf_policy_facts *facts, struct hf_err *err)
{
    ASCENDING(facts->classes, facts->classes_count, "classes")
    ASCENDING(facts->opaque, facts->opaque_count, "opaque")
    ASCENDING(facts->taint, facts->taint_count, "taint")
    for (size_t r = 0; r < facts->recent_count; r++) {
        ASCENDING(facts->recent[r].classes, facts->recent[r].classes_count, "recent: classes")
    }
    return HF_OK;
}

enum hf_rc hf_facts_check(const struct hf_policy_facts *facts, struct hf_err *err)
{
    enum hf_rc rc = hf_policy_facts_check(facts, err);
    return rc != HF_OK ? rc : check_order(facts, err);
}

enum hf_rc hf_facts_encode(const struct hf_policy_facts *facts, uint8_t *out,
                           struct hf_bytes *ret_bytes, struct hf_err *err)
{
    struct hf_writer w = hf_writer_init(out, HF_FACTS_SIZE_MAX);
    enum hf_rc rc = hf_facts_check(facts, err);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "facts");
    }
    hf_policy_facts_encode(facts, &w);
    if (w.overflow) {
        return hf_err_set(err, HF_ETOOBIG, "facts: %zu bytes, %d are allowed", w.len,
                          HF_FACTS_SIZE_MAX);
    }
    /* What is checked is encoded canonically; whoever decides on the bytes looks at them again. */
    *ret_bytes = hf_writer_done(&w);
    return HF_OK;
}

enum hf_rc hf_facts_encode_cut(struct hf_policy_facts *io_facts, uint8_t *out,
                               struct hf_bytes *ret_bytes, struct hf_err *err)
{
    enum hf_rc rc = hf_facts_encode(io_facts, out, ret_bytes, err);
    if (rc == HF_ETOOBIG) {
        io_facts->incomplete = true;
        io_facts->paths_count = io_facts->paths_count > 4 ? 4 : io_facts->paths_count;
        io_facts->commands_count = 0;
        io_facts->params_count = 0;
        rc = hf_facts_encode(io_facts, out, ret_bytes, err);
    }
    return rc;
}

enum hf_rc hf_facts_decode(struct hf_bytes bytes, struct hf_policy_facts *ret, struct hf_err *err)
{
    if (bytes.len > HF_FACTS_SIZE_MAX) {
        return hf_err_set(err, HF_ETOOBIG, "facts: %zu bytes, %d are allowed", bytes.len,
                          HF_FACTS_SIZE_MAX);
    }
    enum hf_rc rc = hf_canonical_check_err(bytes, err);
    if (rc == HF_OK) {
        rc = hf_policy_facts_decode(bytes, ret, err);
    }
    if (rc == HF_OK) {
        rc = check_order(ret, err);
    }
    return rc != HF_OK ? hf_err_wrap(err, rc, "facts") : HF_OK;
}

void hf_facts_hash(struct hf_bytes bytes, struct hf_hash *ret_hash)
{
    hf_sha256(bytes, ret_hash);
}

hf_class_set hf_facts_classes(const struct hf_policy_facts *facts)
{
    unsigned set = 0;
    for (size_t i = 0; i < facts->classes_count; i++) {
        set |= 1u << facts->classes[i];
    }
    return (hf_class_set)set;
}

void hf_facts_add_classes(struct hf_policy_facts *io_facts, hf_class_set set)
{
    unsigned all = (unsigned)hf_facts_classes(io_facts) | set;
    io_facts->classes_count = 0;
    for (unsigned i = 0; i < HF_POLICY_FACTS_CLASSES_COUNT; i++) {
        if ((all >> i & 1) != 0) {
            io_facts->classes[io_facts->classes_count++] = (enum hf_policy_facts_classes)i;
        }
    }
}

void hf_facts_add_opaque(struct hf_policy_facts *io_facts, enum hf_policy_facts_opaque why)
{
    size_t at = 0;
    while (at < io_facts->opaque_count && io_facts->opaque[at] < why) {
        at++;
    }
    if (at < io_facts->opaque_count && io_facts->opaque[at] == why) {
        return;
    }
    for (size_t i = io_facts->opaque_count; i > at; i--) {
        io_facts->opaque[i] = io_facts->opaque[i - 1];
    }
    io_facts->opaque[at] = why;
    io_facts->opaque_count++;
}

void hf_facts_add_taint(struct hf_policy_facts *io_facts, enum hf_policy_facts_taint label)
{
    size_t at = 0;
    while (at < io_facts->taint_count && io_facts->taint[at] < label) {
        at++;
    }
    if (at < io_facts->taint_count && io_facts->taint[at] == label) {
        return;
    }
    for (size_t i = io_facts->taint_count; i > at; i--) {
        io_facts->taint[i] = io_facts->taint[i - 1];
    }
    io_facts->taint[at] = label;
    io_facts->taint_count++;
}
