/* projections/cache.h: rows in memory above a store: read once, changed often, written once.
 *
 * Projections change the same few rows again and again (a counter of this hour, a tenant's state).
 * The cache is a store itself: rows that are put stay in memory until the commit, which writes each
 * changed row once, in key order, and keeps what it knows for the next transaction. So it must be
 * the only writer of its tables; whoever finds that a position moved without it calls
 * hf_cache_forget.
 * Threads: one.
 */
#ifndef HF_PROJECTIONS_CACHE_H
#define HF_PROJECTIONS_CACHE_H

#include "base/env.h"
#include "projections/store.h"

#define HF_CACHE_ROWS 200000 /* that are kept from one transaction to the next */

/* Borrows env (for the hash's key) and `under`, which must outlive it. Gives *ret_cache;
 * hf_store_close frees the cache and leaves `under` open. */
enum hf_rc hf_cache_new(struct hf_env *env, struct hf_store *under, size_t rows_max,
                        struct hf_store **ret_cache, struct hf_err *err);
/* The table has no rows now: what is not in the cache is nowhere, until the cache is full. */
void hf_cache_assume_empty(struct hf_store *store, const struct hf_table_def *table);
/* Drops everything that it knows. Outside of a transaction. */
void hf_cache_forget(struct hf_store *store);

#endif
