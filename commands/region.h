/* commands/region.h: the regions, and which one a customer's tenants belong to.
 *
 * A tenant belongs to one region for ever. Customers of the EU go to prod-eu and those of North
 * America to prod-us unless the order names a region. Pure.
 */
#ifndef HF_COMMANDS_REGION_H
#define HF_COMMANDS_REGION_H

#include "base/bytes.h"
#include "base/err.h"

enum hf_region {
    HF_REGION_DEV,
    HF_REGION_STAGING,
    HF_REGION_PROD_EU,
    HF_REGION_PROD_US,
};

#define HF_REGION_COUNT 4

/* The numbers are those of the schemas' enumerations. HF_EINVAL names the choices. */
enum hf_rc hf_region_parse(struct hf_str text, enum hf_region *ret_region, struct hf_err *err);
const char *hf_region_name(enum hf_region region);
/* Of an order: `named` counts when it is not empty, then the customer's market ("eu", "na"), else
 * `here`. HF_EINVAL. */
enum hf_rc hf_region_of_order(struct hf_str named, struct hf_str market, enum hf_region here,
                              enum hf_region *ret_region, struct hf_err *err);

#endif
