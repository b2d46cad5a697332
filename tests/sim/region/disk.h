/* tests/sim/region/disk.h: a machine's disk in memory: small files, and a model disk for each log.
 *
 * It outlives the programs on it. Each operation on a small file is a step, as each write of a log
 * is (log/store/place_model.h): at a crash in the middle of one it is done or not done, as
 * base/file.h promises; what was done before stays.
 */
#ifndef HF_TESTS_SIM_REGION_DISK_H
#define HF_TESTS_SIM_REGION_DISK_H

#include "log/store/disk.h"
#include "log/store/place_model.h"

#define SIM_FILES_MAX 24
#define SIM_LOGS_MAX  8
#define SIM_PATH_MAX  64

struct sim_file {
    char path[SIM_PATH_MAX];
    uint8_t *bytes;
    size_t len;
};

struct sim_log {
    char path[SIM_PATH_MAX];
    struct hf_disk_model *model;
};

struct sim_disk {
    struct hf_disk disk;
    struct hf_env_sim env; /* only its randomness */
    struct sim_file files[SIM_FILES_MAX];
    struct sim_log logs[SIM_LOGS_MAX];
    bool off;
    uint64_t file_steps; /* until a fault hits a small file; 0: none will */
    enum hf_fault file_fault;
};

void sim_disk_init(struct sim_disk *disk, uint64_t seed);
void sim_disk_fini(struct sim_disk *disk);
/* A fault at a step drawn below `within`, of small files and of each log. */
void sim_disk_plan(struct sim_disk *disk, enum hf_fault fault, uint64_t within);
/* No fault is planned any more. */
void sim_disk_heal(struct sim_disk *disk);
/* Power off now. */
void sim_disk_crash(struct sim_disk *disk);
/* The power went off at a step. */
bool sim_disk_crashed(const struct sim_disk *disk);
/* After a crash, with everything on it closed. */
void sim_disk_restart(struct sim_disk *disk);
/* Puts a file there, as a person would. */
void sim_disk_put(struct sim_disk *disk, const char *path, struct hf_bytes bytes);
/* All of it as it is now, onto an empty disk: what a restored backup is, or a clone. */
void sim_disk_copy(struct sim_disk *to, const struct sim_disk *from);

#endif
