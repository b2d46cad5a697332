/* projections/histogram.h: durations counted by size, in integers, with the same bounds everywhere.
 *
 * Bucket n counts durations of at most hf_histogram_bounds_us[n] that are not in the one before;
 * what is longer than the last bound is in none of them, only in the count. Pure; one thread.
 */
#ifndef HF_PROJECTIONS_HISTOGRAM_H
#define HF_PROJECTIONS_HISTOGRAM_H

#include <stdint.h>

#define HF_HISTOGRAM_BOUNDS 10

extern const int64_t hf_histogram_bounds_us[HF_HISTOGRAM_BOUNDS];

/* The bucket that a duration falls in; HF_HISTOGRAM_BOUNDS: it is longer than all of them. */
unsigned hf_histogram_bucket(int64_t duration_us);
/* A bound that at least this many thousandths of all were within: of the buckets the least one that
 * holds, of longer ones the longest that there was. 0 when there was none. */
int64_t hf_histogram_percentile_us(const int64_t buckets[HF_HISTOGRAM_BOUNDS], int64_t count,
                                   unsigned per_mille, int64_t longest_us);

#endif
