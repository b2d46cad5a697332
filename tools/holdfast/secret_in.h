/* tools/holdfast/secret_in.h: secrets on their way in, which never lie in plain memory. */
#ifndef HF_TOOLS_HOLDFAST_SECRET_IN_H
#define HF_TOOLS_HOLDFAST_SECRET_IN_H

#include "base/err.h"
#include "base/secret.h"

/* Reads a descriptor to its end, at most max bytes, and takes one newline off the end when
 * `trim`; a terminal shows nothing of what is typed. Gives *ret_secret. HF_ETOOBIG, HF_EINVAL:
 * nothing came, HF_EIO. */
enum hf_rc hf_secret_read(int fd, size_t max, bool trim, struct hf_secret *ret_secret,
                          struct hf_err *err);

/* A file that carries secrets into a vault, once. */
struct hf_secret_file {
    int fd;
    const char *path;
    uint64_t bytes;
};

/* Opens it for reading and shredding. HF_EPERM: it is no plain file, has a second name, can be read
 * by others, or (without on_disk) does not lie in memory, where alone overwriting it is sure. */
enum hf_rc hf_secret_file_open(const char *path, bool on_disk, struct hf_secret_file *ret_file,
                               struct hf_err *err);
/* Overwrites and removes it. */
enum hf_rc hf_secret_file_shred(struct hf_secret_file *file, struct hf_err *err);
void hf_secret_file_close(struct hf_secret_file *file);

#endif
