/* base/process.h: what this process uses of the machine, for metrics. Any thread. */
#ifndef HF_BASE_PROCESS_H
#define HF_BASE_PROCESS_H

#include <stdint.h>

struct hf_process_usage {
    uint64_t cpu_us;   /* user and system */
    uint64_t resident; /* bytes; 0: /proc is not there */
    uint64_t open_files;
    uint64_t max_files;
};

void hf_process_usage(struct hf_process_usage *ret);

#endif
