/* tests/unit/base/test_file.c: files are written whole or not at all, and errors name them. */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/heap.h"
#include "tests/harness/test.h"

#define ROUNDS 300
#define BIG    300000

static bool fails_nth(void *arg)
{
    size_t *left = arg;
    return *left == 0 || (*left)-- > 1;
}

struct path {
    char text[HF_PATH_MAX];
};

/* A path in the case's folder. */
static struct path in_dir(const char *name)
{
    struct path path;
    HF_ASSERT(hf_path_join(hf_test_dir(), name, path.text, sizeof path.text) == HF_OK);
    return path;
}

static bool holds(const char *path, struct hf_str content)
{
    struct hf_buf buf = hf_buf_init(1u << 20);
    bool same = hf_file_read(path, &buf, NULL) == HF_OK &&
                hf_str_eq(hf_bytes_str(hf_buf_bytes(&buf)), content);
    hf_buf_free(&buf);
    return same;
}

/* Entries of a folder without "." and "..". */
static size_t entries(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;
    HF_ASSERT(dir != NULL);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    }
    (void)closedir(dir);
    return count;
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    HF_ASSERT(stat(path, &st) == 0);
    return st.st_mode & 07777;
}

/* Replacing makes, overwrites (also with less) and leaves nothing else behind; creating refuses
 * what is there already and does not touch it. */
HF_TEST(replace_and_create)
{
    struct path file = in_dir("file"), other = in_dir("other");
    struct hf_err err = {0};
    HF_CHECK_OK(hf_file_replace(file.text, HF_BYTES("long text"), 0644, &err), err);
    HF_CHECK(holds(file.text, HF_STR("long text")));
    HF_CHECK_OK(hf_file_replace(file.text, HF_BYTES("new\0"), 0600, &err), err);
    HF_CHECK(holds(file.text, HF_STR("new\0")));
    HF_CHECK_U64(mode_of(file.text), 0600);
    HF_CHECK_OK(hf_file_replace(file.text, (struct hf_bytes){0}, 0600, &err), err);
    HF_CHECK(holds(file.text, HF_STR("")));
    HF_CHECK_OK(hf_file_create(other.text, HF_BYTES("mine"), 0400, &err), err);
    HF_CHECK_U64(mode_of(other.text), 0400);
    HF_CHECK_RC(hf_file_create(other.text, HF_BYTES("yours"), 0600, &err), HF_EEXIST);
    HF_CHECK(strstr(err.text, other.text) != NULL && holds(other.text, HF_STR("mine")));
    HF_CHECK_U64(entries(hf_test_dir()), 2);
}

/* A path without a folder is one in the working folder. */
HF_TEST(relative_path)
{
    char before[HF_PATH_MAX];
    struct hf_err err = {0};
    HF_CHECK(getcwd(before, sizeof before) != NULL && chdir(hf_test_dir()) == 0);
    enum hf_rc rc = hf_file_replace("file", HF_BYTES("x"), 0600, &err);
    bool back = chdir(before) == 0;
    struct path file = in_dir("file");
    HF_CHECK_OK(rc, err);
    HF_CHECK(back && holds(file.text, HF_STR("x")));
}

struct writer_job {
    struct path file;
    uint8_t *texts[2];
    bool done; /* atomic */
    enum hf_rc rc;
};

static void *keeps_replacing(void *arg)
{
    struct writer_job *job = arg;
    for (int i = 0; i < ROUNDS && job->rc == HF_OK; i++) {
        size_t len = i % 2 == 0 ? BIG : BIG / 2;
        job->rc = hf_file_replace(job->file.text, hf_bytes_of(job->texts[i % 2], len), 0600, NULL);
    }
    __atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
    return NULL;
}

/* While a thread replaces a file, whoever opens it finds one of the two contents, whole. */
HF_TEST(atomic)
{
    struct writer_job job = {.file = in_dir("file")};
    struct hf_buf buf = hf_buf_init(1u << 20);
    pthread_t thread;
    size_t torn = 0, reads = 0;
    for (int i = 0; i < 2; i++) {
        job.texts[i] = hf_heap_alloc(BIG);
        HF_CHECK(job.texts[i] != NULL);
        memset(job.texts[i], 'a' + i, BIG);
    }
    HF_CHECK_RC(hf_file_create(job.file.text, hf_bytes_of(job.texts[0], BIG), 0600, NULL), HF_OK);
    HF_CHECK(pthread_create(&thread, NULL, keeps_replacing, &job) == 0);
    while (!__atomic_load_n(&job.done, __ATOMIC_ACQUIRE)) {
        bool ok = hf_file_read(job.file.text, &buf, NULL) == HF_OK && buf.len > 0;
        size_t which = ok && buf.ptr[0] == 'b';
        struct hf_bytes whole = hf_bytes_of(job.texts[which], which == 0 ? BIG : BIG / 2);
        torn += !ok || !hf_bytes_eq(hf_buf_bytes(&buf), whole);
        reads++;
    }
    (void)pthread_join(thread, NULL);
    hf_buf_free(&buf);
    hf_heap_free(job.texts[0]);
    hf_heap_free(job.texts[1]);
    HF_CHECK_RC(job.rc, HF_OK);
    HF_CHECK(reads > 0);
    HF_CHECK_U64(torn, 0);
}

