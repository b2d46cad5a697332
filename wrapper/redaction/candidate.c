/* wrapper/redaction/candidate.c: decides what a place is where an anchor was found. */
#include "wrapper/redaction/candidate.h"

/* The longest of the spellings that begin with this anchor. */
static void decide_literals(const struct hf_redactor *redactor, const struct hf_anchor *anchor,
                            struct hf_bytes bytes, bool final, struct hf_verdict *ret)
{
    ret->layer = HF_REDACTION_KNOWN;
    for (uint32_t i = 0; i < anchor->count; i++) {
        const struct hf_literal *literal = &redactor->anchors.literals.items[anchor->first + i];
        size_t len = literal->bytes.len, common = len < bytes.len ? len : bytes.len;
        if (memcmp(literal->bytes.ptr, bytes.ptr, common) != 0) {
            continue;
        }
        if (common < len) {
            if (!final) {
                ret->match = HF_MATCH_MORE;
                return;
            }
        } else if (len > ret->len) {
            ret->match = HF_MATCH_YES;
            ret->len = len;
            ret->which = literal->known;
        }
    }
}

static enum hf_match follow(const struct hf_shape *shape, const struct hf_pattern *pattern,
                            struct hf_bytes bytes, bool final, struct hf_run *io_run)
{
    enum hf_match match = hf_pattern_match(pattern, bytes, final, io_run);
    if (match != HF_MATCH_YES) {
        return match;
    }
    if (shape->whole && io_run->at == bytes.len && !final) {
        return HF_MATCH_MORE;
    }
    if (shape->whole && io_run->at < bytes.len && hf_shape_word(bytes.ptr[io_run->at])) {
        return HF_MATCH_NO;
    }
    return hf_check_run(shape->check, bytes, final, io_run);
}

static void decide_shape(const struct hf_redactor *redactor, struct hf_candidate *io_candidate,
                         struct hf_bytes before, struct hf_bytes bytes, bool final,
                         struct hf_verdict *ret)
{
    uint32_t which = redactor->anchors.anchors[io_candidate->anchor].first;
    const struct hf_shape *shape = &hf_shapes[which];
    const struct hf_pattern *pattern = &redactor->anchors.patterns[which];
    ret->layer = shape->layer;
    ret->which = which;
    ret->keep = shape->keep;
    if (!hf_shape_left(shape->left, before)) {
        return;
    }
    ret->match = follow(shape, pattern, bytes, final, &io_candidate->run);
    ret->len = io_candidate->run.at;
    size_t front = pattern->literal < ret->len ? pattern->literal : 0;
    if (ret->match == HF_MATCH_YES && shape->check != HF_TOKEN_PEM &&
        shape->check != HF_TOKEN_PEM64 &&
        hf_shape_example(hf_bytes_of(bytes.ptr + front, ret->len - front))) {
        ret->layer = HF_REDACTION_ALLOW;
    }
}

void hf_candidate_decide(const struct hf_redactor *redactor, struct hf_candidate *io_candidate,
                         struct hf_bytes before, struct hf_bytes bytes, bool final,
                         struct hf_verdict *ret)
{
    const struct hf_anchor *anchor = &redactor->anchors.anchors[io_candidate->anchor];
    *ret = (struct hf_verdict){.match = HF_MATCH_NO};
    if (anchor->count > 0) {
        decide_literals(redactor, anchor, bytes, final, ret);
    } else {
        decide_shape(redactor, io_candidate, before, bytes, final, ret);
    }
}
