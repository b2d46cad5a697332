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

static enum hf_rc make_dirs(struct hf_disk *base, const char *path, mode_t mode, struct hf_err *err)
{
    (void)path;
    (void)mode;
    return sim_disk_crashed(disk_of(base)) ? hf_err_set(err, HF_EIO, "the power is off") : HF_OK;
}

/* Is `path` inside of the folder? */
static bool inside(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static bool has_inside(const struct sim_disk *disk, const char *folder)
{
    bool found = false;
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        found = found || (disk->files[i].bytes != NULL && inside(disk->files[i].path, folder));
    }
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        found = found || (disk->logs[i].model != NULL && (inside(disk->logs[i].path, folder) ||
                                                          strcmp(disk->logs[i].path, folder) == 0));
    }
    return found;
}

static void move_path(char path[SIM_PATH_MAX], const char *from, const char *to)
{
    char rest[SIM_PATH_MAX];
    if (strcmp(path, from) == 0 || inside(path, from)) {
        (void)snprintf(rest, sizeof rest, "%s", path + strlen(from));
        (void)snprintf(path, SIM_PATH_MAX, "%s%s", to, rest);
    }
}

/* The folder of a data file's path; empty when it is none. */
static void folder_of_log(const char *path, char out[SIM_PATH_MAX])
{
    size_t len = strlen(path);
    size_t end = sizeof "/log.mdb" - 1;
    bool is_log = len > end && strcmp(path + len - end, "/log.mdb") == 0;
    (void)snprintf(out, SIM_PATH_MAX, "%.*s", is_log ? (int)(len - end) : 0, path);
}

/* A file, a folder, or a log's data file, which takes the log with it. */
static enum hf_rc move(struct hf_disk *base, const char *from, const char *to, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    char from_log[SIM_PATH_MAX];
    char to_log[SIM_PATH_MAX];
    bool write = false;
    enum hf_rc rc = step(disk, &write, err);
    folder_of_log(from, from_log);
    folder_of_log(to, to_log);
    for (size_t i = 0; write && i < SIM_FILES_MAX; i++) {
        if (disk->files[i].bytes != NULL) {
            move_path(disk->files[i].path, from, to);
        }
    }
    for (size_t i = 0; write && i < SIM_LOGS_MAX; i++) {
        struct sim_log *log = &disk->logs[i];
        if (log->model != NULL && from_log[0] != '\0' && strcmp(log->path, from_log) == 0) {
            (void)snprintf(log->path, sizeof log->path, "%s", to_log);
        } else if (log->model != NULL) {
            move_path(log->path, from, to);
        }
    }
    return rc;
}

static enum hf_rc remove_file(struct hf_disk *base, const char *path, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    struct sim_file *file = find(disk, path);
    bool write = false;
    enum hf_rc rc = step(disk, &write, err);
    if (file != NULL && write) {
        hf_heap_free(file->bytes);
        file->bytes = NULL;
    }
    return rc;
}

static enum hf_rc make_dir(struct hf_disk *base, const char *path, mode_t mode, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    (void)mode;
    if (sim_disk_crashed(disk)) {
        return hf_err_set(err, HF_EIO, "the power is off");
    }
    return has_inside(disk, path) ? hf_err_set(err, HF_EEXIST, "%s is not empty", path) : HF_OK;
}

static enum hf_rc remove_dir(struct hf_disk *base, const char *path, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    bool write = false;
    enum hf_rc rc = step(disk, &write, err);
    for (size_t i = 0; write && i < SIM_FILES_MAX; i++) {
        struct sim_file *file = &disk->files[i];
        if (file->bytes != NULL && inside(file->path, path)) {
            hf_heap_free(file->bytes);
            file->bytes = NULL;
        }
    }
    for (size_t i = 0; write && i < SIM_LOGS_MAX; i++) {
        if (disk->logs[i].model != NULL && strcmp(disk->logs[i].path, path) == 0) {
            hf_disk_model_free(disk->logs[i].model);
            disk->logs[i].model = NULL;
        }
    }
    return rc;
}

