/* base/assert.c: the end of a process that found a mistake of its own. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void hf_assert_failed(const char *file, int line, const char *expression)
{
    (void)fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    abort();
}
