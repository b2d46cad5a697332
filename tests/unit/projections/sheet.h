/* tests/unit/projections/sheet.h: a read model made of events that were written by hand: events as
 * JSON in, rows out.
 */
#ifndef HF_TESTS_UNIT_PROJECTIONS_SHEET_H
#define HF_TESTS_UNIT_PROJECTIONS_SHEET_H

#include "projections/models.h"
#include "tests/harness/test.h"

#define DAY_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

/* One event, `second` being when the region recorded it. */
struct step {
    int64_t second;
    const char *type;
    const char *payload;
    const char *segment; /* inside of this tenant's segment */
    uint32_t version;    /* that the event says it has; 0: the newest */
    enum hf_rc rc;       /* of the projection */
    int64_t occurred;    /* second; 0: the same */
};

struct sheet {
    struct hf_store *store;
    const struct hf_projection *projection;
    uint64_t index;
};

void sheet_begin(struct sheet *s, const struct hf_projection *projection);
void sheet_show(struct sheet *s, const struct step *step);
void sheet_play(struct sheet *s, const struct hf_projection *projection, const struct step *steps,
                size_t count);
/* Rows of the projection's table of that number: values between bars, times as seconds of the day
 * ("-": none), of a key its first character. */
void sheet_check(struct sheet *s, int number, const char *wanted);
void sheet_end(struct sheet *s);

#endif
