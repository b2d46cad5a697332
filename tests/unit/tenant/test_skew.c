/* tests/unit/tenant/test_skew.c: what answers say about this server's clock. */
#include "tenant/skew.h"

#include "base/bytes.h"
#include "tests/harness/test.h"

/* Sequences of answers with what must come out: the middle of the trip, the median, what is let
 * go. */
HF_TEST(medians)
{
    static const struct {
        struct hf_skew_sample samples[4];
        unsigned count;
        int64_t us;
        unsigned taken;
    } table[] = {
        {{{0, 0, 0}}, 0, 0, 0},
        {{{1000000, 1000000, 0}}, 1, 0, 1},
        {{{1000000, 6000000, 1000000}}, 1, 4500000, 1},
        {{{6000000, 1000000, 0}}, 1, -5000000, 1},
        {{{100, 200, 0}, {100, 9900, 0}, {100, 250, 0}}, 3, 150, 3},
        {{{100, 200, -1}, {100, 200, HF_SKEW_TRIP_MAX + 1}, {-1, 200, 0}, {100, -1, 0}}, 4, 0, 0},
        {{{INT64_MAX, 0, 0}, {0, INT64_MAX, 0}, {7, 9, 2}}, 3, 1, 1},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        struct hf_skew skew = {.count = 0};
        for (unsigned n = 0; n < table[i].count; n++) {
            hf_skew_take(&skew, &table[i].samples[n]);
        }
        HF_CHECK_U64(skew.count, table[i].taken);
        HF_CHECK(hf_skew_us(&skew) == table[i].us);
    }
}

/* Only the last few count: a clock that was set right is right after half of them; each turn is
 * told once. */
HF_TEST(turns)
{
    struct hf_skew skew = {.count = 0};
    unsigned told = 0;
    for (unsigned i = 0; i < 40; i++) {
        bool wrong = i >= 10 && i < 25;
        const struct hf_skew_sample sample = {.hub_us = 1000000,
                                              .local_us = wrong ? 60000000 : 1000000};
        hf_skew_take(&skew, &sample);
        bool turned = hf_skew_turned(&skew);
        HF_CHECK(turned == (i == 14 || i == 29));
        told += turned ? 1 : 0;
        HF_CHECK(skew.warned == (i >= 14 && i < 29));
    }
    HF_CHECK_U64(told, 2);
}

HF_TEST_MAIN(HF_TEST_CASE(medians), HF_TEST_CASE(turns))
