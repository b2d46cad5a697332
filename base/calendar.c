/* base/calendar.c: dates by eras of 400 years that begin on 1 March: leap days come last. */
#include "base/calendar.h"

int64_t hf_date_days(const struct hf_date *date)
{
    int64_t year = date->year - (date->month <= 2);
    int64_t era = year / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (date->month + (date->month > 2 ? -3 : 9)) + 2) / 5 + date->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct hf_date hf_date_of_days(int64_t days)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t of_era = days % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153;
    int64_t month = shifted + (shifted < 10 ? 3 : -9);
    return (struct hf_date){.year = year + era * 400 + (month <= 2),
                            .month = month,
                            .day = of_year - (153 * shifted + 2) / 5 + 1};
}
