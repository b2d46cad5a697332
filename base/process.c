/* base/process.c: what this process uses of the machine. */
#include "base/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"

/* Pages are the second number of statm. */
static uint64_t resident_pages(void)
{
    struct hf_buf text = hf_buf_init(512);
    uint64_t pages = 0;
    if (hf_file_read("/proc/self/statm", &text, /* err= */ NULL) == HF_OK) {
        struct hf_str rest = hf_bytes_str(hf_buf_bytes(&text));
        const char *from = memchr(rest.ptr, ' ', rest.len);
        size_t left = from == NULL ? 0 : rest.len - (size_t)(from + 1 - rest.ptr);
        const char *to = left == 0 ? NULL : memchr(from + 1, ' ', left);
        if (to != NULL) {
            struct hf_str number = {from + 1, (size_t)(to - from) - 1};
            (void)hf_parse_u64(number, 0, UINT64_MAX >> 20, &pages);
        }
    }
    hf_buf_free(&text);
    return pages;
}

static uint64_t count_files(void)
{
    uint64_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    if (dir == NULL) {
        return 0;
    }
    while (readdir(dir) != NULL) {
        count++;
    }
    (void)closedir(dir);
    return count < 3 ? 0 : count - 3; /* ".", "..", and the folder itself */
}

void hf_process_usage(struct hf_process_usage *ret)
{
    struct rusage usage = {.ru_maxrss = 0};
    struct rlimit limit = {.rlim_cur = 0};
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    int64_t seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    int64_t micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    ret->cpu_us = (uint64_t)(seconds * 1000000 + micros);
    ret->resident = resident_pages() * (uint64_t)sysconf(_SC_PAGESIZE);
    ret->open_files = count_files();
    ret->max_files = limit.rlim_cur;
}
