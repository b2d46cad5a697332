/* base/err.h: an error's text, which grows outward.
 *
 * The place that detects a failure sets the text; each level it passes through prepends its
 * noun: "volume 3: bundle 17: entry 4401: leaf hash differs". The text is for a person: it says
 * what is wrong and, at the outermost level, what to do. It is always NUL-terminated and cut at
 * the end if it does not fit. Every function accepts err == NULL and then only passes rc on.
 */
#ifndef HF_BASE_ERR_H
#define HF_BASE_ERR_H

#include "base/rc.h"

#define HF_ERR_TEXT_MAX 400

struct hf_err {
    enum hf_rc rc;
    char text[HF_ERR_TEXT_MAX];
};

/* Sets code and text, returns rc, so that a caller can write: return hf_err_set(err, HF_EIO, ..).
 * */
enum hf_rc hf_err_set(struct hf_err *err, enum hf_rc rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prepends "TEXT: " to what is there (or to the code's own text if nothing is) and returns rc. */
enum hf_rc hf_err_wrap(struct hf_err *err, enum hf_rc rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Like hf_err_set with ": <text of errno>" at the end; takes errno as an argument because
 * formatting may change it. ENOSPC and EDQUOT give HF_ENOSPC, ENOMEM HF_ENOMEM, ENOENT
 * HF_ENOTFOUND, EEXIST HF_EEXIST, EACCES and EPERM HF_EPERM, EROFS HF_EREADONLY, else HF_EIO. */
enum hf_rc hf_err_errno(struct hf_err *err, int saved_errno, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
