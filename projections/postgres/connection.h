/* projections/postgres/connection.h: one connection to PostgreSQL: made, lost, made again.
 *
 * A connection that broke stays broken until the transaction is over: what was sent of it is gone.
 * begin does not make it again either, for somebody else may have written meanwhile: it fails once,
 * and what a caller then reads (hf_pg_ready) reads over a new one. Each new connection has a new
 * generation: nothing that was prepared in the old one has outlived it.
 * Blocking; one thread.
 */
#ifndef HF_PROJECTIONS_POSTGRES_CONNECTION_H
#define HF_PROJECTIONS_POSTGRES_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct hf_pg {
    PGconn *link;
    unsigned generation;
    bool in_transaction;
    bool lost;    /* in the middle of something that cannot be ended */
    bool reading; /* never writes, and a lost connection stays lost */
};

/* See hf_store_postgres_open and _open_reading. On failure close all the same. */
enum hf_rc hf_pg_open(struct hf_pg *pg, const char *url, bool reading, struct hf_err *err);
void hf_pg_close(struct hf_pg *pg);
/* Before anything is asked: makes a lost connection again, outside of transactions. */
enum hf_rc hf_pg_ready(struct hf_pg *pg, struct hf_err *err);

enum hf_rc hf_pg_begin(struct hf_pg *pg, struct hf_err *err);
/* HF_OK, or nothing of the transaction has happened and it is over; HF_EIO also when the connection
 * broke before the server's answer, and then only reading tells. */
enum hf_rc hf_pg_commit(struct hf_pg *pg, struct hf_err *err);
void hf_pg_rollback(struct hf_pg *pg);

/* The server's words about a result (NULL: about the connection), in one line, and our code for it.
 */
enum hf_rc hf_pg_fault(struct hf_pg *pg, const PGresult *result, const char *what,
                       struct hf_err *err);
/* Takes the result: clears it. HF_OK when its status is the wanted one. */
enum hf_rc hf_pg_done(struct hf_pg *pg, PGresult *result, ExecStatusType wanted, const char *what,
                      struct hf_err *err);
enum hf_rc hf_pg_run(struct hf_pg *pg, const char *sql, const char *what, struct hf_err *err);
/* Ends the text, runs it, and frees the buffer. */
enum hf_rc hf_pg_run_buf(struct hf_pg *pg, struct hf_buf *sql, const char *what,
                         struct hf_err *err);

#endif