/* There is one program on a machine. */
static bool held(struct hf_disk *base, const char *path, char *out, size_t cap)
{
    (void)base;
    (void)path;
    (void)snprintf(out, cap, "nobody");
    return false;
}

static bool log_exists(const struct sim_disk *disk, const char *folder)
{
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        struct hf_place *place = NULL;
        if (disk->logs[i].model == NULL || strcmp(disk->logs[i].path, folder) != 0) {
            continue;
        }
        enum hf_rc rc = hf_place_model_open(disk->logs[i].model, HF_PLACE_CREATE, &place, NULL);
        if (rc == HF_OK) {
            hf_place_close(place);
        }
        return rc == HF_EEXIST;
    }
    return false;
}

static bool file_exists(struct hf_disk *base, const char *path)
{
    struct sim_disk *disk = disk_of(base);
    char folder[SIM_PATH_MAX];
    folder_of_log(path, folder);
    return find(disk, path) != NULL || has_inside(disk, path) ||
           (folder[0] != '\0' && log_exists(disk, folder));
}

static enum hf_rc open_place(struct hf_disk *base, const struct hf_disk_place *conf,
                             struct hf_place **ret_place, struct hf_err *err)
{
    struct sim_disk *disk = disk_of(base);
    size_t i = 0;
    while (i < SIM_LOGS_MAX &&
           (disk->logs[i].model == NULL || strcmp(disk->logs[i].path, conf->path) != 0)) {
        i++;
    }
    if (i == SIM_LOGS_MAX) {
        for (i = 0; disk->logs[i].model != NULL;) {
            i++;
            HF_ASSERT(i < SIM_LOGS_MAX);
        }
        (void)snprintf(disk->logs[i].path, sizeof disk->logs[i].path, "%s", conf->path);
        HF_ASSERT(hf_disk_model_new(draw(disk, UINT64_MAX), &disk->logs[i].model) == HF_OK);
    }
    return hf_place_model_open(disk->logs[i].model, conf->mode, ret_place, err);
}

static const struct hf_disk_ops ops = {read_file,  create_file, replace_file, file_exists,
                                       make_dirs,  move,        remove_file,  make_dir,
                                       remove_dir, held,        open_place};

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
        if (disk->logs[i].model == NULL) {
            continue;
        }
        const struct hf_disk_plan plan = {.at_step = 1 + draw(disk, within), .fault = fault};
        hf_disk_model_plan(disk->logs[i].model, plan);
    }
}

void sim_disk_heal(struct sim_disk *disk)
{
    disk->file_steps = 0;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        if (disk->logs[i].model == NULL) {
            continue;
        }
        hf_disk_model_plan(disk->logs[i].model, (struct hf_disk_plan){.at_step = 0});
    }
}

void sim_disk_crash(struct sim_disk *disk)
{
    disk->off = true;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        if (disk->logs[i].model == NULL) {
            continue;
        }
        hf_disk_model_crash(disk->logs[i].model);
    }
}

bool sim_disk_crashed(const struct sim_disk *disk)
{
    bool off = disk->off;
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        off = off || (disk->logs[i].model != NULL && hf_disk_model_crashed(disk->logs[i].model));
    }
    return off;
}

void sim_disk_restart(struct sim_disk *disk)
{
    sim_disk_crash(disk); /* all of it, wherever the fault was */
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        if (disk->logs[i].model == NULL) {
            continue;
        }
        hf_disk_model_restart(disk->logs[i].model);
    }
    disk->off = false;
    disk->file_steps = 0;
}

void sim_disk_put(struct sim_disk *disk, const char *path, struct hf_bytes bytes)
{
    set(disk, path, bytes);
}

void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from)
{
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        if (from->files[i].bytes != NULL) {
            set(to, from->files[i].path, hf_bytes_of(from->files[i].bytes, from->files[i].len));
        }
    }
    for (size_t i = 0; i < SIM_LOGS_MAX; i++) {
        if (from->logs[i].model != NULL) {
            to->logs[i] = from->logs[i];
            HF_ASSERT(hf_disk_model_copy(from->logs[i].model, draw(to, UINT64_MAX),
                                         &to->logs[i].model) == HF_OK);
        }
    }
}
