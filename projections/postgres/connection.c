/* projections/postgres/connection.c: one connection to PostgreSQL: made, lost, made again. */
#include "projections/postgres/connection.h"

#include <string.h>

#include "base/assert.h"

#define LOCK_NUMBER "7523046861534720338" /* "holdfast" is the only one who takes it */
#define WORDS_MAX   300                   /* of the server's message; the rest says where in SQL */

/* SQLSTATE, or its class when it has two characters, and what it is to us; the first that fits.
 * None is one of those that projections answer about an event. */
static const struct {
    const char *state;
    enum hf_rc rc;
} states[] = {{"53100", HF_ENOSPC}, {"53200", HF_ENOMEM},    {"42501", HF_EPERM},
              {"28", HF_EPERM},     {"25006", HF_EREADONLY}, {"40", HF_ELOCKED},
              {"55", HF_ELOCKED},   {"42", HF_EMISMATCH}};

static enum hf_rc code_of(const char *state)
{
    for (size_t i = 0; state != NULL && i < HF_LEN(states); i++) {
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0) {
            return states[i].rc;
        }
    }
    return HF_EIO;
}

enum hf_rc hf_pg_fault(struct hf_pg *pg, const PGresult *result, const char *what,
                       struct hf_err *err)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = state == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (text == NULL) {
        text = PQerrorMessage(pg->link);
    }
    size_t len = strcspn(text, "\n");
    if (len == 0) {
        text = "no answer";
        len = strlen(text);
    }
    enum hf_rc rc = code_of(state);
    return hf_err_set(err, rc, "PostgreSQL%s, %s: %.*s",
                      rc == HF_ENOSPC ? " has no room left on its disk" : "", what,
                      (int)(len < WORDS_MAX ? len : WORDS_MAX), text);
}

enum hf_rc hf_pg_done(struct hf_pg *pg, PGresult *result, ExecStatusType wanted, const char *what,
                      struct hf_err *err)
{
    enum hf_rc rc = PQresultStatus(result) == wanted ? HF_OK : hf_pg_fault(pg, result, what, err);
    PQclear(result);
    return rc;
}

enum hf_rc hf_pg_run(struct hf_pg *pg, const char *sql, const char *what, struct hf_err *err)
{
    return hf_pg_done(pg, PQexec(pg->link, sql), PGRES_COMMAND_OK, what, err);
}

enum hf_rc hf_pg_run_buf(struct hf_pg *pg, struct hf_buf *sql, const char *what, struct hf_err *err)
{
    hf_buf_put(sql, "", 1);
    enum hf_rc rc = sql->failed == HF_OK
                        ? hf_pg_run(pg, (const char *)sql->ptr, what, err)
                        : hf_err_set(err, sql->failed, "no memory for a statement");
    hf_buf_free(sql);
    return rc;
}

/* connecting */

static void be_quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message; /* "already exists, skipping" is what we want to hear */
}

/* One question with one answer in text; copies it, cut, into `ret`. */
static enum hf_rc ask(struct hf_pg *pg, const char *sql, char *ret, size_t size, struct hf_err *err)
{
    PGresult *result = PQexec(pg->link, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        enum hf_rc rc = hf_pg_fault(pg, result, "connect", err);
        PQclear(result);
        return rc;
    }
    size_t len = (size_t)PQgetlength(result, 0, 0);
    len = len < size ? len : size - 1;
    memcpy(ret, PQgetvalue(result, 0, 0), len);
    ret[len] = '\0';
    PQclear(result);
    return HF_OK;
}

/* The one before may just have ended: its server needs a moment to notice. A lock on a table that
 * somebody holds must not hold up the one who folds much longer either. */
static enum hf_rc take_lock(struct hf_pg *pg, struct hf_err *err)
{
    char nothing[8];
    enum hf_rc rc = hf_pg_run(pg, "SET lock_timeout = '3s'", "settings", err);
    if (rc == HF_OK) {
        rc = ask(pg, "SELECT pg_advisory_lock(" LOCK_NUMBER ")", nothing, sizeof nothing, err);
    }
    return rc != HF_ELOCKED
               ? rc
               : hf_err_set(err, rc,
                            "another program writes the read models of this database; stop it "
                            "first");
}

/* Whoever may not make schemas can be given one, so it is made only where it is missing. */
static enum hf_rc make_schema(struct hf_pg *pg, struct hf_err *err)
{
    char answer[8];
    enum hf_rc rc =
        ask(pg, "SELECT to_regnamespace('holdfast') IS NULL", answer, sizeof answer, err);
    if (rc == HF_OK && strcmp(answer, "t") == 0) {
        rc = hf_pg_run(pg, "CREATE SCHEMA holdfast", "schema holdfast", err);
    }
    return rc;
}

/* What a fresh connection needs. A lost transaction is folded again out of the log, so none waits
 * for the server's disk. */
