/* tenant/ledger.h: what is reserved of the budgets for requests that are under way.
 *
 * A model's answer is metered when it is there; before, an estimate of it is reserved, so that many
 * requests at once cannot overrun a budget together. A reservation ends when its request is
 * metered, when it is released, or when its time is over. It is held in memory only: after a
 * restart no request of before is under way. Pure: the time is an argument, of one clock.
 */
#ifndef HF_TENANT_LEDGER_H
#define HF_TENANT_LEDGER_H

#include "commands/budget.h"

#define HF_LEDGER_MAX      256 /* requests under way */
#define HF_LEDGER_NAME_MAX 64

struct hf_reservation {
    char name[HF_LEDGER_NAME_MAX + 1]; /* empty: free */
    uint64_t amounts[HF_BUDGET_METERS];
    uint64_t until_ns;
};

/* All zero: empty. */
struct hf_ledger {
    struct hf_reservation items[HF_LEDGER_MAX];
};

/* What is reserved of the meter; stays at the greatest number. */
uint64_t hf_ledger_sum(struct hf_ledger *ledger, enum hf_budget_meter meter, uint64_t now_ns);
/* What the one with this name holds of the meter; 0 when there is none. */
uint64_t hf_ledger_held(const struct hf_ledger *ledger, struct hf_str name,
                        enum hf_budget_meter meter, uint64_t now_ns);
/* HF_EINVAL: no name, or one too long. */
enum hf_rc hf_ledger_check_name(struct hf_str name, struct hf_err *err);
/* One with the same name, which is a good one, is replaced. HF_EBUSY: too many. */
enum hf_rc hf_ledger_reserve(struct hf_ledger *ledger, struct hf_str name,
                             const uint64_t amounts[HF_BUDGET_METERS], uint64_t until_ns,
                             uint64_t now_ns, struct hf_err *err);
/* False: there is none. */
bool hf_ledger_release(struct hf_ledger *ledger, struct hf_str name);

#endif
