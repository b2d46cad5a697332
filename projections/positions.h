/* projections/positions.h: positions of projections in a store that keeps them as one more table.
 *
 * For a store's own file: it makes the table when it is opened, and has the two calls in its
 * struct hf_store_ops. Threads: the store's.
 */
#ifndef HF_PROJECTIONS_POSITIONS_H
#define HF_PROJECTIONS_POSITIONS_H

#include "projections/store.h"

extern const struct hf_table_def hf_positions;

/* 0: it has none yet. */
enum hf_rc hf_positions_get(struct hf_store *store, const char *projection, uint64_t *ret_position,
                            struct hf_err *err);
enum hf_rc hf_positions_set(struct hf_store *store, const char *projection, uint64_t position,
                            struct hf_err *err);

#endif
