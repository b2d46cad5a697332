/* base/assert.h: assertions for programmer errors; they stay on in production.
 *
 * A failed assertion prints file, line and expression to standard error and aborts. Never
 * assert on what a peer, a user or a disk can cause: that is an hf_rc.
 */
#ifndef HF_BASE_ASSERT_H
#define HF_BASE_ASSERT_H

#include <stddef.h>

_Noreturn void hf_assert_failed(const char *file, int line, const char *expression);

#define HF_ASSERT(expression)                                                                      \
    ((expression) ? (void)0 : hf_assert_failed(__FILE__, __LINE__, #expression))

/* A place that cannot be reached; says why in the text. */
#define HF_UNREACHABLE(why) hf_assert_failed(__FILE__, __LINE__, "unreachable: " why)

/* From a pointer to an embedded member to the struct around it. */
#define HF_CONTAINER_OF(pointer, type, member)                                                     \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define HF_LEN(array) (sizeof(array) / sizeof((array)[0]))

#endif
