/* log/core/export.c: tiles and bundles into files. */
#include "log/core/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "log/core/reader.h"

struct exporting {
    struct hf_log *log;
    const struct hf_export_options *options;
    struct hf_buf data;
    uint64_t files;
};

/* Not synced one by one: an export can be made again; the checkpoint at the end is synced. */
static enum hf_rc write_file(struct exporting *x, const char *relative, struct hf_bytes data,
                             struct hf_err *err)
{
    char path[HF_PATH_MAX];
    char temporary[HF_PATH_MAX];
    if (hf_path_join(x->options->out, relative, path, sizeof path) != HF_OK ||
        hf_path_join(x->options->out, ".writing", temporary, sizeof temporary) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path of the export is too long");
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return hf_err_errno(err, errno, "cannot write %s", temporary);
    }
    enum hf_rc rc = hf_fd_write_all(fd, data, err);
    if (close(fd) != 0 && rc == HF_OK) {
        rc = hf_err_errno(err, errno, "cannot write");
    }
    if (rc == HF_OK && rename(temporary, path) != 0) {
        char parent[HF_PATH_MAX];
        (void)snprintf(parent, sizeof parent, "%s", path);
        *strrchr(parent, '/') = '\0';
        rc = errno == ENOENT ? hf_dir_create_all(parent, 0755, err)
                             : hf_err_errno(err, errno, "cannot write");
        if (rc == HF_OK && rename(temporary, path) != 0) {
            rc = hf_err_errno(err, errno, "cannot write");
        }
    }
    if (rc != HF_OK) {
        (void)unlink(temporary);
        return hf_err_wrap(err, rc, "%s", path);
    }
    x->files++;
    return HF_OK;
}

static bool there(const struct exporting *x, const char *relative)
{
    char path[HF_PATH_MAX];
    return hf_path_join(x->options->out, relative, path, sizeof path) == HF_OK &&
           access(path, F_OK) == 0;
}

static enum hf_rc export_bundle(struct exporting *x, struct hf_reader *reader, uint64_t n,
                                unsigned width, struct hf_err *err)
{
    char path[HF_TILE_PATH_MAX];
    hf_tile_path(-1, n, width, path);
    if (there(x, path)) {
        return HF_OK;
    }
    hf_buf_clear(&x->data);
    hf_reader_seek(reader, n * HF_TILE_WIDTH);
    for (unsigned i = 0; i < width; i++) {
        uint64_t index = 0;
        struct hf_bytes entry;
        enum hf_rc rc = hf_reader_next(reader, &index, &entry, err);
        if (rc != HF_OK) {
            return rc;
        }
        uint8_t len[2];
        hf_be16_put(len, (uint16_t)entry.len);
        hf_buf_put(&x->data, len, sizeof len);
        hf_buf_put(&x->data, entry.ptr, entry.len);
    }
    if (x->data.failed != HF_OK) {
        return hf_err_set(err, x->data.failed, "no memory for a bundle");
    }
    return write_file(x, path, hf_buf_bytes(&x->data), err);
}

static enum hf_rc export_bundles(struct exporting *x, struct hf_err *err)
{
    struct hf_reader_options options = {0};
    struct hf_reader *reader = NULL;
    uint64_t full = 0;
    unsigned partial = 0;
    hf_tile_counts(x->options->size, 0, &full, &partial);
    enum hf_rc rc = hf_reader_open(x->log, &options, &reader, err);
    for (uint64_t n = 0; rc == HF_OK && n < full + (partial > 0); n++) {
        rc = export_bundle(x, reader, n, n < full ? HF_TILE_WIDTH : partial, err);
        if (x->options->progress != NULL) {
            x->options->progress(x->options->arg, n * HF_TILE_WIDTH, x->options->size);
        }
    }
    hf_reader_close(reader);
    return rc;
}

static enum hf_rc export_tile(struct exporting *x, unsigned level, uint64_t n, unsigned width,
                              struct hf_err *err)
{
    char path[HF_TILE_PATH_MAX];
    hf_tile_path((int)level, n, width, path);
    if (there(x, path)) {
        return HF_OK;
    }
    struct hf_tree_source *source = hf_log_source(x->log);
    struct hf_hash tile[HF_TILE_WIDTH];
    for (unsigned i = 0; i < width; i++) {
        enum hf_rc rc = source->node(source, 8 * level, n * HF_TILE_WIDTH + i, &tile[i], err);
        if (rc != HF_OK) {
            return rc;
        }
    }
    return write_file(x, path, hf_bytes_of(tile, width * sizeof tile[0]), err);
}

static enum hf_rc export_tiles(struct exporting *x, struct hf_err *err)
{
    for (unsigned level = 0; level < 8; level++) {
        uint64_t full = 0;
        unsigned partial = 0;
        hf_tile_counts(x->options->size, level, &full, &partial);
        for (uint64_t n = 0; n < full + (partial > 0); n++) {
            enum hf_rc rc = export_tile(x, level, n, n < full ? HF_TILE_WIDTH : partial, err);
            if (rc != HF_OK) {
                return rc;
            }
        }
    }
    return HF_OK;
}

/* What is in OUT already must be an older state of the same log. */
static enum hf_rc check_out(struct exporting *x, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf old = hf_buf_init(HF_NOTE_MAX);
    struct hf_note note;
    struct hf_checkpoint checkpoint;
    struct hf_hash root;
    if (hf_path_join(x->options->out, "checkpoint", path, sizeof path) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path of the export is too long");
    }
    if (access(path, F_OK) != 0) {
        return HF_OK;
    }
    enum hf_rc rc = hf_file_read(path, &old, err);
    if (rc == HF_OK) {
        rc = hf_checkpoint_open(hf_buf_bytes(&old), &hf_log_identity(x->log)->vkey, &note,
                                &checkpoint, err);
    }
    if (rc == HF_OK && checkpoint.size > x->options->size) {
        rc = hf_err_set(err, HF_EMISMATCH, "it has %llu entries, more than the log",
                        (unsigned long long)checkpoint.size);
    }
    if (rc == HF_OK) {
        rc = hf_tree_root(hf_log_source(x->log), checkpoint.size, &root, err);
    }
    if (rc == HF_OK && !hf_hash_eq(&root, &checkpoint.root)) {
        rc = hf_err_set(err, HF_EMISMATCH, "its entries are not the log's");
    }
    hf_buf_free(&old);
    return rc == HF_OK ? HF_OK
                       : hf_err_wrap(err, HF_EMISMATCH,
                                     "%s holds the export of another log; choose another folder",
                                     x->options->out);
}

enum hf_rc hf_log_export(struct hf_log *log, const struct hf_export_options *options,
                         uint64_t *ret_files, struct hf_err *err)
{
    struct exporting x = {log, options, hf_buf_init(HF_BUNDLE_MAX), 0};
    enum hf_rc rc = hf_dir_create_all(options->out, 0755, err);
    if (rc == HF_OK) {
        rc = check_out(&x, err);
    }
    if (rc == HF_OK) {
        rc = export_bundles(&x, err);
    }
    if (rc == HF_OK) {
        rc = export_tiles(&x, err);
    }
    if (rc == HF_OK) {
        rc = write_file(&x, "checkpoint", options->checkpoint, err);
    }
    if (rc == HF_OK) {
        rc = hf_dir_sync(options->out, err);
    }
    hf_buf_free(&x.data);
    *ret_files = x.files;
    return rc;
}