/* In a folder that is missing, or below a plain file, nothing works, nothing is made, and each
 * error names the path. */
HF_TEST(missing_folder)
{
    struct path none = in_dir("none/file"), plain = in_dir("plain"), below = in_dir("plain/file");

    const struct {
        const char *path;
        enum hf_rc rc;
    } rows[] = {{none.text, HF_ENOTFOUND}, {below.text, HF_EIO}};

    HF_CHECK_RC(hf_file_create(plain.text, HF_BYTES("x"), 0600, NULL), HF_OK);
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        const char *path = rows[i].path;
        struct hf_buf buf = hf_buf_init(64);
        struct hf_err errs[5] = {0};
        HF_CHECK_RC(hf_file_read(path, &buf, &errs[0]), rows[i].rc);
        HF_CHECK_RC(hf_file_replace(path, HF_BYTES("y"), 0600, &errs[1]), rows[i].rc);
        HF_CHECK_RC(hf_file_create(path, HF_BYTES("y"), 0600, &errs[2]), rows[i].rc);
        HF_CHECK_RC(hf_dir_create(path, 0700, true, &errs[3]), rows[i].rc);
        HF_CHECK_RC(hf_dir_sync(path, &errs[4]), rows[i].rc);
        for (size_t k = 0; k < HF_LEN(errs); k++) {
            HF_CHECK(strstr(errs[k].text, path) != NULL && errs[k].rc == rows[i].rc);
        }
        HF_CHECK_RC(hf_file_replace(path, HF_BYTES("y"), 0600, NULL), rows[i].rc);
        hf_buf_free(&buf);
    }
    HF_CHECK(entries(hf_test_dir()) == 1 && holds(plain.text, HF_STR("x")));
}

/* What is there and is no file, such as a pipe or a device, is not put a file in the place of. */
HF_TEST(no_file)
{
    struct path pipe = in_dir("pipe");
    struct hf_err err = {0};
    HF_CHECK(mkfifo(pipe.text, 0600) == 0);
    HF_CHECK_RC(hf_file_replace(pipe.text, HF_BYTES("x"), 0600, &err), HF_EINVAL);
    HF_CHECK(strstr(err.text, "is no file") != NULL);
    struct stat st;
    HF_CHECK(stat(pipe.text, &st) == 0 && S_ISFIFO(st.st_mode));
    HF_CHECK_U64(entries(hf_test_dir()), 1);
}

/* A folder of files goes with all of them; one that has a folder inside, or is none, stays. */
HF_TEST(dir_removed)
{
    struct path a = in_dir("a"), file = in_dir("a/file"), b = in_dir("b"), inner = in_dir("b/c");
    struct hf_err err = {0};
    HF_CHECK_RC(hf_dir_remove(a.text, &err), HF_ENOTFOUND);
    HF_CHECK_OK(hf_dir_create(a.text, 0700, false, &err), err);
    HF_CHECK_OK(hf_file_create(file.text, HF_BYTES("x"), 0600, &err), err);
    HF_CHECK(hf_dir_remove(file.text, &err) != HF_OK && holds(file.text, HF_STR("x")));
    HF_CHECK_OK(hf_dir_remove(a.text, &err), err);
    HF_CHECK_OK(hf_dir_create_all(inner.text, 0700, &err), err);
    HF_CHECK(hf_dir_remove(b.text, &err) != HF_OK && strstr(err.text, inner.text) != NULL);
    HF_CHECK_U64(entries(hf_test_dir()), 1);
}

/* Where the end of a write fails (the limit on file sizes stands in for a full disk; a folder is
 * in the place), the old content stays, the half of the new one goes, the error names the path. */
