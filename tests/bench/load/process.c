/* tests/bench/load/process.c: a child, its pipe, and /proc. */
#include "tests/bench/load/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/parse.h"
#include "tests/bench/load/must.h"

#define ARGUMENTS_MAX 16
#define GONE_NS       UINT64_C(2000000)
#define SAYING        "listening on "

/* The child goes with this process, whatever ends it: nothing is left running. */
static void become(const char *const *argv, int out, const char *log)
{
    char *words[ARGUMENTS_MAX] = {NULL}; /* exec wants them writable */
    for (size_t i = 0; argv[i] != NULL && i < ARGUMENTS_MAX - 1; i++) {
        words[i] = hf_heap_copy(argv[i], strlen(argv[i]) + 1);
    }
    int err = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (words[0] != NULL && err >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
        dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0) {
        (void)execvp(words[0], words);
    }
    _exit(3);
}

void load_process_spawn(struct load_process *process, const char *const *argv, const char *log)
{
    int ends[2];
    must(pipe2(ends, O_CLOEXEC) == 0 ? HF_OK : HF_EIO, NULL, "pipe");
    process->pid = fork();
    must(process->pid >= 0 ? HF_OK : HF_EIO, NULL, "fork");
    if (process->pid == 0) {
        become(argv, ends[1], log);
    }
    (void)close(ends[1]);
    process->out = ends[0];
    process->text_len = 0;
    process->found = false;
}

/* Reads what is there; false at its end. */
static bool read_some(struct load_process *process)
{
    char drop[512];
    bool room = process->text_len < sizeof process->text - 1;
    char *to = room ? process->text + process->text_len : drop;
    size_t most = room ? sizeof process->text - 1 - process->text_len : sizeof drop;
    ssize_t len = read(process->out, to, most);
    if (len <= 0) {
        return false;
    }
    process->text_len += room ? (size_t)len : 0;
    process->text[process->text_len] = '\0';
    char *at = strstr(process->text, SAYING);
    char *end = at == NULL ? NULL : strchr(at, '\n');
    if (end != NULL && !process->found) {
        process->found = true;
        (void)snprintf(process->url, sizeof process->url, "%.*s",
                       (int)(end - at - (ptrdiff_t)(sizeof SAYING - 1)), at + sizeof SAYING - 1);
    }
    return true;
}

void load_process_start(struct load_process *process, const char *const *argv, const char *log)
{
    load_process_spawn(process, argv, log);
    while (!process->found) {
        if (!read_some(process)) {
            (void)fprintf(stderr, "bench: %s did not start; see %s\n", argv[0], log);
            _exit(3);
        }
    }
}

static void out_closed(struct hf_poll *poll)
{
    struct load_process *process = HF_CONTAINER_OF(poll, struct load_process, poll);
    (void)close(process->out);
}

static void out_ready(struct hf_poll *poll, unsigned events)
{
    struct load_process *process = HF_CONTAINER_OF(poll, struct load_process, poll);
    (void)events;
    if (!read_some(process)) {
        (void)fprintf(stderr, "bench: the Hub did not start again\n");
        _exit(3);
    }
    if (process->found) {
        hf_poll_close(poll);
        process->listening(process);
    }
}

static void watch_gone(struct hf_timer *timer)
{
    struct load_process *process = HF_CONTAINER_OF(timer, struct load_process, gone);
    struct hf_err err = {0};
    int status = 0;
    if (waitpid(process->pid, &status, WNOHANG) == 0) {
        must(hf_timer_arm(timer, GONE_NS), NULL, "timer");
        return;
    }
    load_process_spawn(process, process->argv, process->log);
    process->poll = (struct hf_poll){.ready = out_ready, .closed = out_closed};
    must(hf_poll_open(timer->loop, &process->poll, process->out, &err), &err, "poll");
    hf_poll_set(&process->poll, HF_POLL_READ);
}

void load_process_restart(struct load_process *process, struct hf_loop *loop, int number,
                          const char *const *argv, const char *log)
{
    (void)close(process->out);
    (void)kill(process->pid, number);
    process->argv = argv;
    process->log = log;
    hf_timer_init(&process->gone, loop, watch_gone);
    must(hf_timer_arm(&process->gone, GONE_NS), NULL, "timer");
}

void load_process_end(struct load_process *process, int number)
{
    int status = 0;
    (void)kill(process->pid, number);
    while (waitpid(process->pid, &status, 0) < 0) {
    }
    process->pid = 0;
}

/* The number after `skip` spaces behind the first `mark`; 0 when it is not there. */
static double number_in(const char *path, const char *mark, unsigned skip, unsigned count)
{
    struct hf_buf text = hf_buf_init(65536);
    struct hf_err err = {0};
    double sum = 0;
    must(hf_file_read(path, &text, &err), &err, path);
    hf_buf_put(&text, "", 1);
    const char *at = strstr((const char *)text.ptr, mark);
    at = at == NULL ? NULL : at + strlen(mark);
    for (unsigned field = 0; at != NULL && field < skip + count; field++) {
        at += strspn(at, " \t");
        size_t len = strcspn(at, " \t\n");
        uint64_t number = 0;
        if (field >= skip &&
            hf_parse_u64((struct hf_str){at, len}, 0, UINT64_MAX, &number) == HF_OK) {
            sum += (double)number;
        }
        at += len;
    }
    hf_buf_free(&text);
    return sum;
}

double load_process_cpu_s(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    return number_in(path, ")", 11, 2) / (double)sysconf(_SC_CLK_TCK);
}

double load_process_rss(pid_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    return number_in(path, "VmRSS:", 0, 1) * 1024;
}

void load_files(uint64_t count)
{
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0 ? HF_OK : HF_EIO, NULL, "getrlimit");
    if (limit.rlim_max < count) {
        limit.rlim_max = count;
        limit.rlim_cur = count;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            (void)getrlimit(RLIMIT_NOFILE, &limit);
            (void)fprintf(stderr,
                          "bench: this needs %llu open files, allowed are %llu. Run it as root, or "
                          "raise the hard limit (ulimit -Hn, or LimitNOFILE= of the unit), or use "
                          "fewer tenants.\n",
                          (unsigned long long)count, (unsigned long long)limit.rlim_max);
            _exit(3);
        }
    }
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}
