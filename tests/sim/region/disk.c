/* tests/sim/region/disk.c: a machine's disk in memory. */
#include "tests/sim/region/disk.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"

static struct sim_disk *disk_of(struct hf_disk *disk)
{
    return HF_CONTAINER_OF(disk, struct sim_disk, disk);
}

static uint64_t draw(struct sim_disk *disk, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&disk->env.env, &number, sizeof number);
    return number % below;
}

static struct sim_file *find(struct sim_disk *disk, const char *path)
{
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        if (disk->files[i].bytes != NULL && strcmp(disk->files[i].path, path) == 0) {
            return &disk->files[i];
        }
    }
    return NULL;
}

static struct sim_file *find_or_make(struct sim_disk *disk, const char *path)
{
    struct sim_file *file = find(disk, path);
    for (size_t i = 0; file == NULL && i < SIM_FILES_MAX; i++) {
        if (disk->files[i].bytes == NULL) {
            file = &disk->files[i];
            (void)snprintf(file->path, sizeof file->path, "%s", path);
        }
    }
    HF_ASSERT(file != NULL);
    return file;
}

static void set(struct sim_disk *disk, const char *path, struct hf_bytes bytes)
{
    struct sim_file *file = find_or_make(disk, path);
    hf_heap_free(file->bytes);
    file->bytes = hf_heap_alloc(bytes.len + 1);
    HF_ASSERT(file->bytes != NULL);
    memcpy(file->bytes, bytes.ptr, bytes.len);
    file->len = bytes.len;
}

/* HF_OK: the write is done. Else it is not, or, after a crash, perhaps. */
static enum hf_rc step(struct sim_disk *disk, bool *ret_write, struct hf_err *err)
{
    *ret_write = false;
    if (sim_disk_crashed(disk)) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    if (disk->file_steps == 0 || --disk->file_steps > 0) {
        *ret_write = true;
        return HF_OK;
    }
    if (disk->file_fault == HF_FAULT_CRASH) {
        disk->off = true;
        *ret_write = draw(disk, 2) == 1;
        return hf_err_set(err, HF_EIO, "the power went off");
    }
    return disk->file_fault == HF_FAULT_ENOSPC ? hf_err_set(err, HF_ENOSPC, "the disk was full")
                                               : hf_err_set(err, HF_EIO, "the disk failed once");
}

static enum hf_rc read_file(struct hf_disk *base, const char *path, struct hf_buf *buf,
                            struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    const struct sim_file *file = find(disk, path);
    if (sim_disk_crashed(disk)) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    if (file == NULL) {
        return hf_err_set(err, HF_ENOTFOUND, "there is no %s", path);
    }
    hf_buf_put(buf, file->bytes, file->len);
    return buf->failed;
}

static enum hf_rc replace_file(struct hf_disk *base, const char *path, struct hf_bytes data,
                               mode_t mode, struct hf_err *err)
{
    bool write = false;
    enum hf_rc rc = step(disk_of(base), &write, err);
    (void)mode;
    if (write) {
        set(disk_of(base), path, data);
    }
    return rc;
}

static enum hf_rc create_file(struct hf_disk *base, const char *path, struct hf_bytes data,
                              mode_t mode, struct hf_err *err)
{
    if (find(disk_of(base), path) != NULL) {
        return hf_err_set(err, HF_EEXIST, "%s is there", path);
    }
    return replace_file(base, path, data, mode, err);
}

static bool file_exists(struct hf_disk *base, const char *path)
{
    return find(disk_of(base), path) != NULL;
}

static enum hf_rc make_dirs(struct hf_disk *base, const char *path, mode_t mode, struct hf_err *err)
{
    (void)path;
    (void)mode;
    return sim_disk_crashed(disk_of(base)) ? hf_err_set(err, HF_EIO, "the power is off") : HF_OK;
}

/* Of the logs' folders: nothing else is moved. */
static enum hf_rc move(struct hf_disk *base, const char *from, const char *to, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    if (sim_disk_crashed(disk)) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        struct sim_log *log = &disk->logs[i];
        if (log->model != NULL && strcmp(log->path, from) == 0) {
            (void)snprintf(log->path, sizeof log->path, "%s", to);
        }
    }
    size_t len = strlen(from);
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        struct sim_file *file = &disk->files[i];
        char rest[64];
        if (file->bytes != NULL && strncmp(file->path, from, len) == 0 && file->path[len] == '/') {
            (void)snprintf(rest, sizeof rest, "%s", file->path + len);
            (void)snprintf(file->path, sizeof file->path, "%s%s", to, rest);
        }
    }
    return HF_OK;
}

static void remove_file(struct hf_disk *base, const char *path)
{
    struct sim_disk *disk = disk_of(base);
    struct sim_file *file = find(disk, path);
    if (file != NULL && !sim_disk_crashed(disk)) {
        hf_heap_free(file->bytes);
        file->bytes = NULL;
    }
}