HF_TEST(failed_write)
{
    static const uint8_t zeros[8192];
    struct path old = in_dir("old"), fresh = in_dir("fresh"), folder = in_dir("folder");
    struct hf_err errs[3] = {0};
    struct rlimit before, small;
    HF_CHECK_RC(hf_file_create(old.text, HF_BYTES("old"), 0600, NULL), HF_OK);
    HF_CHECK_RC(hf_dir_create(folder.text, 0700, false, NULL), HF_OK);
    HF_CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    small = (struct rlimit){4096, before.rlim_max};
    HF_CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
    struct hf_bytes data = hf_bytes_of(zeros, sizeof zeros);
    enum hf_rc replaced = hf_file_replace(old.text, data, 0600, &errs[0]);
    enum hf_rc created = hf_file_create(fresh.text, data, 0600, &errs[1]);
    HF_CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
    enum hf_rc over_folder = hf_file_replace(folder.text, data, 0600, &errs[2]);
    HF_CHECK(replaced == HF_EIO && created == HF_EIO && over_folder == HF_EIO);
    HF_CHECK(strstr(errs[0].text, old.text) != NULL && strstr(errs[1].text, fresh.text) != NULL);
    HF_CHECK(strstr(errs[2].text, folder.text) != NULL);
    HF_CHECK(holds(old.text, HF_STR("old")));
    HF_CHECK_U64(entries(hf_test_dir()), 2);
}

/* A file of exactly the maximum is read, one byte more is too big; folders are no files. */
HF_TEST(read_limits)
{
    static uint8_t bytes[140001]; /* more than two pieces */
    static const size_t sizes[] = {0, 1, 63, 65535, 65536, 65537, 131072, 140000};
    struct path file = in_dir("file");
    struct hf_err err = {0};
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < HF_LEN(sizes); i++) {
        struct hf_buf buf = hf_buf_init(sizes[i]);
        struct hf_bytes fits = hf_bytes_of(bytes, sizes[i]);
        HF_CHECK_OK(hf_file_replace(file.text, fits, 0600, &err), err);
        HF_CHECK_OK(hf_file_read(file.text, &buf, &err), err);
        HF_CHECK(hf_bytes_eq(hf_buf_bytes(&buf), fits));
        HF_CHECK_OK(hf_file_replace(file.text, hf_bytes_of(bytes, sizes[i] + 1), 0600, &err), err);
        HF_CHECK_RC(hf_file_read(file.text, &buf, &err), HF_ETOOBIG);
        HF_CHECK(strstr(err.text, file.text) != NULL);
        HF_CHECK_RC(hf_file_read(hf_test_dir(), &buf, &err), HF_EIO);
        hf_buf_free(&buf);
    }
}

/* Whichever allocation fails, reading says so. */
HF_TEST(read_no_memory)
{
    struct path file = in_dir("file");
    HF_CHECK_RC(hf_file_create(file.text, HF_BYTES("text"), 0600, NULL), HF_OK);
    for (size_t n = 1, left = 0; left == 0; n++) {
        struct hf_buf buf = hf_buf_init(1u << 20);
        left = n;
        hf_heap_gate(fails_nth, &left);
        enum hf_rc rc = hf_file_read(file.text, &buf, NULL);
        hf_heap_gate(NULL, NULL);
        hf_buf_free(&buf);
        HF_CHECK_RC(rc, left == 0 ? HF_ENOMEM : HF_OK);
        HF_CHECK(n > 1 || left == 0);
    }
}

/* "-" is standard input, here a pipe that gives its bytes in pieces. */
HF_TEST(read_standard_input)
{
    int ends[2], kept = dup(STDIN_FILENO);
    struct hf_buf buf = hf_buf_init(64);
    HF_CHECK(pipe(ends) == 0);
    HF_CHECK_RC(hf_fd_write_all(ends[1], HF_BYTES("one "), NULL), HF_OK);
    HF_CHECK_RC(hf_fd_write_all(ends[1], HF_BYTES("two"), NULL), HF_OK);
    (void)close(ends[1]);
    HF_CHECK(dup2(ends[0], STDIN_FILENO) >= 0);
    enum hf_rc rc = hf_file_read("-", &buf, NULL);
    (void)dup2(kept, STDIN_FILENO);
    (void)close(kept);
    (void)close(ends[0]);
    HF_CHECK_RC(rc, HF_OK);
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&buf)), HF_STR("one two"));
    hf_buf_free(&buf);
}

static void *drains(void *arg)
{
    uint8_t piece[1000];
    size_t total = 0;
    for (ssize_t got; (got = read(*(int *)arg, piece, sizeof piece)) > 0;) {
        total += (size_t)got;
    }
    return total == BIG ? arg : NULL;
}

