/* tests/unit/base/test_logger.c: log lines are whole, bounded, and never lost. */
#include "base/logger.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json_in.h"
#include "tests/harness/test.h"

#define LINE_MAX_BYTES 4096
#define FIELDS         300

/* Writes one line with these fields into a file and reads it back, NUL-terminated in out. */
static size_t line_of(enum hf_log_format format, enum hf_log_level level,
                      const struct hf_field *fields, size_t count, char out[2 * LINE_MAX_BYTES])
{
    char path[HF_PATH_MAX];
    struct hf_env_sim env;
    hf_env_sim_init(&env, 1);
    HF_ASSERT(hf_path_join(hf_test_dir(), "lines", path, sizeof path) == HF_OK);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    HF_ASSERT(fd >= 0);
    struct hf_logger logger = {&env.env, fd, HF_LOG_INFO, format};
    hf_logger_write(&logger, level, "test.line", fields, count);
    ssize_t len = pread(fd, out, 2 * LINE_MAX_BYTES - 1, 0);
    (void)close(fd);
    HF_ASSERT(len >= 0);
    out[len] = '\0';
    return (size_t)len;
}

/* One line of each format with all kinds of fields; levels below the logger's are dropped. */
HF_TEST(formats)
{
    const struct hf_field fields[] = {hf_f_str("s", HF_STR("a \"b\"\n\\")),
                                      hf_f_i64("i", INT64_MIN),
                                      hf_f_u64("u", UINT64_MAX),
                                      hf_f_bool("t", true),
                                      hf_f_hex("h", HF_BYTES("\x00\xFF")),
                                      hf_f_c("none", NULL)};
    char out[2 * LINE_MAX_BYTES];
    (void)line_of(HF_LOG_LOGFMT, HF_LOG_WARN, fields, HF_LEN(fields), out);
    HF_CHECK_STR(hf_str_c(out),
                 HF_STR("time=\"2026-01-01T00:00:00.000000Z\" level=\"warn\" event=\"test.line\" "
                        "s=\"a \\\"b\\\"\\u000a\\\\\" i=-9223372036854775808 "
                        "u=18446744073709551615 t=true h=\"00ff\" none=\"\"\n"));
    (void)line_of(HF_LOG_JSON, HF_LOG_INFO, fields, 1, out);
    HF_CHECK_STR(hf_str_c(out),
                 HF_STR("{\"time\":\"2026-01-01T00:00:00.000000Z\",\"level\":\"info\",\"event\":"
                        "\"test.line\",\"s\":\"a \\\"b\\\"\\u000a\\\\\"}\n"));
    HF_CHECK_U64(line_of(HF_LOG_JSON, HF_LOG_DEBUG, fields, 1, out), 0);
}

/* Fields of every kind, with keys of every length up to 62, as many as it takes to fill the line
 * at every remainder: it is cut, never lost, within its bound, one line with its end. */
HF_TEST(full_lines)
{
    static const char name[] = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
    static const char filler[LINE_MAX_BYTES * 2 + 1];
    struct hf_field fields[FIELDS];
    char out[2 * LINE_MAX_BYTES];
    for (size_t lead = 0; lead < sizeof filler; lead += lead < 3800 || lead > 4100 ? 97 : 1) {
        for (size_t kind = 0; kind < 5; kind++) {
            const char *key = name + (lead * 5 + kind) % (sizeof name - 1);
            const struct hf_field kinds[] = {
                hf_f_u64(key, UINT64_MAX), hf_f_i64(key, INT64_MIN), hf_f_bool(key, false),
                hf_f_hex(key, HF_BYTES("0123456789abcdef")), hf_f_str(key, HF_STR("\x01\x02\x03"))};
            fields[0] = hf_f_str("lead", (struct hf_str){filler, lead / 6});
            for (size_t i = 1; i < FIELDS; i++) {
                fields[i] = kinds[kind];
            }
            size_t len = line_of(HF_LOG_JSON, HF_LOG_ERROR, fields, FIELDS, out);
            HF_CHECK(len > LINE_MAX_BYTES / 2 && len <= LINE_MAX_BYTES);
            HF_CHECK(out[len - 1] == '\n' && out[len - 2] == '}');
            HF_CHECK(memchr(out, '\n', len) == out + len - 1);
        }
    }
}

/* A text that is too long is cut with dots, and the line stays JSON. */
HF_TEST(long_text)
{
    static char text[3 * LINE_MAX_BYTES];
    char out[2 * LINE_MAX_BYTES];
    static const char units[] = {'x', '"', '\x01', '\xC3'};
    for (size_t i = 0; i < sizeof units; i++) {
        for (size_t shift = 0; shift < 12; shift++) {
            struct hf_json_doc *doc = NULL;
            struct hf_err err = {0};
            memset(text, 'y', shift);
            memset(text + shift, units[i], sizeof text - shift);
            struct hf_field field = hf_f_str("text", (struct hf_str){text, sizeof text});
            size_t len = line_of(HF_LOG_JSON, HF_LOG_ERROR, &field, 1, out);
            HF_CHECK(len > LINE_MAX_BYTES - 64 && len <= LINE_MAX_BYTES);
            HF_CHECK_STR(((struct hf_str){out + len - 6, 6}), HF_STR("...\"}\n"));
            HF_CHECK_OK(hf_json_parse(hf_bytes_of(out, len), &doc, &err), err);
            hf_json_free(doc);
        }
    }
}

HF_TEST_MAIN(HF_TEST_CASE(formats), HF_TEST_CASE(full_lines), HF_TEST_CASE(long_text))
