/* tests/harness/sample_event.h: a small valid event for tests that need many. */
#ifndef HF_TESTS_HARNESS_SAMPLE_EVENT_H
#define HF_TESTS_HARNESS_SAMPLE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#define HF_SAMPLE_EVENT_MAX 1024

/* Writes the submission of a clock.tick of `producer` and `sequence` on the stream clock/REGION;
 * the same arguments give the same bytes. Answers its length. */
size_t hf_sample_event(const char *producer, unsigned sequence, const char *region, unsigned number,
                       uint8_t out[HF_SAMPLE_EVENT_MAX]);

#endif
