/* hub/custody.h: the keys that personal data of subjects is sealed under, and the subjects' names.
 *
 * In DIR/custody, for each tenant that has subjects:
 *   TENANT.subjects.N  ids of up to HF_CUSTODY_CHUNK subjects, and their keys and names, sealed
 *                      under the tenant's custody key
 *   TENANT.key         that custody key, sealed under this host's key (hub/custody_key.h)
 * Each is replaced as a whole. When a subject's key is erased, a fresh custody key seals what is
 * left, and the one before is gone with the file that held it: old copies of the subjects' files
 * are worth nothing without the old copy of the other. Which subjects there are is the log's to
 * say: the caller compares after load (hub/erasures.h). What is sealed is held in memory, keys and
 * names are opened for as long as somebody looks.
 * Threads: the loop's. Order: open; then load for each tenant; close.
 */
#ifndef HF_HUB_CUSTODY_H
#define HF_HUB_CUSTODY_H

#include "base/file.h"
#include "base/map.h"
#include "base/queue.h"
#include "hub/custody_key.h"
#include "log/store/disk.h"
#include "schemas/personal.h"

#define HF_CUSTODY_CHUNK        256   /* a put rewrites 60 KB */
#define HF_CUSTODY_SUBJECTS_MAX 65536 /* of one tenant: 256 files, 16 MB */
#define HF_CUSTODY_NAME_MAX     160

struct hf_custody_conf {
    const char *dir; /* of the Hub */
    struct hf_disk *disk;
    struct hf_env *env;
    const struct hf_secret *host_key; /* copied */
};

struct hf_custody {
    /* private */
    char dir[HF_PATH_MAX];
    struct hf_disk *disk;
    struct hf_env *env;
    struct hf_secret host_key;
    struct hf_map by_tenant;
    struct hf_map by_subject;
    struct hf_queue tenants;
};

/* Makes the folder. Also a failed one is to be closed. */
enum hf_rc hf_custody_open(const struct hf_custody_conf *conf, struct hf_custody *custody,
                           struct hf_err *err);
/* Also of zeroes. */
void hf_custody_close(struct hf_custody *custody);

/* Reads what is kept of the tenant, if anything is. Entries behind one that is cut are not there.
 * HF_ESYNTAX, HF_EMISMATCH, HF_EBADSIG, HF_EIO: nothing of the tenant is there, and nothing can be
 * put; the text says what to do. HF_ENOMEM. */
enum hf_rc hf_custody_load(struct hf_custody *custody, struct hf_str tenant, struct hf_err *err);

/* Durable when it returns. HF_OK, also when the same is there already; HF_EEXIST: another key is.
 * HF_ERANGE: the tenant has HF_CUSTODY_SUBJECTS_MAX. Else what the disk says: nothing changed. */
enum hf_rc hf_custody_put(struct hf_custody *custody, struct hf_str tenant,
                          const struct hf_subject_key *key, struct hf_str name, struct hf_err *err);
bool hf_custody_has(const struct hf_custody *custody, struct hf_str tenant,
                    const struct hf_subject *subject);
/* Gives the key, and the name, which is NUL-terminated; either may be NULL. HF_ENOTFOUND;
 * HF_EBADSIG: it was altered. HF_ENOMEM. Wipe the name after use. */
enum hf_rc hf_custody_get(const struct hf_custody *custody, struct hf_str tenant,
                          const struct hf_subject *subject, struct hf_subject_key *ret_key,
                          char ret_name[HF_CUSTODY_NAME_MAX + 1]);
/* What asks to be erased. */
typedef bool hf_custody_gone_fn(void *arg, struct hf_str tenant, const struct hf_subject *subject);
/* False: load found files that cannot be read, which are left alone. */
bool hf_custody_is_readable(const struct hf_custody *custody, struct hf_str tenant);
/* Deletes every subject of the tenant that `gone` says, and changes the custody key, durably; HF_OK
 * when there is none. HF_EREADONLY: it is not readable. After a failure it is to be tried again;
 * *ret_count is how many are gone. */
enum hf_rc hf_custody_erase(struct hf_custody *custody, struct hf_str tenant,
                            hf_custody_gone_fn *gone, void *arg, uint64_t *ret_count,
                            struct hf_err *err);

#endif
