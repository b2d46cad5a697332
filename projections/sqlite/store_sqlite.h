/* projections/sqlite/store_sqlite.h: read models in one SQLite file. */
#ifndef HF_PROJECTIONS_SQLITE_STORE_SQLITE_H
#define HF_PROJECTIONS_SQLITE_STORE_SQLITE_H

#include "projections/store.h"

/* Opens or makes the file, which its owner alone may read. Journal in WAL mode, synchronous NORMAL:
 * after a power cut the file is whole and at most the newest commits are missing, which the log
 * brings again. Gives *ret_store. HF_EIO: it cannot be read. */
enum hf_rc hf_store_sqlite_open(const char *path, struct hf_store **ret_store, struct hf_err *err);

/* Puts the file of a store that is not open beside, as PATH.damaged, in the place of an earlier
 * one, for who wants to look. */
enum hf_rc hf_store_sqlite_set_aside(const char *path, struct hf_err *err);

/* Removes the file of a store that is not open. */
enum hf_rc hf_store_sqlite_remove(const char *path, struct hf_err *err);

/* The same for what nothing brings again: a commit is on the disk when it returns, and what is
 * removed is overwritten. */
enum hf_rc hf_store_sqlite_open_kept(const char *path, struct hf_store **ret_store,
                                     struct hf_err *err);

/* For a store that was opened so, outside of a transaction: what was removed is in no file of it
 * any more when this returns, also not in its journal. Row texts of earlier calls end. HF_ELOCKED:
 * another program reads it; try again. */
enum hf_rc hf_store_sqlite_scrub(struct hf_store *store, struct hf_err *err);

#endif
