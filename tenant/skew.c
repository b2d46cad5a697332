/* tenant/skew.c: the median of what the last heartbeats said about the clocks. */
#include "tenant/skew.h"

#define TIME_MAX (INT64_MAX / 4) /* differences of two such times do not overflow */

void hf_skew_take(struct hf_skew *skew, const struct hf_skew_sample *sample)
{
    if (sample->trip_us < 0 || sample->trip_us > HF_SKEW_TRIP_MAX || sample->hub_us < 0 ||
        sample->hub_us > TIME_MAX || sample->local_us < 0 || sample->local_us > TIME_MAX) {
        return;
    }
    skew->samples_us[skew->next] = sample->local_us - sample->trip_us / 2 - sample->hub_us;
    skew->next = (skew->next + 1) % HF_SKEW_SAMPLES;
    skew->count += skew->count < HF_SKEW_SAMPLES ? 1 : 0;
}

int64_t hf_skew_us(const struct hf_skew *skew)
{
    int64_t sorted[HF_SKEW_SAMPLES];
    for (unsigned i = 0; i < skew->count; i++) {
        unsigned at = i;
        for (; at > 0 && sorted[at - 1] > skew->samples_us[i]; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = skew->samples_us[i];
    }
    return skew->count == 0 ? 0 : sorted[skew->count / 2];
}

bool hf_skew_turned(struct hf_skew *skew)
{
    int64_t us = hf_skew_us(skew);
    bool big = us > HF_SKEW_WARN_US || us < -HF_SKEW_WARN_US;
    bool turned = big != skew->warned;
    skew->warned = big;
    return turned;
}
