/* base/rc.h: result codes, one family for the whole product.
 *
 * 0 is success, everything else is negative. The numbers are stable: they travel in events and
 * in API answers, so a code is never renumbered and a retired one is never used again.
 * The enum is [[nodiscard]]: an ignored result does not compile; write (void) where it is meant.
 */
#ifndef HF_BASE_RC_H
#define HF_BASE_RC_H

/* XX(name, number, what it means to the reader of an error message) */
#define HF_RC_MAP(XX)                                                                              \
    XX(OK, 0, "done")                                                                              \
    XX(ENOMEM, -1, "out of memory")                                                                \
    XX(EINVAL, -2, "not valid")                                                                    \
    XX(ERANGE, -3, "out of range")                                                                 \
    XX(EIO, -4, "input or output failed")                                                          \
    XX(ENOSPC, -5, "not enough free space")                                                        \
    XX(ENOTFOUND, -6, "not found")                                                                 \
    XX(EEXIST, -7, "exists already")                                                               \
    XX(ELOCKED, -8, "in use by another process")                                                   \
    XX(ECORRUPT, -9, "damaged data")                                                               \
    XX(EVERSION, -10, "made by a newer version")                                                   \
    XX(EMISMATCH, -11, "belongs to something else")                                                \
    XX(EBADSIG, -12, "signature does not verify")                                                  \
    XX(EBADPROOF, -13, "proof does not verify")                                                    \
    XX(ECONFLICT, -14, "the stream has moved on")                                                  \
    XX(EFORK, -15, "the same sequence was used for other content")                                 \
    XX(ESTALE, -16, "sequence went backwards")                                                     \
    XX(ETOOBIG, -17, "too big")                                                                    \
    XX(ECLOSED, -18, "closed")                                                                     \
    XX(EREADONLY, -19, "read-only")                                                                \
    XX(ECANCELED, -20, "cancelled")                                                                \
    XX(EUNKNOWN, -21, "outcome unknown, submit again")                                             \
    XX(EEND, -22, "end of data")                                                                   \
    XX(ESYNTAX, -23, "syntax error")                                                               \
    XX(EUSAGE, -24, "wrong usage")                                                                 \
    XX(EPERM, -25, "not permitted")                                                                \
    XX(EBUSY, -26, "too busy, try again")                                                          \
    XX(ENOSYS, -27, "not supported here")                                                          \
    XX(EPRUNED, -28, "pruned, the bytes are not here any more")

enum [[nodiscard]] hf_rc{

#define XX(name, number, text) HF_##name = (number),
    HF_RC_MAP(XX)
#undef XX
};

/* "HF_ENOSPC"; "HF_?" for a number that is not in the map. Static storage. */
const char *hf_rc_name(enum hf_rc rc);

/* "not enough free space". Static storage. */
const char *hf_rc_text(enum hf_rc rc);

#endif