/* More than a pipe holds goes through it whole; a full device and a closed pipe are errors. */
HF_TEST(write_all)
{
    static const uint8_t data[BIG];
    int ends[2];
    pthread_t thread = 0;
    void *whole = NULL;
    struct hf_err err = {0};
    HF_CHECK(pipe(ends) == 0 && pthread_create(&thread, NULL, drains, &ends[0]) == 0);
    enum hf_rc rc = hf_fd_write_all(ends[1], hf_bytes_of(data, sizeof data), &err);
    (void)close(ends[1]);
    (void)pthread_join(thread, &whole);
    (void)close(ends[0]);
    HF_CHECK_OK(rc, err);
    HF_CHECK(whole != NULL);
    HF_CHECK_RC(hf_fd_write_all(-1, HF_BYTES("x"), &err), HF_EIO);
    HF_CHECK_RC(hf_fd_write_all(-1, (struct hf_bytes){0}, &err), HF_OK);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full >= 0) {
        rc = hf_fd_write_all(full, HF_BYTES("x"), &err);
        (void)close(full);
        HF_CHECK_RC(rc, HF_ENOSPC);
    }
}

/* Folders: made once, empty ones and known ones may be there, files may not be in their place. */
HF_TEST(folders)
{
    struct path a = in_dir("a"), deep = in_dir("a//b/c/"), leaf = in_dir("a/b/c/f");
    struct path c = in_dir("a/b/c"), below = in_dir("a/b/c/f/g");
    struct hf_err err = {0};
    HF_CHECK_OK(hf_dir_create(a.text, 0700, false, &err), err);
    HF_CHECK_U64(mode_of(a.text), 0700);
    HF_CHECK_OK(hf_dir_create(a.text, 0700, false, &err), err);
    HF_CHECK_OK(hf_dir_create_all(deep.text, 0700, &err), err);
    HF_CHECK_OK(hf_dir_create_all(deep.text, 0700, &err), err);
    HF_CHECK_OK(hf_dir_sync(c.text, &err), err);
    HF_CHECK_OK(hf_file_create(leaf.text, HF_BYTES(""), 0600, &err), err);
    HF_CHECK_RC(hf_dir_create(a.text, 0700, false, &err), HF_EEXIST);
    HF_CHECK(strstr(err.text, "not empty") != NULL && strstr(err.text, a.text) != NULL);
    HF_CHECK_OK(hf_dir_create(a.text, 0700, true, &err), err);
    HF_CHECK_RC(hf_dir_create(leaf.text, 0700, true, &err), HF_EEXIST);
    HF_CHECK(strstr(err.text, "no folder") != NULL && strstr(err.text, leaf.text) != NULL);
    HF_CHECK_RC(hf_dir_create_all(below.text, 0700, &err), HF_EEXIST);
    HF_CHECK_RC(hf_dir_sync(leaf.text, &err), HF_EIO);
    HF_CHECK_RC(hf_dir_create_all("", 0700, &err), HF_ENOTFOUND); /* not a folder that was made */
    HF_CHECK_RC(hf_dir_create_all("/", 0700, &err), HF_OK);
}

/* Joined paths have one slash between; what does not fit is refused at each size. Paths longer
 * than any may be are refused everywhere. */
HF_TEST(paths)
{
    char out[16];
    HF_CHECK_RC(hf_path_join("a", "b", out, sizeof out), HF_OK);
    HF_CHECK_STR(hf_str_c(out), HF_STR("a/b"));
    HF_CHECK_RC(hf_path_join("/", "b", out, sizeof out), HF_OK);
    HF_CHECK_STR(hf_str_c(out), HF_STR("/b"));
    HF_CHECK_RC(hf_path_join("a/", "b", out, 4), HF_OK);
    for (size_t cap = 0; cap < 4; cap++) {
        HF_CHECK_RC(hf_path_join("a", "b", out, cap), HF_ETOOBIG);
    }
    static char longest[HF_PATH_MAX + 10];
    struct hf_err err = {0};
    memset(longest, 'x', sizeof longest - 1);
    HF_CHECK_RC(hf_file_replace(longest, HF_BYTES(""), 0600, &err), HF_ETOOBIG);
    HF_CHECK_RC(hf_dir_create_all(longest, 0700, &err), HF_ETOOBIG);
    HF_CHECK_RC(hf_file_create(longest, HF_BYTES(""), 0600, &err), HF_EIO);
}

HF_TEST_MAIN(HF_TEST_CASE(replace_and_create), HF_TEST_CASE(relative_path), HF_TEST_CASE(atomic),
             HF_TEST_CASE(missing_folder), HF_TEST_CASE(no_file), HF_TEST_CASE(dir_removed),
             HF_TEST_CASE(failed_write), HF_TEST_CASE(read_limits), HF_TEST_CASE(read_no_memory),
             HF_TEST_CASE(read_standard_input), HF_TEST_CASE(write_all), HF_TEST_CASE(folders),
             HF_TEST_CASE(paths))
