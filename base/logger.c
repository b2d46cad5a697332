/* base/logger.c: one line, one write. */
#include "base/logger.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/parse.h"

#define LINE_MAX_BYTES 4096
#define KEY_MAX_BYTES  64
/* Room that a field needs at least: its key with ,"": around it, the longest number, the line's
 * end. Texts and bytes are cut to what is left. */
#define FIELD_ROOM     (KEY_MAX_BYTES + 4 + 20 + 2)

struct hf_field hf_f_str(const char *key, struct hf_str value)
{
    return (struct hf_field){.key = key, .kind = HF_FIELD_STR, .str = value};
}

struct hf_field hf_f_c(const char *key, const char *value)
{
    return hf_f_str(key, hf_str_c(value));
}

struct hf_field hf_f_i64(const char *key, int64_t value)
{
    return (struct hf_field){.key = key, .kind = HF_FIELD_I64, .i64 = value};
}

struct hf_field hf_f_u64(const char *key, uint64_t value)
{
    return (struct hf_field){.key = key, .kind = HF_FIELD_U64, .u64 = value};
}

struct hf_field hf_f_bool(const char *key, bool value)
{
    return (struct hf_field){.key = key, .kind = HF_FIELD_BOOL, .boolean = value};
}

struct hf_field hf_f_hex(const char *key, struct hf_bytes value)
{
    return (struct hf_field){.key = key, .kind = HF_FIELD_HEX, .str = hf_bytes_str(value)};
}

struct hf_field hf_f_err(const struct hf_err *err)
{
    return hf_f_c("error", err->text);
}

/* A quoted string is valid both in JSON and in logfmt. It is cut so that the line's end fits. */
static void quoted(struct hf_writer *w, struct hf_str text)
{
    size_t limit = LINE_MAX_BYTES - 16;
    hf_writer_u8(w, '"');
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = (uint8_t)text.ptr[i];
        if (w->len + 8 > limit) {
            hf_writer_str(w, HF_STR("..."));
            break;
        }
        if (c == '"' || c == '\\') {
            hf_writer_u8(w, '\\');
            hf_writer_u8(w, c);
        } else if (c < 0x20 || c >= 0x7F) {
            hf_writer_printf(w, "\\u%04x", c);
        } else {
            hf_writer_u8(w, c);
        }
    }
    hf_writer_u8(w, '"');
}

static void hex(struct hf_writer *w, struct hf_str bytes)
{
    hf_writer_u8(w, '"');
    for (size_t i = 0; i < bytes.len && w->len + 16 < LINE_MAX_BYTES; i++) {
        hf_writer_printf(w, "%02x", (unsigned)(uint8_t)bytes.ptr[i]);
    }
    hf_writer_u8(w, '"');
}

static void value(struct hf_writer *w, const struct hf_field *field)
{
    switch (field->kind) {
    case HF_FIELD_STR: quoted(w, field->str); break;
    case HF_FIELD_HEX: hex(w, field->str); break;
    case HF_FIELD_I64: hf_writer_printf(w, "%lld", (long long)field->i64); break;
    case HF_FIELD_U64: hf_writer_printf(w, "%llu", (unsigned long long)field->u64); break;
    case HF_FIELD_BOOL: hf_writer_printf(w, "%s", field->boolean ? "true" : "false"); break;
    }
}

static void pair(struct hf_writer *w, enum hf_log_format format, const struct hf_field *field)
{
    if (w->len + FIELD_ROOM > LINE_MAX_BYTES) {
        return; /* the line is full: what is left out was cut visibly before */
    }
    char key[KEY_MAX_BYTES];
    struct hf_writer k = hf_writer_init(key, sizeof key - 1);
    hf_writer_str(&k, hf_str_c(field->key));
    key[k.overflow ? 0 : k.len] = '\0';
    if (format == HF_LOG_JSON) {
        hf_writer_printf(w, "%s\"%s\":", w->len > 1 ? "," : "", key);
    } else {
        hf_writer_printf(w, "%s%s=", w->len > 0 ? " " : "", key);
    }
    value(w, field);
}

void hf_logger_write(const struct hf_logger *logger, enum hf_log_level level, const char *event,
                     const struct hf_field *fields, size_t count)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    if (level < logger->level) {
        return;
    }
    char line[LINE_MAX_BYTES];
    char now[HF_TIME_TEXT];
    struct hf_writer w = hf_writer_init(line, sizeof line);
    hf_format_time_us(hf_env_wall_us(logger->env), now);
    if (logger->format == HF_LOG_JSON) {
        hf_writer_u8(&w, '{');
    }
    struct hf_field head[] = {hf_f_c("time", now), hf_f_c("level", levels[level]),
                              hf_f_c("event", event)};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        pair(&w, logger->format, &head[i]);
    }
    for (size_t i = 0; i < count; i++) {
        pair(&w, logger->format, &fields[i]);
    }
    hf_writer_str(&w, logger->format == HF_LOG_JSON ? HF_STR("}\n") : HF_STR("\n"));
    if (!w.overflow) {
        (void)hf_fd_write_all(logger->fd, hf_writer_done(&w), /* err= */ NULL);
    }
}
