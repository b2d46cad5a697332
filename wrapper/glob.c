/* wrapper/glob.c: goes through folders, one part of the pattern after the other. */
#include "wrapper/glob.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include "base/file.h"

struct globbing {
    char path[HF_PATH_MAX]; /* so far, NUL-terminated, without a slash at its end */
    size_t len;
    unsigned depth;
    unsigned names;
    void (*found)(void *arg, struct hf_str path);
    void *found_arg;
};

static bool is_pattern(struct hf_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (part.ptr[i] == '*' || part.ptr[i] == '?' || part.ptr[i] == '[') {
            return true;
        }
    }
    return false;
}

static bool push(struct globbing *g, struct hf_str part)
{
    if (part.len + 2 > sizeof g->path - g->len) {
        return false;
    }
    g->path[g->len] = '/';
    memcpy(g->path + g->len + 1, part.ptr, part.len);
    g->len += part.len + 1;
    g->path[g->len] = '\0';
    return true;
}

static enum hf_rc go_on(struct globbing *g, struct hf_str rest);

static enum hf_rc each_name(struct globbing *g, DIR *dir, const char *pattern, struct hf_str rest)
{
    size_t back = g->len;
    enum hf_rc rc = HF_OK;
    for (struct dirent *entry = readdir(dir); rc == HF_OK && entry != NULL; entry = readdir(dir)) {
        if (++g->names > HF_GLOB_NAMES_MAX) {
            return HF_ETOOBIG;
        }
        if (fnmatch(pattern, entry->d_name, FNM_PERIOD | FNM_NOESCAPE) == 0) {
            rc = push(g, hf_str_c(entry->d_name)) ? go_on(g, rest) : HF_ETOOBIG;
            g->len = back;
            g->path[back] = '\0';
        }
    }
    return rc;
}

static enum hf_rc in_folder(struct globbing *g, struct hf_str part, struct hf_str rest)
{
    char pattern[NAME_MAX + 1];
    if (part.len > NAME_MAX || g->depth == HF_GLOB_DEPTH_MAX) {
        return HF_ETOOBIG;
    }
    memcpy(pattern, part.ptr, part.len);
    pattern[part.len] = '\0';
    DIR *dir = opendir(g->len == 0 ? "/" : g->path);
    if (dir == NULL) {
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? HF_OK : HF_EPERM;
    }
    g->depth++;
    enum hf_rc rc = each_name(g, dir, pattern, rest);
    g->depth--;
    (void)closedir(dir);
    return rc;
}

/* g->path is there, or was at least asked for; rest: parts that are still to come. */
static enum hf_rc go_on(struct globbing *g, struct hf_str rest)
{
    while (rest.len > 0) {
        size_t end = 0;
        while (end < rest.len && rest.ptr[end] != '/') {
            end++;
        }
        struct hf_str part = {rest.ptr, end};
        end += end < rest.len ? 1 : 0;
        rest = (struct hf_str){rest.ptr + end, rest.len - end};
        if (is_pattern(part)) {
            return in_folder(g, part, rest);
        }
        if (part.len > 0 && !push(g, part)) {
            return HF_ETOOBIG;
        }
    }
    struct stat status;
    if (lstat(g->len == 0 ? "/" : g->path, &status) == 0) {
        g->found(g->found_arg, g->len == 0 ? HF_STR("/") : (struct hf_str){g->path, g->len});
    } else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
        return HF_EPERM;
    }
    return HF_OK;
}

enum hf_rc hf_glob(void *arg, struct hf_str path,
                   void (*found)(void *found_arg, struct hf_str path), void *found_arg)
{
    struct globbing g = {.found = found, .found_arg = found_arg};
    (void)arg;
    if (path.len == 0 || path.ptr[0] != '/' || memchr(path.ptr, '\0', path.len) != NULL) {
        return HF_EINVAL;
    }
    return go_on(&g, path);
}