/* The log that lies at this path, or room for one. */
static struct sim_log *log_of(struct sim_disk *disk, const char *path)
{
    struct sim_log *room = NULL;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        struct sim_log *log = &disk->logs[i];
        if (log->model != NULL && strcmp(log->path, path) == 0) {
            return log;
        }
        room = room == NULL && log->model == NULL ? log : room;
    }
    HF_ASSERT(room != NULL);
    return room;
}

static enum hf_rc open_place(struct hf_disk *base, const struct hf_disk_place *conf,
                             struct hf_place **ret_place, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    struct sim_log *log = log_of(disk, conf->path);
    if (log->model == NULL) {
        (void)snprintf(log->path, sizeof log->path, "%s", conf->path);
        HF_ASSERT(hf_disk_model_new(draw(disk, UINT64_MAX), &log->model) == HF_OK);
    }
    return hf_place_model_open(log->model, conf->mode, ret_place, err);
}

static bool has_place(struct hf_disk *base, const char *path)
{
    struct sim_disk *disk = disk_of(base);
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        const struct sim_log *log = &disk->logs[i];
        if (log->model != NULL && strcmp(log->path, path) == 0) {
            return !log->making;
        }
    }
    return false;
}

/* Whole or not at all, as on a real disk: what a crash left of it is gone after the restart. */
static enum hf_rc make_place(struct hf_disk *base, const struct hf_disk_place *conf,
                             const struct hf_disk_fill *fill, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    struct hf_place *place = NULL;
    struct hf_disk_place made = *conf;
    if (sim_disk_crashed(disk)) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    made.mode = HF_PLACE_CREATE;
    enum hf_rc rc = open_place(base, &made, &place, err);
    struct sim_log *log = log_of(disk, conf->path);
    log->making = true;
    if (rc == HF_OK) {
        rc = fill->fill(fill->arg, place, conf->path, err);
    }
    hf_place_close(place);
    if (rc == HF_OK) {
        log->making = false;
    } else if (!sim_disk_crashed(disk)) {
        hf_disk_model_free(log->model);
        *log = (struct sim_log){.model = NULL};
    }
    return rc;
}

static const struct hf_disk_ops ops = {
    .read = read_file,
    .create = create_file,
    .replace = replace_file,
    .exists = file_exists,
    .make_dirs = make_dirs,
    .move = move,
    .remove = remove_file,
    .place = open_place,
    .has_place = has_place,
    .make_place = make_place,
};

void sim_disk_init(struct sim_disk *disk, uint64_t seed)
{
    *disk = (struct sim_disk){.disk = {&ops}};
    hf_env_sim_init(&disk->env, seed);
}

void sim_disk_fini(struct sim_disk *disk)
{
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        hf_heap_free(disk->files[i].bytes);
    }
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        hf_disk_model_free(disk->logs[i].model);
    }
}

void sim_disk_plan(struct sim_disk *disk, enum hf_fault fault, uint64_t within)
{
    disk->file_steps = 1 + draw(disk, within);
    disk->file_fault = fault;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        const struct hf_disk_plan plan = {.at_step = 1 + draw(disk, within), .fault = fault};
        if (disk->logs[i].model != NULL) {
            hf_disk_model_plan(disk->logs[i].model, plan);
        }
    }
}

void sim_disk_heal(struct sim_disk *disk)
{
    disk->file_steps = 0;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        if (disk->logs[i].model != NULL) {
            hf_disk_model_plan(disk->logs[i].model, (struct hf_disk_plan){.at_step = 0});
        }
    }
}

void sim_disk_crash(struct sim_disk *disk)
{
    disk->off = true;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        if (disk->logs[i].model != NULL) {
            hf_disk_model_crash(disk->logs[i].model);
        }
    }
}

bool sim_disk_crashed(const struct sim_disk *disk)
{
    bool off = disk->off;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        const struct hf_disk_model *model = disk->logs[i].model;
        off = off || (model != NULL && hf_disk_model_crashed(model));
    }
    return off;
}

void sim_disk_restart(struct sim_disk *disk)
{
    sim_disk_crash(disk); /* all of it, wherever the fault was */
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        struct sim_log *log = &disk->logs[i];
        if (log->model != NULL && log->making) {
            hf_disk_model_restart(log->model); /* so that it may be freed */
            hf_disk_model_free(log->model);
            *log = (struct sim_log){.model = NULL};
        } else if (log->model != NULL) {
            hf_disk_model_restart(log->model);
        }
    }
    disk->off = false;
    disk->file_steps = 0;
}

void sim_disk_put(struct sim_disk *disk, const char *path, struct hf_bytes bytes)
{
    set(disk, path, bytes);
}

void sim_disk_copy_files(struct sim_disk *to, const struct sim_disk *from)
{
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        if (from->files[i].bytes != NULL) {
            set(to, from->files[i].path, hf_bytes_of(from->files[i].bytes, from->files[i].len));
        }
    }
}
