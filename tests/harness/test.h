/* tests/harness/test.h: what a test program is made of.
 *
 *   HF_TEST(name) { ... HF_CHECK(x); HF_CHECK_U64(a, b); ... }      file scope
 *   HF_TEST_MAIN(HF_TEST_CASE(name), ...)                            once, at the end of the file
 *
 * Prints TAP, one line a case. A failed check prints both values and ends the case (return).
 * Arguments: names of cases to run, "--seed N" for hf_test_seed. HF_TEST_DIR is a fresh folder of
 * the case (hf_test_dir), removed afterwards.
 */
#ifndef HF_TESTS_HARNESS_TEST_H
#define HF_TESTS_HARNESS_TEST_H

#include <inttypes.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/err.h"

struct hf_test_case {
    const char *name;
    void (*run)(void);
};

#define HF_TEST(name) static void test_##name(void)
#define HF_TEST_CASE(name)                                                                         \
    {                                                                                              \
#name, test_##name                                                                         \
    }
#define HF_TEST_MAIN(...)                                                                          \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const struct hf_test_case cases[] = {__VA_ARGS__};                                  \
        return hf_test_main(cases, HF_LEN(cases), argc, argv);                                     \
    }

int hf_test_main(const struct hf_test_case *cases, size_t count, int argc, char **argv);

/* A fresh folder of the running case; removed with all its content when the case ends. */
const char *hf_test_dir(void);
/* The run's seed: --seed, else HF_TEST_SEED, else 1. Printed when a case fails. */
uint64_t hf_test_seed(void);
/* Path of a file in tests/ ("golden/volume-1.mdb"), from any working folder. Static storage. */
const char *hf_test_source(const char *relative);
/* Marks the case skipped with a reason; return afterwards. */
void hf_test_skip(const char *why);

void hf_test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* True once the running case failed; loops use it to end early. */
bool hf_test_failed(void);

#define HF_CHECK(condition)                                                                        \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            hf_test_fail(__FILE__, __LINE__, "not true: %s", #condition);                          \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define HF_CHECK_U64(actual, expected)                                                             \
    do {                                                                                           \
        uint64_t a_ = (uint64_t)(actual), e_ = (uint64_t)(expected);                               \
        if (a_ != e_) {                                                                            \
            hf_test_fail(__FILE__, __LINE__, "%s is %" PRIu64 ", expected %" PRIu64, #actual, a_,  \
                         e_);                                                                      \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define HF_CHECK_RC(expression, expected)                                                          \
    do {                                                                                           \
        enum hf_rc a_ = (expression), e_ = (expected);                                             \
        if (a_ != e_) {                                                                            \
            hf_test_fail(__FILE__, __LINE__, "%s gave %s, expected %s", #expression,               \
                         hf_rc_name(a_), hf_rc_name(e_));                                          \
            return;                                                                                \
        }                                                                                          \
    } while (0)
/* Like HF_CHECK_RC(.., HF_OK) but prints err's text. */
#define HF_CHECK_OK(expression, err)                                                               \
    do {                                                                                           \
        enum hf_rc a_ = (expression);                                                              \
        if (a_ != HF_OK) {                                                                         \
            hf_test_fail(__FILE__, __LINE__, "%s gave %s: %s", #expression, hf_rc_name(a_),        \
                         (err).text);                                                              \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define HF_CHECK_STR(actual, expected)                                                             \
    do {                                                                                           \
        struct hf_str a_ = (actual), e_ = (expected);                                              \
        if (!hf_str_eq(a_, e_)) {                                                                  \
            hf_test_fail(__FILE__, __LINE__, "%s is \"%.*s\", expected \"%.*s\"", #actual,         \
                         HF_STR_ARG(a_), HF_STR_ARG(e_));                                          \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define HF_CHECK_MEM(actual, expected, len)                                                        \
    do {                                                                                           \
        if (memcmp((actual), (expected), (len)) != 0) {                                            \
            hf_test_fail(__FILE__, __LINE__, "%s differs from %s", #actual, #expected);            \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#endif