static enum hf_rc greet(struct hf_pg *pg, struct hf_err *err)
{
    char encoding[32];
    pg->generation++;
    pg->lost = false;
    (void)PQsetNoticeProcessor(pg->link, be_quiet, NULL);
    enum hf_rc rc = ask(pg, "SHOW server_encoding", encoding, sizeof encoding, err);
    if (rc == HF_OK && strcmp(encoding, "UTF8") != 0) {
        rc = hf_err_set(err, HF_EINVAL,
                        "the database's encoding is %s: read models need one made with "
                        "ENCODING 'UTF8'",
                        encoding);
    }
    if (rc == HF_OK && pg->reading) {
        rc = hf_pg_run(pg,
                       "SET default_transaction_read_only = on; "
                       "SET default_transaction_isolation = 'repeatable read'",
                       "settings", err);
        pg->lost = rc != HF_OK;
        return rc;
    }
    if (rc == HF_OK) {
        rc = take_lock(pg, err);
    }
    if (rc == HF_OK) {
        rc = hf_pg_run(pg, "SET synchronous_commit = off", "settings", err);
    }
    if (rc == HF_OK) {
        rc = make_schema(pg, err);
    }
    pg->lost = rc != HF_OK;
    return rc;
}

/* Parses without looking at the environment; the words of a URL that cannot be parsed may be those
 * of a password, so they are not repeated. */
static enum hf_rc check_url(const char *url, struct hf_err *err)
{
    bool secret = false;
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    if (options == NULL) {
        return hf_err_set(err, HF_EINVAL,
                          "this is not a URL of PostgreSQL: it looks like "
                          "postgresql://USER@HOST:PORT/DATABASE");
    }
    for (PQconninfoOption *o = options; o->keyword != NULL; o++) {
        bool is_secret =
            strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0;
        secret = secret || (is_secret && o->val != NULL && o->val[0] != '\0');
    }
    PQconninfoFree(options);
    return secret ? hf_err_set(err, HF_EINVAL,
                               "a password does not belong into a URL that others can read: put it "
                               "into ~/.pgpass")
                  : HF_OK;
}

enum hf_rc hf_pg_open(struct hf_pg *pg, const char *url, bool reading, struct hf_err *err)
{
    /* What stands before dbname is a default, which the URL may change. */
    static const char *const keywords[] = {"connect_timeout",
                                           "keepalives_idle",
                                           "tcp_user_timeout",
                                           "application_name",
                                           "dbname",
                                           "client_encoding",
                                           NULL};
    const char *const values[] = {"10", "30", "60000", "holdfast", url, "UTF8", NULL};
    *pg = (struct hf_pg){.reading = reading};
    enum hf_rc rc = check_url(url, err);
    if (rc != HF_OK) {
        return rc;
    }
    pg->link = PQconnectdbParams(keywords, values, /* expand_dbname */ 1);
    if (pg->link == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a connection to PostgreSQL");
    }
    return PQstatus(pg->link) == CONNECTION_OK ? greet(pg, err)
                                               : hf_pg_fault(pg, NULL, "connect", err);
}

void hf_pg_close(struct hf_pg *pg)
{
    PQfinish(pg->link);
    pg->link = NULL;
}

static bool is_lost(const struct hf_pg *pg)
{
    return pg->lost || PQstatus(pg->link) != CONNECTION_OK;
}

enum hf_rc hf_pg_ready(struct hf_pg *pg, struct hf_err *err)
{
    if (!is_lost(pg)) {
        return HF_OK;
    }
    if (pg->in_transaction || pg->reading) {
        return hf_err_set(err, HF_EIO, "the connection to PostgreSQL was lost");
    }
    PQreset(pg->link);
    return PQstatus(pg->link) == CONNECTION_OK ? greet(pg, err)
                                               : hf_pg_fault(pg, NULL, "connect", err);
}

/* transactions */

enum hf_rc hf_pg_begin(struct hf_pg *pg, struct hf_err *err)
{
    HF_ASSERT(!pg->in_transaction);
    if (is_lost(pg)) {
        return hf_err_set(err, HF_EIO, "the connection to PostgreSQL was lost");
    }
    enum hf_rc rc = hf_pg_run(pg, "BEGIN", "begin", err);
    pg->in_transaction = rc == HF_OK;
    return rc;
}

void hf_pg_rollback(struct hf_pg *pg)
{
    /* Stopped in the middle of a pipeline: what was sent dies with the connection. */
    bool ended = PQpipelineStatus(pg->link) == PQ_PIPELINE_OFF && !is_lost(pg) &&
                 hf_pg_run(pg, "ROLLBACK", "rollback", NULL) == HF_OK;
    pg->in_transaction = false;
    pg->lost = !ended;
}

enum hf_rc hf_pg_commit(struct hf_pg *pg, struct hf_err *err)
{
    enum hf_rc rc = hf_pg_ready(pg, err);
    if (rc == HF_OK) {
        PGresult *result = PQexec(pg->link, "COMMIT");
        /* In a transaction that failed COMMIT succeeds, and says ROLLBACK. */
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            rc = hf_pg_fault(pg, result, "commit", err);
        } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
            rc = hf_err_set(err, HF_EIO, "PostgreSQL, commit: the transaction had failed before");
        }
        PQclear(result);
    }
    if (rc == HF_OK) {
        pg->in_transaction = false;
    } else {
        hf_pg_rollback(pg);
    }
    return rc;
}
