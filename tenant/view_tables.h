/* tenant/view_tables.h: the tables of the tenant's views (tenant/views.h) and who makes them. */
#ifndef HF_TENANT_VIEW_TABLES_H
#define HF_TENANT_VIEW_TABLES_H

#include "projections/projector.h"

enum {
    HF_VIEW_APPROVAL,
    HF_VIEW_TOOL,
    HF_VIEW_RISK,
    HF_VIEW_SUMMARY,  /* of a request that is in the clear, else empty */
    HF_VIEW_PERSONAL, /* what is sealed, in base64 */
    HF_VIEW_REQUESTED_US,
    HF_VIEW_EXPIRES_US,
    HF_VIEW_STATE,
    HF_VIEW_DECIDED_US,
    HF_VIEW_BY,
};

extern const struct hf_table_def hf_view_approvals_table;
extern const struct hf_projection hf_view_approvals;

/* Amounts by meter and hour. The proxy's own counts have meters of their own, "proxy/...". */
enum {
    HF_VIEW_METER,
    HF_VIEW_METER_HOUR_US,
    HF_VIEW_METER_AMOUNT,
};

#define HF_VIEW_METER_KEY 2
extern const struct hf_table_def hf_view_metering_table;

/* The periods whose end was recorded, by their end. */
enum {
    HF_VIEW_PERIOD_END_US,
    HF_VIEW_PERIOD_START_US,
};
extern const struct hf_table_def hf_view_periods_table;
extern const struct hf_projection hf_view_metering;

#endif
