/* log/store/place_model.h: a place in memory that can crash, lose and tear writes.
 *
 * For the simulator and for what kill -9 cannot show. The "disk" outlives places opened on it.
 * Every write operation (put, del, commit, seal_put, seal_finish, mark_write, set_aside) counts one
 * step; a plan says what happens at step n. After a crash every operation on the open
 * place answers HF_EIO until it is closed; hf_disk_model_restart then decides by the seed what
 * survived:
 * a commit in flight wholly or not at all; an unfinished sealed file absent, partial or whole
 * under its temporary name; marks old, new or torn; with `lying` also the newest acknowledged
 * commits lost (a disk that ignores syncs: what verify --against must notice).
 */
#ifndef HF_LOG_STORE_PLACE_MODEL_H
#define HF_LOG_STORE_PLACE_MODEL_H

#include "log/store/place.h"

struct hf_disk_model;

enum hf_fault {
    HF_FAULT_NONE,
    HF_FAULT_CRASH,  /* power off at that step */
    HF_FAULT_EIO,    /* that step fails with HF_EIO, once */
    HF_FAULT_ENOSPC, /* that step fails with HF_ENOSPC, once */
};

struct hf_disk_plan {
    uint64_t at_step; /* counted from the plan's setting, the next step is 1; 0: never */
    enum hf_fault fault;
    bool lying;
};

enum hf_rc hf_disk_model_new(uint64_t seed, struct hf_disk_model **ret_disk);
/* As `from` is now, with a fate of its own. */
enum hf_rc hf_disk_model_copy(const struct hf_disk_model *from, uint64_t seed,
                              struct hf_disk_model **ret_disk);
void hf_disk_model_free(struct hf_disk_model *disk);
void hf_disk_model_plan(struct hf_disk_model *disk, struct hf_disk_plan plan);
/* Steps taken since the plan was set. */
uint64_t hf_disk_model_steps(const struct hf_disk_model *disk);
/* Power off now, between two steps. */
void hf_disk_model_crash(struct hf_disk_model *disk);
bool hf_disk_model_crashed(const struct hf_disk_model *disk);
/* After a crash, with all places closed: settles what survived and lets the disk work again. */
void hf_disk_model_restart(struct hf_disk_model *disk);

/* The disk is one folder; a second owner gets HF_ELOCKED. */
enum hf_rc hf_place_model_open(struct hf_disk_model *disk, enum hf_place_mode mode,
                               struct hf_place **ret_place, struct hf_err *err);

#endif
