/* projections/postgres/store_postgres.h: read models in a PostgreSQL database.
 *
 * Tables live in the schema "holdfast", made when it is not there; texts are compared by bytes
 * (COLLATE "C"), so that scans have the order that they have in every store. Few rows are written
 * by prepared statements in a pipeline, one round trip for all; many by COPY into a temporary table
 * and one upsert out of it. One writer a database: the second is refused by an advisory lock.
 * A connection that broke fails the transaction; outside of one the next call makes a new one.
 * Blocking, a lost server for 10 seconds at most while connecting; one thread.
 */
#ifndef HF_PROJECTIONS_POSTGRES_STORE_POSTGRES_H
#define HF_PROJECTIONS_POSTGRES_STORE_POSTGRES_H

#include "projections/store.h"

/* url: postgresql://[user@]host[:port]/database[?...], as libpq takes it. No password belongs into
 * it: libpq finds one in ~/.pgpass or $PGPASSFILE; a URL with a password is refused with HF_EINVAL.
 * Gives *ret_store. HF_ELOCKED: another program writes these read models. HF_EIO: the server's own
 * words. */
enum hf_rc hf_store_postgres_open(const char *url, struct hf_store **ret_store, struct hf_err *err);
/* To read what somebody else writes: makes no table, takes no lock; a connection that broke stays
 * broken. A transaction sees one moment of it. */
enum hf_rc hf_store_postgres_open_reading(const char *url, struct hf_store **ret_store,
                                          struct hf_err *err);
/* From another thread, while this one waits for the server: what it waits for fails. Only for a
 * store that reads; not while it is opened or closed. */
void hf_store_postgres_interrupt(struct hf_store *store);

#endif
