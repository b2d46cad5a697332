/* wrapper/resolver.c: walks a path, component by component. */
#include "wrapper/resolver.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "wrapper/glob.h"

#define LINKS_MAX 40 /* as the kernel's */

struct walk {
    const struct hf_disk_resolver *disk;
    char out[HF_PATH_MAX]; /* so far, without a slash at its end; empty: the root */
    size_t len;
    char rest[2 * HF_PATH_MAX]; /* still to go, at its end */
    size_t at;
    bool missing; /* nothing below is there: only text */
    bool moved;
    unsigned links;
};

/* The next component; false: there is none. */
static bool next(struct walk *w, struct hf_str *ret)
{
    while (w->at < sizeof w->rest && w->rest[w->at] == '/') {
        w->at++;
    }
    size_t begin = w->at;
    while (w->at < sizeof w->rest && w->rest[w->at] != '/') {
        w->at++;
    }
    *ret = (struct hf_str){w->rest + begin, w->at - begin};
    return ret->len > 0;
}

static bool prepend(struct walk *w, struct hf_str text)
{
    if (text.len > w->at) {
        return false;
    }
    w->at -= text.len;
    memcpy(w->rest + w->at, text.ptr, text.len);
    return true;
}

static void go_up(struct walk *w)
{
    while (w->len > 0 && w->out[w->len - 1] != '/') {
        w->len--;
    }
    w->len -= w->len > 0 ? 1 : 0;
    w->out[w->len] = '\0';
    w->moved = true;
}

/* Is it one of the places, or a folder on the way to one? Then it is there, and no link. */
static bool is_known(const struct walk *w)
{
    for (size_t i = 0; w->disk != NULL && i < w->disk->place_count; i++) {
        struct hf_str place = w->disk->places[i].path;
        if (place.len >= w->len && memcmp(place.ptr, w->out, w->len) == 0 &&
            (place.len == w->len || place.ptr[w->len] == '/')) {
            return true;
        }
    }
    return false;
}

static enum hf_rc follow(struct walk *w, size_t back)
{
    char target[HF_PATH_MAX] HF_UNINITIALIZED;
    ssize_t len = readlink(w->out, target, sizeof target);
    if (len <= 0 || len >= HF_PATH_MAX || ++w->links > LINKS_MAX) {
        return HF_EIO;
    }
    w->len = target[0] == '/' ? 0 : back;
    w->out[w->len] = '\0';
    w->moved = true;
    bool fits = prepend(w, HF_STR("/")) && prepend(w, (struct hf_str){target, (size_t)len});
    return fits ? HF_OK : HF_ETOOBIG;
}

static enum hf_rc step(struct walk *w, struct hf_str name)
{
    struct stat status;
    size_t back = w->len;
    if (name.len + 2 > sizeof w->out - w->len) {
        return HF_ETOOBIG;
    }
    w->out[w->len] = '/';
    memcpy(w->out + w->len + 1, name.ptr, name.len);
    w->len += name.len + 1;
    w->out[w->len] = '\0';
    if (w->missing || is_known(w)) {
        return HF_OK;
    }
    if (lstat(w->out, &status) != 0) {
        w->missing = errno == ENOENT || errno == ENOTDIR;
        return w->missing ? HF_OK : HF_EPERM;
    }
    return S_ISLNK(status.st_mode) ? follow(w, back) : HF_OK;
}

static enum hf_rc walk_all(struct walk *w, const struct hf_disk_resolver *disk, struct hf_str path)
{
    struct hf_str name;
    enum hf_rc rc = HF_OK;
    w->disk = disk;
    w->out[0] = '\0';
    w->len = 0;
    w->at = sizeof w->rest;
    w->missing = false;
    w->moved = false;
    w->links = 0;
    if (path.len == 0 || path.len >= HF_PATH_MAX || path.ptr[0] != '/' ||
        memchr(path.ptr, '\0', path.len) != NULL) {
        return HF_EINVAL;
    }
    (void)prepend(w, path);
    while (rc == HF_OK && next(w, &name)) {
        if (hf_str_eq(name, HF_STR("..")) && !w->missing) {
            go_up(w);
        } else if (hf_str_eq(name, HF_STR(".."))) {
            rc = HF_EINVAL; /* over a folder that is not there: the kernel would refuse it too */
        } else if (!hf_str_eq(name, HF_STR("."))) {
            rc = step(w, name);
        }
    }
    if (rc == HF_OK && w->len == 0) {
        w->out[w->len++] = '/';
    }
    return rc;
}

static enum hf_rc resolve(void *arg, struct hf_str path, struct hf_writer *out, bool *ret_moved)
{
    struct walk w HF_UNINITIALIZED;
    enum hf_rc rc = walk_all(&w, arg, path);
    if (rc == HF_OK) {
        hf_writer_put(out, w.out, w.len);
        *ret_moved = w.moved;
    }
    return rc;
}

void hf_disk_resolver_init(struct hf_disk_resolver *disk, const struct hf_root *places)
{
    *disk = (struct hf_disk_resolver){
        .resolver = {.resolve = resolve, .expand = hf_glob, .arg = disk}, .places = places};
}

enum hf_rc hf_resolve_path(const struct hf_disk_resolver *disk, struct hf_str path, char *out,
                           size_t cap)
{
    struct walk w HF_UNINITIALIZED;
    enum hf_rc rc = walk_all(&w, disk, path);
    if (rc == HF_OK && w.len >= cap) {
        rc = HF_ETOOBIG;
    }
    if (rc == HF_OK) {
        memcpy(out, w.out, w.len);
        out[w.len] = '\0';
    }
    return rc;
}
