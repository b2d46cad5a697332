/* tenant/ledger.c: a small table of reservations. */
#include "tenant/ledger.h"

#include "base/assert.h"

static bool is_live(const struct hf_reservation *item, uint64_t now_ns)
{
    return item->name[0] != '\0' && item->until_ns > now_ns;
}

uint64_t hf_ledger_held(const struct hf_ledger *ledger, struct hf_str name,
                        enum hf_budget_meter meter, uint64_t now_ns)
{
    for (size_t i = 0; i < HF_LEDGER_MAX; i++) {
        const struct hf_reservation *item = &ledger->items[i];
        if (is_live(item, now_ns) && hf_str_eq(hf_str_c(item->name), name)) {
            return item->amounts[meter];
        }
    }
    return 0;
}

static struct hf_reservation *find(struct hf_ledger *ledger, struct hf_str name)
{
    for (size_t i = 0; i < HF_LEDGER_MAX; i++) {
        if (name.len > 0 && hf_str_eq(hf_str_c(ledger->items[i].name), name)) {
            return &ledger->items[i];
        }
    }
    return NULL;
}

uint64_t hf_ledger_sum(struct hf_ledger *ledger, enum hf_budget_meter meter, uint64_t now_ns)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < HF_LEDGER_MAX; i++) {
        uint64_t amount = ledger->items[i].amounts[meter];
        if (is_live(&ledger->items[i], now_ns)) {
            sum = amount > UINT64_MAX - sum ? UINT64_MAX : sum + amount;
        }
    }
    return sum;
}

enum hf_rc hf_ledger_check_name(struct hf_str name, struct hf_err *err)
{
    if (name.len == 0 || name.len > HF_LEDGER_NAME_MAX ||
        memchr(name.ptr, '\0', name.len) != NULL) {
        return hf_err_set(err, HF_EINVAL, "reservation: a name of 1 to %d bytes",
                          HF_LEDGER_NAME_MAX);
    }
    return HF_OK;
}

enum hf_rc hf_ledger_reserve(struct hf_ledger *ledger, struct hf_str name,
                             const uint64_t amounts[HF_BUDGET_METERS], uint64_t until_ns,
                             uint64_t now_ns, struct hf_err *err)
{
    HF_ASSERT(hf_ledger_check_name(name, NULL) == HF_OK);
    struct hf_reservation *item = find(ledger, name);
    for (size_t i = 0; item == NULL && i < HF_LEDGER_MAX; i++) {
        item = is_live(&ledger->items[i], now_ns) ? NULL : &ledger->items[i];
    }
    if (item == NULL) {
        return hf_err_set(err, HF_EBUSY, "%d requests are under way already: try again later",
                          HF_LEDGER_MAX);
    }
    *item = (struct hf_reservation){.until_ns = until_ns};
    memcpy(item->name, name.ptr, name.len);
    memcpy(item->amounts, amounts, sizeof item->amounts);
    return HF_OK;
}

bool hf_ledger_release(struct hf_ledger *ledger, struct hf_str name)
{
    struct hf_reservation *item = find(ledger, name);
    if (item == NULL) {
        return false;
    }
    item->name[0] = '\0';
    return true;
}
