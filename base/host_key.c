/* base/host_key.c: finds, makes and checks the host key. */
#include "base/host_key.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static enum hf_rc home_dir(char *out, size_t cap)
{
    const char *home = getenv("HOME"); // NOLINT(concurrency-mt-unsafe): at start-up only
    if (home != NULL && home[0] == '/') {
        return (size_t)snprintf(out, cap, "%s", home) < cap ? HF_OK : HF_ETOOBIG;
    }
    struct passwd entry;
    struct passwd *found = NULL;
    char text[4096];
    if (getpwuid_r(getuid(), &entry, text, sizeof text, &found) != 0 || found == NULL) {
        return HF_ENOTFOUND;
    }
    return (size_t)snprintf(out, cap, "%s", entry.pw_dir) < cap ? HF_OK : HF_ETOOBIG;
}

enum hf_rc hf_host_key_default_path(char *out, size_t cap, struct hf_err *err)
{
    // NOLINTBEGIN(concurrency-mt-unsafe): the environment is read at start-up, before threads
    const char *given = getenv("HOLDFAST_HOST_KEY");
    const char *state = getenv("XDG_STATE_HOME");
    // NOLINTEND(concurrency-mt-unsafe)
    int len;
    char home[HF_PATH_MAX];
    if (given != NULL && given[0] != '\0') {
        len = snprintf(out, cap, "%s", given);
    } else if (geteuid() == 0) {
        len = snprintf(out, cap, "/var/lib/holdfast/host.key");
    } else if (state != NULL && state[0] == '/') {
        len = snprintf(out, cap, "%s/holdfast/host.key", state);
    } else if (home_dir(home, sizeof home) == HF_OK) {
        len = snprintf(out, cap, "%s/.local/state/holdfast/host.key", home);
    } else {
        return hf_err_set(err, HF_ENOTFOUND,
                          "there is no home folder for the host key; set HOLDFAST_HOST_KEY");
    }
    return len >= 0 && (size_t)len < cap
               ? HF_OK
               : hf_err_set(err, HF_ETOOBIG, "the path of the host key is too long");
}

/* Writes the key beside its place and links it there: of two processes that start at once, one
 * wins and both read the same key, whole. */
static enum hf_rc make(struct hf_env *env, const char *path, struct hf_err *err)
{
    char parent[HF_PATH_MAX];
    char temporary[HF_PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash != NULL && slash != parent) {
        *slash = '\0';
        enum hf_rc rc = hf_dir_create_all(parent, 0700, err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    uint8_t bytes[HF_SEAL_KEY_SIZE];
    uint8_t tag[8];
    hf_env_random(env, bytes, sizeof bytes);
    hf_env_random(env, tag, sizeof tag);
    int len = snprintf(temporary, sizeof temporary, "%s.%016llx", path,
                       (unsigned long long)hf_be64_get(tag));
    if (len < 0 || (size_t)len >= sizeof temporary) {
        return hf_err_set(err, HF_ETOOBIG, "the path of the host key is too long");
    }
    enum hf_rc rc = hf_file_create(temporary, hf_bytes_of(bytes, sizeof bytes), 0600, err);
    hf_wipe(bytes, sizeof bytes);
    if (rc == HF_OK) {
        /* EEXIST: somebody else was first, their key counts. */
        if (link(temporary, path) != 0 && errno != EEXIST) {
            rc = hf_err_errno(err, errno, "cannot put it in place");
        }
        (void)unlink(temporary);
    }
    if (rc == HF_OK) {
        /* What is sealed under a key whose name a power cut takes away cannot be opened again. */
        rc = hf_dir_sync(slash == NULL ? "." : slash == parent ? "/" : parent, err);
    }
    return rc;
}

/* systemd (252) lets the service's user read a credential by an access list, which shows in the
 * mode as if the group could; the folder is the service's own. */
static mode_t too_open(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    size_t len = folder == NULL ? 0 : strlen(folder);
    bool credential = len > 0 && strncmp(path, folder, len) == 0 && path[len] == '/' &&
                      strchr(path + len + 1, '/') == NULL;
    return credential ? 037 : 077;
}

static enum hf_rc load(int fd, const char *path, struct hf_secret *ret_key, struct hf_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != HF_SEAL_KEY_SIZE) {
        return hf_err_set(err, HF_EINVAL, "%s is not a host key (%d bytes in a plain file)", path,
                          HF_SEAL_KEY_SIZE);
    }
    if ((st.st_mode & too_open(path)) != 0) {
        return hf_err_set(err, HF_EPERM, "others can read the host key; run chmod 600 %s", path);
    }
    enum hf_rc rc = hf_secret_alloc(HF_SEAL_KEY_SIZE, ret_key);
    if (rc == HF_OK && read(fd, hf_secret_fill(ret_key), HF_SEAL_KEY_SIZE) != HF_SEAL_KEY_SIZE) {
        hf_secret_free(ret_key);
        rc = hf_err_set(err, HF_EIO, "cannot read the host key %s", path);
    }
    return rc;
}

enum hf_rc hf_host_key_load(struct hf_env *env, const char *path, struct hf_secret *ret_key,
                            struct hf_err *err)
{
    char chosen[HF_PATH_MAX];
    if (path == NULL) {
        enum hf_rc rc = hf_host_key_default_path(chosen, sizeof chosen, err);
        if (rc != HF_OK) {
            return rc;
        }
        if (access(chosen, F_OK) != 0) {
            rc = make(env, chosen, err);
            if (rc != HF_OK) {
                return hf_err_wrap(err, rc, "making the host key %s", chosen);
            }
        }
        path = chosen;
    }
    /* Without waiting: a pipe in its place is refused below, not read. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot open the host key %s", path);
    }
    enum hf_rc rc = load(fd, path, ret_key, err);
    (void)close(fd);
    return rc;
}

void hf_host_key_id(const struct hf_secret *key, uint8_t out[8])
{
    struct hf_sha256_state state;
    struct hf_hash hash;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES("holdfast/host-key-id/v1\n"));
    hf_sha256_update(&state, hf_secret_reveal(key));
    hf_sha256_end(&state, &hash);
    memcpy(out, hash.b, 8);
}
