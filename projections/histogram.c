/* projections/histogram.c: durations counted by size. */
#include "projections/histogram.h"

const int64_t hf_histogram_bounds_us[HF_HISTOGRAM_BOUNDS] = {
    25000, 50000, 100000, 250000, 500000, 1000000, 2000000, 5000000, 10000000, 30000000};

unsigned hf_histogram_bucket(int64_t duration_us)
{
    unsigned n = 0;
    while (n < HF_HISTOGRAM_BOUNDS && duration_us > hf_histogram_bounds_us[n]) {
        n++;
    }
    return n;
}

int64_t hf_histogram_percentile_us(const int64_t buckets[HF_HISTOGRAM_BOUNDS], int64_t count,
                                   unsigned per_mille, int64_t longest_us)
{
    /* Rounded up, without a product that could be too big. */
    int64_t within = count / 1000 * per_mille + (count % 1000 * per_mille + 999) / 1000;
    int64_t so_far = 0;
    if (count <= 0) {
        return 0;
    }
    for (unsigned n = 0; n < HF_HISTOGRAM_BOUNDS; n++) {
        so_far += buckets[n];
        if (so_far >= within) {
            return hf_histogram_bounds_us[n] < longest_us ? hf_histogram_bounds_us[n] : longest_us;
        }
    }
    return longest_us;
}
