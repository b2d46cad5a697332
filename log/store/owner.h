/* log/store/owner.h: the lock that says who owns a log's folder.
 *
 * The file "owner" holds one line, "PID PROGRAM TIME"; an open-file-description lock on it counts,
 * not its content, so that a dead owner leaves nothing behind and a second open in the same process
 * is refused as well.
 */
#ifndef HF_LOG_STORE_OWNER_H
#define HF_LOG_STORE_OWNER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/env.h"
#include "base/err.h"

/* Takes the lock. Gives *ret_fd; closing it lets go. HF_ELOCKED says who has it. */
enum hf_rc hf_owner_take(const char *dir, const char *program, struct hf_env *env, int *ret_fd,
                         struct hf_err *err);
/* Does anybody hold it? out gets "pid 12 (holdfast log append) since 2026-..". */
bool hf_owner_held(const char *dir, char *out, size_t cap);

#endif
