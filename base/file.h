/* base/file.h: small files and folders, whole operations that are done or not done.
 *
 * For the edges (command line, key files, marks beside a log). Data that must survive goes
 * through the log's store, not through here. Any thread.
 */
#ifndef HF_BASE_FILE_H
#define HF_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads the whole file (or standard input for "-") into buf; HF_ETOOBIG beyond buf's maximum. A
 * pipe is read to its end, and is empty when nobody has it open for writing. */
enum hf_rc hf_file_read(const char *path, struct hf_buf *buf, struct hf_err *err);

/* Writes a temporary file beside it, syncs, renames over path, syncs the folder. HF_EINVAL for a
 * path that is there and no file, such as a device. */
enum hf_rc hf_file_replace(const char *path, struct hf_bytes data, mode_t mode, struct hf_err *err);

/* Creates path, which must not exist (HF_EEXIST), with data; synced. */
enum hf_rc hf_file_create(const char *path, struct hf_bytes data, mode_t mode, struct hf_err *err);

/* Creates a folder; one that is there already is fine when it is empty or `may_exist`. */
enum hf_rc hf_dir_create(const char *path, mode_t mode, bool may_exist, struct hf_err *err);
/* As mkdir -p. */
enum hf_rc hf_dir_create_all(const char *path, mode_t mode, struct hf_err *err);
/* Renames a file or a folder; the folder that it goes to is synced. */
enum hf_rc hf_file_move(const char *from, const char *to, struct hf_err *err);
/* Removes a folder that has no folders inside. */
enum hf_rc hf_dir_remove(const char *path, struct hf_err *err);
enum hf_rc hf_dir_sync(const char *path, struct hf_err *err);

/* "a/b" from "a" and "b", NUL-terminated into out; HF_ETOOBIG when it does not fit. */
enum hf_rc hf_path_join(const char *dir, const char *name, char *out, size_t cap);

#define HF_PATH_MAX 4096

/* Writes all of data to a descriptor, taking short writes and EINTR. */
enum hf_rc hf_fd_write_all(int fd, struct hf_bytes data, struct hf_err *err);

#endif
