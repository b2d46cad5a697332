/* hub/custody_parts.h: what custody is made of, and its files; for hub/custody*.c alone.
 *
 *   offset  size  TENANT.subjects.N
 *        0    20  "holdfast/custody@v1\n"
 *       20     8  id of the custody key
 *  then of each of up to HF_CUSTODY_CHUNK subjects:
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
    struct hf_custody_chunk *chunk;
    struct hf_map_node by_subject;
    struct hf_queue order; /* of its chunk */
    uint16_t len;
    uint8_t sealed[];
};

/* One file. A chunk that has been written stays, also when it is empty. */
struct hf_custody_chunk {
    struct hf_custody_tenant *tenant;
    unsigned number;
    unsigned key; /* of the tenant's: which one its subjects are sealed under */
    size_t count;
    struct hf_queue node;
    struct hf_queue order;
};

struct hf_custody_tenant {
    char name[HF_TENANT_NAME_MAX + 1];
    struct hf_map_node by_name;
    struct hf_queue node;
    struct hf_queue chunks; /* by number */
    unsigned chunk_count;
    size_t count;
    struct hf_custody_keys keys; /* as in its file; none: there is none. The last one counts */
    bool broken;                 /* its files cannot be read: they are left alone */
};

/* NULL: there is none. */
struct hf_custody_tenant *hf_custody_tenant_find(const struct hf_custody *custody,
                                                 struct hf_str name);
/* Finds or makes; NULL: no memory. */
struct hf_custody_tenant *hf_custody_tenant_get(struct hf_custody *custody, struct hf_str name);
struct hf_custody_kept *hf_custody_kept_find(const struct hf_custody *custody, struct hf_str tenant,
                                             const struct hf_subject *subject);
/* The next one, without a file yet; NULL: no memory. */
struct hf_custody_chunk *hf_custody_chunk_new(struct hf_custody_tenant *t);
/* The last one again, which has no file and no subjects. */
void hf_custody_chunk_drop(struct hf_custody_chunk *chunk);
/* NULL: no memory. The caller adds it, or frees it. */
struct hf_custody_kept *hf_custody_kept_make(struct hf_custody_chunk *chunk,
                                             const struct hf_subject *subject,
                                             struct hf_bytes sealed);
void hf_custody_kept_add(struct hf_custody *custody, struct hf_custody_kept *k);
void hf_custody_kept_drop(struct hf_custody *custody, struct hf_custody_kept *k);
/* Drops all that is in it. */
void hf_custody_empty(struct hf_custody *custody, struct hf_custody_chunk *chunk);

/* Gives the n-th custody key of the tenant. HF_EBADSIG, HF_ENOMEM. */
enum hf_rc hf_custody_key_of(const struct hf_custody *custody, const struct hf_custody_tenant *t,
                             unsigned n, struct hf_secret *ret_key);
/* Gives the subject's key and name. HF_EBADSIG, HF_ENOMEM. */
enum hf_rc hf_custody_kept_open(const struct hf_secret *under, const struct hf_custody_kept *k,
                                struct hf_secret *ret_plain);
/* As hf_custody_kept_make, of a key and a name. */
struct hf_custody_kept *hf_custody_kept_seal(struct hf_custody *custody,
                                             struct hf_custody_chunk *chunk,
                                             const struct hf_subject *subject,
                                             const struct hf_secret *under, struct hf_bytes plain);
/* HF_EREADONLY, and where to look. */
enum hf_rc hf_custody_unreadable(const struct hf_custody_tenant *t, struct hf_err *err);

enum hf_rc hf_custody_write_keys(const struct hf_custody *custody,
                                 const struct hf_custody_tenant *t,
                                 const struct hf_custody_keys *keys, struct hf_err *err);
/* The chunk's file, with what is in order (of kept), which is sealed under this key. */
enum hf_rc hf_custody_write_chunk(const struct hf_custody *custody,
                                  const struct hf_custody_chunk *chunk,
                                  const struct hf_custody_key *key, const struct hf_queue *order,
                                  struct hf_err *err);
/* Ends a change of keys that was interrupted: seals under the last key what is not yet, but for
 * what `gone` says (NULL: nothing), then only that key stays. HF_OK when there is one key alone. */
enum hf_rc hf_custody_settle(struct hf_custody *custody, struct hf_custody_tenant *t,
                             hf_custody_gone_fn *gone, void *arg, struct hf_err *err);

#endif
