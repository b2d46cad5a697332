/* tests/harness/fault.h: makes the n-th allocation, write or sync of this process fail.
 *
 * Writes and syncs are those of every library in the process (LMDB's too): the functions of the C
 * library are replaced in the test program. Link sample: harness_fault_dep. Any thread.
 */
#ifndef HF_TESTS_HARNESS_FAULT_H
#define HF_TESTS_HARNESS_FAULT_H

#include <stdint.h>

enum hf_sweep {
    HF_SWEEP_ALLOC, /* hf_heap_* answers NULL */
    HF_SWEEP_WRITE, /* write, pwrite, pwritev, ftruncate and rename fail */
    HF_SWEEP_SYNC,  /* fsync, fdatasync and msync fail */
};

/* From now on the n-th call of that kind fails with error (an errno; of no use for ALLOC), and only
 * that one. 0: none; counts only. */
void hf_sweep_begin(enum hf_sweep kind, uint64_t nth, int error);
/* Ends it; answers how many calls of that kind there were. */
uint64_t hf_sweep_end(void);

/* From now on syncs do nothing: a test of memory does not have to wait for the disk. */
void hf_sweep_without_syncs(void);

#endif
