/* tests/harness/test.c: runs the cases of a test program and prints TAP. */
#include "tests/harness/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/parse.h"

static struct {
    bool failed;
    bool skipped;
    char text[1024];
    char dir[64];
    char source[4096];
    uint64_t seed;
} state;

void hf_test_fail(const char *file, int line, const char *format, ...)
{
    if (state.failed) {
        return;
    }
    int len = snprintf(state.text, sizeof state.text, "%s:%d: ", file, line);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(state.text + len, sizeof state.text - (size_t)len, format, args);
    va_end(args);
    state.failed = true;
}

bool hf_test_failed(void)
{
    return state.failed;
}

void hf_test_skip(const char *why)
{
    state.skipped = true;
    (void)snprintf(state.text, sizeof state.text, "%s", why);
}

uint64_t hf_test_seed(void)
{
    return state.seed;
}

const char *hf_test_source(const char *relative)
{
    (void)snprintf(state.source, sizeof state.source, "%s/%s", HF_TEST_SOURCE, relative);
    return state.source;
}

const char *hf_test_dir(void)
{
    if (state.dir[0] == '\0') {
        (void)snprintf(state.dir, sizeof state.dir, "/tmp/holdfast-test-XXXXXX");
        if (mkdtemp(state.dir) == NULL) {
            perror("mkdtemp");
            abort();
        }
    }
    return state.dir;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    (void)remove(path);
    return 0;
}

static void run_case(const struct hf_test_case *test, size_t number)
{
    state.failed = false;
    state.skipped = false;
    state.text[0] = '\0';
    state.dir[0] = '\0';
    test->run();
    if (state.dir[0] != '\0') {
        (void)nftw(state.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    if (state.failed) {
        (void)printf("not ok %zu %s\n# %s (seed %" PRIu64 ")\n", number, test->name, state.text,
                     state.seed);
    } else if (state.skipped) {
        (void)printf("ok %zu %s # SKIP %s\n", number, test->name, state.text);
    } else {
        (void)printf("ok %zu %s\n", number, test->name);
    }
    (void)fflush(stdout);
}

static bool chosen(const char *name, int argc, char **argv)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--seed") == 0) {
            i++;
        } else {
            any = true;
            if (strcmp(argv[i], name) == 0) {
                return true;
            }
        }
    }
    return !any;
}

static void read_seed(int argc, char **argv)
{
    const char *text = getenv("HF_TEST_SEED");
    for (int i = 1; i + 1 < argc; i++) {
        text = strcmp(argv[i], "--seed") == 0 ? argv[i + 1] : text;
    }
    state.seed = 1;
    if (text != NULL && hf_parse_u64(hf_str_c(text), 0, UINT64_MAX, &state.seed) != HF_OK) {
        (void)fprintf(stderr, "the seed %s is no number\n", text);
        abort();
    }
}

int hf_test_main(const struct hf_test_case *cases, size_t count, int argc, char **argv)
{
    struct hf_err err = {0};
    if (hf_crypto_init(&err) != HF_OK) {
        (void)printf("Bail out! %s\n", err.text);
        return 1;
    }
    read_seed(argc, argv);
    size_t planned = 0;
    for (size_t i = 0; i < count; i++) {
        planned += chosen(cases[i].name, argc, argv);
    }
    (void)printf("1..%zu\n", planned);
    size_t number = 0;
    int failures = 0;
    for (size_t i = 0; i < count; i++) {
        if (chosen(cases[i].name, argc, argv)) {
            run_case(&cases[i], ++number);
            failures += state.failed;
        }
    }
    return failures == 0 ? 0 : 1;
}
