/* projections/fold.h: what read models have in common when they fold an event into a row.
 *
 * Pure but for the store they are given; one thread.
 */
#ifndef HF_PROJECTIONS_FOLD_H
#define HF_PROJECTIONS_FOLD_H

#include "projections/projector.h"

#define HF_FOLD_HOUR_US      INT64_C(3600000000)
#define HF_FOLD_PAYLOAD_SIZE 4096 /* of a payload after its upcast; longer ones are not upcast */

static inline bool hf_fold_is(const struct hf_envelope *event, const char *type)
{
    return hf_str_eq(event->type, hf_str_c(type));
}

static inline int64_t hf_fold_hour(int64_t time_us)
{
    return time_us - time_us % HF_FOLD_HOUR_US;
}

/* Tenants choose the numbers: a sum that does not fit stays at the greatest one. */
static inline int64_t hf_fold_add(int64_t sum, uint64_t more)
{
    uint64_t room = (uint64_t)(INT64_MAX - (sum < 0 ? 0 : sum));
    return more > room ? INT64_MAX : sum + (int64_t)more;
}

/* Fills the row whose key it holds; when there is none all else is zero and empty, and *ret_found
 * false (ret_found may be NULL). Texts borrow until the next call on the table. */
enum hf_rc hf_fold_row(struct hf_store *store, const struct hf_table_def *table,
                       struct hf_value *row, bool *ret_found, struct hf_err *err);
/* The tenant that a stream "KIND/TENANT" is about; false when it is of another kind. */
bool hf_fold_subject(struct hf_str stream, const char *kind, struct hf_str *ret);
/* HF_EINVAL, a dead letter, when an event out of a tenant's log says that it is another's. */
enum hf_rc hf_fold_own(const struct hf_position *position, struct hf_str tenant,
                       struct hf_err *err);

/* An event on its way into a read model. Everything is borrowed. */
struct hf_fold {
    struct hf_store *store;
    const struct hf_position *position;
    const struct hf_envelope *event;
    struct hf_bytes payload; /* of the newest version */
};

/* A type of event that a read model takes. */
struct hf_fold_kind {
    const char *type;
    uint32_t version; /* the newest */
    bool of_tenants;  /* it counts out of a tenant's log; else only when the region says it */
    enum hf_rc (*take)(struct hf_fold *fold, struct hf_err *err);
};

/* Brings the payload up to date and gives the event to its kind; one of no kind is passed over.
 * The payload is the caller's to leave empty. */
enum hf_rc hf_fold_apply(const struct hf_fold_kind *kinds, size_t count, struct hf_fold *io_fold,
                         struct hf_err *err);

#endif
