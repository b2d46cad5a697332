/* tenant/skew.h: how far this server's clock is from the region's.
 *
 * Each answer to a heartbeat carries the Hub's clock. What it showed is taken for the middle of the
 * round trip; of the last few the median counts, so that one slow answer says nothing. It is only
 * reported: no time that is stored changes. Pure.
 */
#ifndef HF_TENANT_SKEW_H
#define HF_TENANT_SKEW_H

#include <stdbool.h>
#include <stdint.h>

#define HF_SKEW_SAMPLES  9
#define HF_SKEW_WARN_US  INT64_C(2000000)
/* A longer round trip could hide a skew that would be warned of. */
#define HF_SKEW_TRIP_MAX INT64_C(4000000)

struct hf_skew {
    unsigned count;
    unsigned next;
    bool warned;
    int64_t samples_us[HF_SKEW_SAMPLES];
};

struct hf_skew_sample {
    int64_t hub_us;   /* the Hub's clock, in its answer */
    int64_t local_us; /* this clock when the answer came */
    int64_t trip_us;  /* from the question to the answer */
};

/* Takes a sample; one with a round trip that is too long, or times that cannot be, is let go. */
void hf_skew_take(struct hf_skew *skew, const struct hf_skew_sample *sample);
/* The median: how much this clock is ahead of the Hub's; 0 when there is no sample. */
int64_t hf_skew_us(const struct hf_skew *skew);
/* True once each time that the skew becomes too big, or becomes small again (skew->warned says
 * which). */
bool hf_skew_turned(struct hf_skew *skew);

#endif
