/* tests/bench/log/postgres.c: the same events into PostgreSQL, as careful users store events.
 *
 * 64 connections, one prepared INSERT in flight on each, autocommit, synchronous_commit on. The
 * table keeps what the log keeps: a position, unique (stream, version) and (producer, sequence).
 */
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/heap.h"
#include "tests/bench/log/bench.h"

enum {
    INSERTS = 20000
};

struct client {
    PGconn *conn;
    uint8_t bytes[EVENT_MAX];
};

static void check(PGconn *conn, PGresult *result, ExecStatusType expected)
{
    if (PQresultStatus(result) != expected) {
        (void)fprintf(stderr, "bench: PostgreSQL: %s\n", PQerrorMessage(conn));
        _exit(3);
    }
    PQclear(result);
}

static void open_client(struct client *client, const char *conninfo, bool first)
{
    client->conn = PQconnectdb(conninfo);
    if (PQstatus(client->conn) != CONNECTION_OK) {
        (void)fprintf(stderr, "bench: PostgreSQL: %s\n", PQerrorMessage(client->conn));
        _exit(3);
    }
    if (first) {
        check(client->conn,
              PQexec(client->conn,
                     "CREATE TABLE events (position bigserial PRIMARY KEY, stream text NOT NULL, "
                     "version bigint NOT NULL, producer text NOT NULL, sequence bigint NOT NULL, "
                     "body bytea NOT NULL, UNIQUE (stream, version), UNIQUE (producer, sequence))"),
              PGRES_COMMAND_OK);
    }
    check(client->conn,
          PQprepare(client->conn, "add",
                    "INSERT INTO events (stream, version, producer, sequence, body) "
                    "VALUES ($1, $2, $3, $4, $5) RETURNING position",
                    5, NULL),
          PGRES_COMMAND_OK);
}

static void send_one(struct client *client, struct source *source)
{
    unsigned name = (unsigned)(draw(source) % NAMES);
    char stream[48];
    char producer[48];
    uint8_t number[8];
    size_t len = make_event(source, name, client->bytes);
    (void)snprintf(stream, sizeof stream, "metering/c%04u", name);
    (void)snprintf(producer, sizeof producer, "tenant/c%04u/wrapper", name);
    hf_be64_put(number, source->sequence[name]);
    const char *values[5] = {stream, (const char *)number, producer, (const char *)number,
                             (const char *)client->bytes};
    int lens[5] = {0, sizeof number, 0, sizeof number, (int)len};
    int formats[5] = {0, 1, 0, 1, 1};
    if (PQsendQueryPrepared(client->conn, "add", 5, values, lens, formats, 1) != 1 ||
        PQflush(client->conn) != 0) {
        (void)fprintf(stderr, "bench: PostgreSQL: %s\n", PQerrorMessage(client->conn));
        _exit(3);
    }
}

/* true: the answer came. */
static bool take_answer(struct client *client)
{
    if (PQconsumeInput(client->conn) != 1) {
        (void)fprintf(stderr, "bench: PostgreSQL: %s\n", PQerrorMessage(client->conn));
        _exit(3);
    }
    if (PQisBusy(client->conn)) {
        return false;
    }
    check(client->conn, PQgetResult(client->conn), PGRES_TUPLES_OK);
    PQclear(PQgetResult(client->conn)); /* NULL: the end of this query */
    return true;
}

void bench_postgres(struct table *table, const char *conninfo, double ours)
{
    static struct client clients[CALLERS];
    struct pollfd polls[CALLERS];
    struct source source = SOURCE_INIT;
    for (unsigned i = 0; i < CALLERS; i++) {
        open_client(&clients[i], conninfo, i == 0);
        polls[i] = (struct pollfd){.fd = PQsocket(clients[i].conn), .events = POLLIN};
    }
    unsigned sent = 0;
    unsigned done = 0;
    double start = now_s();
    for (; sent < CALLERS; sent++) {
        send_one(&clients[sent], &source);
    }
    while (done < INSERTS) {
        if (poll(polls, CALLERS, -1) < 0) {
            _exit(3);
        }
        for (unsigned i = 0; i < CALLERS; i++) {
            if (polls[i].revents == 0 || !take_answer(&clients[i])) {
                continue;
            }
            done++;
            if (sent < INSERTS) {
                send_one(&clients[i], &source);
                sent++;
            } else {
                polls[i].fd = -1;
            }
        }
    }
    double theirs = INSERTS / (now_s() - start);
    for (unsigned i = 0; i < CALLERS; i++) {
        PQfinish(clients[i].conn);
    }
    add_row(table, (struct row){"64 callers in flight, durable and signed", "/s", ours, theirs,
                                "PostgreSQL 15, prepared INSERT, 64 clients", 3});
}
