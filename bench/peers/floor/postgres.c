/*
 * PostgreSQL by libpq's pipelines. Statements of many clients are in flight on a few shared connections, and
 * what a turn of the loop asked for goes out behind one Sync; a transaction has a connection alone.
 */
#include "database.h"
#include "server.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHARED = 2, LINKS = 8 /* of a worker; those after SHARED carry a transaction at a time */, INT4 = 23 };

typedef struct link {
    PGconn *conn;
    int fd;
    job *first, *last; /* in flight, in the order of their answers */
    bool is_unsynced, waits_to_write;
} link;

static link links[LINKS];
static job *queue_first, *queue_last; /* wait for a connection alone */
static job *spare;

static _Noreturn void die(const char *why)
{
    fprintf(stderr, "floor: PostgreSQL: %s\n", why);
    exit(1);
}

/* -- opening -- */

static void prepare(PGconn *conn, const char *name, const char *sql, int count)
{
    static const Oid types[] = {INT4, INT4};
    PGresult *done = PQprepare(conn, name, sql, count, types);
    if (PQresultStatus(done) != PGRES_COMMAND_OK)
        die(PQresultErrorMessage(done));
    PQclear(done);
}

static void open_links(const char *url)
{
    for (link *l = links; l < links + LINKS; l++) {
        l->conn = PQconnectdb(url);
        if (PQstatus(l->conn) != CONNECTION_OK)
            die(PQerrorMessage(l->conn));
        prepare(l->conn, "row", "SELECT id, random_number FROM world WHERE id = $1", 1);
        prepare(l->conn, "fortunes", "SELECT id, message FROM fortune", 0);
        prepare(l->conn, "change", "UPDATE world SET random_number = $1 WHERE id = $2", 2);
        prepare(l->conn, "begin", "BEGIN", 0);
        prepare(l->conn, "commit", "COMMIT", 0);
        l->fd = PQsocket(l->conn);
        if (PQsetnonblocking(l->conn, 1) != 0 || !PQenterPipelineMode(l->conn))
            die(PQerrorMessage(l->conn));
        server_watch(l->fd, false);
    }
}

/* -- sending -- */

static void send_statement(link *l, const char *name, int count, int first, int second)
{
    static const int lengths[] = {4, 4}, formats[] = {1, 1};
    uint32_t wire[] = {htonl((uint32_t)first), htonl((uint32_t)second)};
    const char *values[] = {(const char *)&wire[0], (const char *)&wire[1]};
    if (!PQsendQueryPrepared(l->conn, name, count, values, lengths, formats, 1))
        die(PQerrorMessage(l->conn));
    l->is_unsynced = true;
}

static void send_reads(link *l, job *j, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        send_statement(l, "row", 1, random_row(), 0);
    j->left += count;
}

static void send_changes(link *l, job *j)
{
    worlds_change(j->rows, j->count);
    for (unsigned i = 0; i < j->count; i++)
        send_statement(l, "change", 2, j->rows[i].random_number, j->rows[i].id);
    send_statement(l, "commit", 0, 0, 0);
    j->left = j->count + 1;
    j->is_written = true;
}

/** Puts a job's first statements on a connection. */
static void begin(link *l, job *j)
{
    if (l->first == NULL)
        l->first = j;
    else
        l->last->next = j;
    l->last = j;
    switch (j->asks) {
    case ASKS_ROW:
        send_reads(l, j, 1);
        break;
    case ASKS_FORTUNES:
        send_statement(l, "fortunes", 0, 0, 0);
        j->left = 1;
        break;
    case ASKS_CHANGES:
        send_statement(l, "begin", 0, 0, 0);
        j->left = 1;
        send_reads(l, j, WORLD_COUNT);
        break;
    default:
        send_reads(l, j, WORLD_COUNT);
    }
}

static void begin_alone(job *j)
{
    for (link *l = links + SHARED; l < links + LINKS; l++) {
        if (l->first == NULL) {
            begin(l, j);
            return;
        }
    }
    if (queue_first == NULL)
        queue_first = j;
    else
        queue_last->next = j;
    queue_last = j;
}

static reply ask(question asks, int fd, job **later)
{
    static unsigned turn;
    job *j = spare;
    if (j != NULL)
        spare = j->next;
    else if ((j = malloc(sizeof *j)) == NULL)
        die("no memory");
    j->next = NULL;
    j->fd = fd;
    j->asks = asks;
    j->left = j->count = 0;
    j->is_written = false;
    *later = j;
    if (asks == ASKS_CHANGES)
        begin_alone(j);
    else
        begin(&links[turn++ % SHARED], j);
    return (reply){0};
}

static void flush(void)
{
    for (link *l = links; l < links + LINKS; l++) {
        if (!l->is_unsynced && !l->waits_to_write)
            continue;
        if (l->is_unsynced && !PQpipelineSync(l->conn))
            die(PQerrorMessage(l->conn));
        l->is_unsynced = false;
        int left = PQflush(l->conn);
        if (left < 0)
            die(PQerrorMessage(l->conn));
        if (left != l->waits_to_write) {
            l->waits_to_write = left;
            server_watch(l->fd, left);
        }
    }
}

/* -- answers -- */

static int number_of(const PGresult *result, int row, int column)
{
    uint32_t wire;
    memcpy(&wire, PQgetvalue(result, row, column), sizeof wire);
    return (int)ntohl(wire);
}

static reply reply_of_fortunes(const PGresult *result)
{
    fortune rows[FORTUNES_MAX + 1];
    int count = PQntuples(result);
    if (count > FORTUNES_MAX)
        die("too many fortunes");
    for (int i = 0; i < count; i++)
        rows[i] = (fortune){number_of(result, i, 0), PQgetvalue(result, i, 1)};
    return reply_fortunes(rows, (unsigned)count);
}

/** The oldest job of a connection has its last result. */
static void end(link *l, const PGresult *result)
{
    job *j = l->first;
    l->first = j->next;
    if (j->fd >= 0) {
        reply answer = j->asks == ASKS_FORTUNES ? reply_of_fortunes(result)
                       : j->asks == ASKS_ROW    ? reply_world(j->rows)
                                                : reply_worlds(j->rows, j->count);
        client_answer(j->fd, answer);
    }
    if (j->asks == ASKS_CHANGES && queue_first != NULL && l->first == NULL) {
        job *next = queue_first;
        queue_first = next->next;
        next->next = NULL;
        begin(l, next);
    }
    j->next = spare;
    spare = j;
}

static void take(link *l, const PGresult *result)
{
    job *j = l->first;
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        return;
    case PGRES_COMMAND_OK:
        break;
    case PGRES_TUPLES_OK:
        if (j->asks != ASKS_FORTUNES) {
            if (PQntuples(result) != 1)
                die("a row is missing");
            j->rows[j->count++] = (world){number_of(result, 0, 0), number_of(result, 0, 1)};
        }
        break;
    default:
        die(PQresultErrorMessage(result));
    }
    if (--j->left != 0)
        return;
    if (j->asks == ASKS_CHANGES && !j->is_written)
        send_changes(l, j);
    else
        end(l, result);
}

static void on_event(int fd)
{
    link *l = links;
    while (l->fd != fd)
        l++;
    if (!PQconsumeInput(l->conn))
        die(PQerrorMessage(l->conn));
    while (l->first != NULL && !PQisBusy(l->conn)) {
        PGresult *result = PQgetResult(l->conn); /* NULL: the end of a statement's */
        if (result != NULL) {
            take(l, result);
            PQclear(result);
        }
    }
}

const database postgres_database = {.open = open_links, .ask = ask, .on_event = on_event, .flush = flush};
