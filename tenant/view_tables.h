/* tenant/view_tables.h: the tables of the tenant's views (tenant/views.h) and who makes them. */
#ifndef HF_TENANT_VIEW_TABLES_H
#define HF_TENANT_VIEW_TABLES_H

#include "projections/projector.h"

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
