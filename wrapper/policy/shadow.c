/* wrapper/policy/shadow.c: counts where a candidate policy differs. */
#include "wrapper/policy/shadow.h"

void hf_shadow_init(struct hf_shadow *shadow)
{
    memset(shadow, 0, sizeof *shadow);
}

static struct hf_shadow_row *row_of(struct hf_shadow *shadow, const struct hf_policy_verdict *from,
                                    const struct hf_policy_verdict *to)
{
    for (size_t i = 0; i < shadow->row_count; i++) {
        struct hf_shadow_row *row = &shadow->rows[i];
        if (row->from == from->verdict && row->to == to->verdict &&
            hf_str_eq(row->from_rule, from->rule) && hf_str_eq(row->to_rule, to->rule)) {
            return row;
        }
    }
    if (shadow->row_count == HF_SHADOW_ROWS_MAX) {
        return NULL;
    }
    struct hf_shadow_row *row = &shadow->rows[shadow->row_count++];
    *row = (struct hf_shadow_row){from->verdict, to->verdict, from->rule, to->rule, 0};
    return row;
}

bool hf_shadow_count(struct hf_shadow *shadow, const struct hf_policy_verdict *active,
                     const struct hf_policy_verdict *candidate)
{
    shadow->calls++;
    if (active->verdict == candidate->verdict) {
        return false;
    }
    if (candidate->verdict < active->verdict) {
        shadow->tighter++;
    } else {
        shadow->looser++;
    }
    struct hf_shadow_row *row = row_of(shadow, active, candidate);
    if (row == NULL) {
        shadow->beyond++;
    } else {
        row->count++;
    }
    return true;
}
