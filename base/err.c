/* base/err.c: formats error texts and makes them grow outward. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum hf_rc hf_err_set(struct hf_err *err, enum hf_rc rc, const char *format, ...)
{
    if (err != NULL) {
        /* Through a buffer, because an argument may be the old text. */
        char text[HF_ERR_TEXT_MAX];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof text, format, args);
        va_end(args);
        memcpy(err->text, text, sizeof text);
        err->rc = rc;
    }
    return rc;
}

enum hf_rc hf_err_wrap(struct hf_err *err, enum hf_rc rc, const char *format, ...)
{
    if (err != NULL) {
        char old[HF_ERR_TEXT_MAX];
        const char *inner = err->text[0] == '\0' ? hf_rc_text(rc) : err->text;
        (void)snprintf(old, sizeof old, "%s", inner);
        char noun[HF_ERR_TEXT_MAX];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(noun, sizeof noun, format, args);
        va_end(args);
        size_t len = strnlen(noun, sizeof noun - 1);
        memcpy(err->text, noun, len);
        (void)snprintf(err->text + len, sizeof err->text - len, ": %s", old);
        err->rc = rc;
    }
    return rc;
}

static enum hf_rc rc_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT: return HF_ENOSPC;
    case ENOMEM: return HF_ENOMEM;
    case ENOENT: return HF_ENOTFOUND;
    case EEXIST: return HF_EEXIST;
    case EACCES:
    case EPERM: return HF_EPERM;
    case EROFS: return HF_EREADONLY;
    default: return HF_EIO;
    }
}

enum hf_rc hf_err_errno(struct hf_err *err, int saved_errno, const char *format, ...)
{
    enum hf_rc rc = rc_of_errno(saved_errno);
    if (err != NULL) {
        char text[HF_ERR_TEXT_MAX];
        va_list args;
        va_start(args, format);
        (void)vsnprintf(text, sizeof text, format, args);
        va_end(args);
        size_t len = strnlen(text, sizeof text - 1);
        char reason[128];
        /* The GNU strerror_r: thread-safe, may answer with a static text instead of the buffer. */
        const char *words = strerror_r(saved_errno, reason, sizeof reason);
        (void)snprintf(text + len, sizeof text - len, ": %s", words);
        memcpy(err->text, text, sizeof text);
        err->rc = rc;
    }
    return rc;
}
