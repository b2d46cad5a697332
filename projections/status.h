/* projections/status.h: where a read model is. */
#ifndef HF_PROJECTIONS_STATUS_H
#define HF_PROJECTIONS_STATUS_H

#include "base/json_out.h"
#include "projections/projector.h"

struct hf_projection_status {
    const struct hf_projection *projection;
    bool promoted; /* it is the version that is read */
    uint64_t position;
    uint64_t lag; /* entries that it has yet to see */
    uint64_t dead;
};

/* size: of the log. */
enum hf_rc hf_projection_status(struct hf_store *store, const struct hf_projection *projection,
                                uint64_t size, struct hf_projection_status *ret,
                                struct hf_err *err);
/* The members of it, into an object that is open. */
void hf_projection_status_to_json(const struct hf_projection_status *status,
                                  struct hf_json_out *json);

#endif
