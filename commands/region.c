/* commands/region.c: the regions, and which one a customer's tenants belong to. */
#include "commands/region.h"

#include "base/assert.h"

static const char *const names[] = {"dev", "staging", "prod-eu", "prod-us"};

const char *hf_region_name(enum hf_region region)
{
    return names[region];
}

enum hf_rc hf_region_parse(struct hf_str text, enum hf_region *ret_region, struct hf_err *err)
{
    for (size_t i = 0; i < HF_LEN(names); i++) {
        if (hf_str_eq(text, hf_str_c(names[i]))) {
            *ret_region = (enum hf_region)i;
            return HF_OK;
        }
    }
    return hf_err_set(err, HF_EINVAL, "\"%.*s\" is no region: use dev, staging, prod-eu or prod-us",
                      (int)(text.len < 40 ? text.len : 40), text.ptr);
}

enum hf_rc hf_region_of_order(struct hf_str named, struct hf_str market, enum hf_region here,
                              enum hf_region *ret_region, struct hf_err *err)
{
    if (named.len > 0) {
        return hf_region_parse(named, ret_region, err);
    }
    if (market.len == 0) {
        *ret_region = here;
    } else if (hf_str_eq(market, HF_STR("eu"))) {
        *ret_region = HF_REGION_PROD_EU;
    } else if (hf_str_eq(market, HF_STR("na"))) {
        *ret_region = HF_REGION_PROD_US;
    } else {
        return hf_err_set(err, HF_EINVAL, "a market is eu or na; else name the region");
    }
    return HF_OK;
}
