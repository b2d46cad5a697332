/* hub/custody_parts.h: what custody is made of, and its files; for hub/custody*.c alone.
 *
 *   offset  size  TENANT.subjects
 *        0    20  "holdfast/custody@v1\n"
 *       20     8  id of the custody key
 *  then of each subject, in the order in which they came:
 *             16  the subject
 *              2  size of what follows, big-endian
 *                 sealed: its key, 32 bytes, and its name; bound to tenant and subject
 */
#ifndef HF_HUB_CUSTODY_PARTS_H
#define HF_HUB_CUSTODY_PARTS_H

#include "commands/tenant.h"
#include "hub/custody.h"

#define HF_CUSTODY_PLAIN_MAX  (HF_SEAL_KEY_SIZE + HF_CUSTODY_NAME_MAX)
#define HF_CUSTODY_SEALED_MAX (HF_CUSTODY_PLAIN_MAX + HF_SEAL_OVERHEAD)

struct hf_custody_kept {
    struct hf_subject subject;
    struct hf_custody_tenant *tenant;
    struct hf_map_node by_subject;
    struct hf_queue order; /* of its tenant */
    uint16_t len;
    uint8_t sealed[];
};

struct hf_custody_tenant {
    char name[HF_TENANT_NAME_MAX + 1];
    struct hf_map_node by_name;
    struct hf_queue node;
    struct hf_queue order;
    size_t count;
    struct hf_custody_keys keys; /* as in its file; none: there is none */
    unsigned current;            /* the one that the subjects are sealed under */
    bool broken;                 /* its files cannot be read: they are left alone */
};

/* NULL: there is none. */
struct hf_custody_tenant *hf_custody_tenant_find(const struct hf_custody *custody,
                                                 struct hf_str name);
/* Finds or makes; NULL: no memory. */
struct hf_custody_tenant *hf_custody_tenant_get(struct hf_custody *custody, struct hf_str name);
struct hf_custody_kept *hf_custody_kept_find(const struct hf_custody *custody, struct hf_str tenant,
                                             const struct hf_subject *subject);
/* NULL: no memory. The caller adds it, or frees it. */
struct hf_custody_kept *hf_custody_kept_make(struct hf_custody_tenant *t,
                                             const struct hf_subject *subject,
                                             struct hf_bytes sealed);
void hf_custody_kept_add(struct hf_custody *custody, struct hf_custody_kept *k);
void hf_custody_kept_drop(struct hf_custody *custody, struct hf_custody_kept *k);

enum hf_rc hf_custody_write_keys(const struct hf_custody *custody,
                                 const struct hf_custody_tenant *t,
                                 const struct hf_custody_keys *keys, struct hf_err *err);
/* order: of what is kept; key: that seals it. */
enum hf_rc hf_custody_write_subjects(const struct hf_custody *custody,
                                     const struct hf_custody_tenant *t,
                                     const struct hf_custody_key *key, const struct hf_queue *order,
                                     struct hf_err *err);
/* A change of keys that was interrupted: the key that opens nothing (any more, or yet) goes. */
enum hf_rc hf_custody_settle(const struct hf_custody *custody, struct hf_custody_tenant *t,
                             struct hf_err *err);

#endif
