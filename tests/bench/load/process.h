/* tests/bench/load/process.h: the program under load: started, watched from /proc, killed. */
#ifndef HF_TESTS_BENCH_LOAD_PROCESS_H
#define HF_TESTS_BENCH_LOAD_PROCESS_H

#include <sys/types.h>

#include "base/loop.h"

struct load_process {
    /* public */
    void (*listening)(struct load_process *process); /* after load_process_restart */
    char url[160];                                   /* "https://127.0.0.1:8443" */
    pid_t pid;
    /* private */
    struct hf_poll poll;
    int out;
    char text[512];
    size_t text_len;
    bool found;
    struct hf_timer gone;
    const char *const *argv;
    const char *log;
};

/* Starts argv (ends with NULL); its standard error goes to the file `log`. Waits until it says
 * "listening on URL". */
void load_process_start(struct load_process *process, const char *const *argv, const char *log);
/* For a program that does not say where it listens. */
void load_process_spawn(struct load_process *process, const char *const *argv, const char *log);
/* Sends the signal and starts it anew when it ended, without waiting: `listening` runs when it says
 * so. Borrows argv and log. */
void load_process_restart(struct load_process *process, struct hf_loop *loop, int number,
                          const char *const *argv, const char *log);
/* Sends the signal and waits for the end. */
void load_process_end(struct load_process *process, int number);

/* Processor time so far, user and system, of all threads, in seconds. */
double load_process_cpu_s(pid_t pid);
/* Memory in use, in bytes. */
double load_process_rss(pid_t pid);

/* Allows this process and those that it starts `count` open files, or ends it saying what to do. */
void load_files(uint64_t count);

#endif
