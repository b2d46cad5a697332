/* base/calendar.h: days and months of the proleptic Gregorian calendar, UTC, without leap seconds.
 *
 * Pure, any thread. Years 1970 to 9999.
 */
#ifndef HF_BASE_CALENDAR_H
#define HF_BASE_CALENDAR_H

#include <stdint.h>

#define HF_HOUR_US INT64_C(3600000000)
#define HF_DAY_US  (24 * HF_HOUR_US)

struct hf_date {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;   /* 1 to 31 */
};

/* Days since 1970-01-01. */
int64_t hf_date_days(const struct hf_date *date);
struct hf_date hf_date_of_days(int64_t days);

#endif
