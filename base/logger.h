/* base/logger.h: structured log lines of a process; not to be confused with the event log.
 *
 * One line per fact: a level, a static event name ("log.read_only") and typed fields, written as
 * logfmt on a terminal and as JSON lines elsewhere. There is no field type for a struct
 * hf_secret. Libraries below the processes never log above debug; a process logs an error once,
 * where it stops travelling. Any thread; a line is one write. The text is no API: the event log is.
 */
#ifndef HF_BASE_LOGGER_H
#define HF_BASE_LOGGER_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/err.h"

enum hf_log_level {
    HF_LOG_DEBUG,
    HF_LOG_INFO,
    HF_LOG_WARN,
    HF_LOG_ERROR
};

enum hf_log_format {
    HF_LOG_LOGFMT,
    HF_LOG_JSON
};

enum hf_field_kind {
    HF_FIELD_STR,
    HF_FIELD_I64,
    HF_FIELD_U64,
    HF_FIELD_BOOL,
    HF_FIELD_HEX
};

struct hf_field {
    const char *key;
    enum hf_field_kind kind;
    struct hf_str str; /* STR; bytes for HEX */
    int64_t i64;
    uint64_t u64;
    bool boolean;
};

struct hf_field hf_f_str(const char *key, struct hf_str value);
struct hf_field hf_f_c(const char *key, const char *value);
struct hf_field hf_f_i64(const char *key, int64_t value);
struct hf_field hf_f_u64(const char *key, uint64_t value);
struct hf_field hf_f_bool(const char *key, bool value);
struct hf_field hf_f_hex(const char *key, struct hf_bytes value);
struct hf_field hf_f_err(const struct hf_err *err); /* key "error" */

struct hf_logger {
    struct hf_env *env;
    int fd;
    enum hf_log_level level; /* lines below are dropped */
    enum hf_log_format format;
};

/* A line longer than 4 KiB is cut with "..." in its last field. Never fails, never allocates. */
void hf_logger_write(const struct hf_logger *logger, enum hf_log_level level, const char *event,
                     const struct hf_field *fields, size_t count);

/* hf_log(logger, HF_LOG_WARN, "log.read_only", hf_f_u64("free_bytes", n)); */
#define hf_log(logger, level, event, ...)                                                          \
    hf_logger_write((logger), (level), (event), (const struct hf_field[]){__VA_ARGS__},            \
                    sizeof((const struct hf_field[]){__VA_ARGS__}) / sizeof(struct hf_field))

#endif
