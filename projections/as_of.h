/* projections/as_of.h: what a read model said about one thing when the log had so many entries. */
#ifndef HF_PROJECTIONS_AS_OF_H
#define HF_PROJECTIONS_AS_OF_H

#include "projections/projector.h"

/* Folds, into `store` (empty, thrown away afterwards), what the first `size` entries of the log say
 * about `key`, the first column of the projection's first table: its own streams where the
 * projection names them, else everything. */
enum hf_rc hf_projection_as_of(const struct hf_projector_conf *conf,
                               const struct hf_projection *projection, struct hf_str key,
                               struct hf_err *err);

#endif
