/* Opens connections without blocking the loop, and handles failures to connect. */
#include "data/postgres/faults.h"
#include "data/postgres/pool.h"
#include "data/postgres/wire.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum { OPEN_MS = 5000, LEAST_PAUSE_MS = 100, MOST_PAUSE_MS = 5000 };

static void on_open_event(loop_source *source, uint32_t events);

/* The pause before the next attempt: twice as long each time, partly random, so that workers do not all
 * connect at once to a server that has just started. */
static uint64_t pause_ms(unsigned failures)
{
    uint16_t chance = 0;
    uint64_t most = failures > 6 ? MOST_PAUSE_MS : (uint64_t)LEAST_PAUSE_MS << (failures - 1);
    if (most > MOST_PAUSE_MS)
        most = MOST_PAUSE_MS;
    random_bytes(&chance, sizeof chance);
    return most - most / 2 * chance / UINT16_MAX;
}

/* The same problem is logged once, not at every attempt. */
static void note_failure(data_database *db, const char *line)
{
    db->failures += db->failures < 1000;
    db->retry_at_ms = loop_self.now_ms + pause_ms(db->failures);
    if (db->failures == 1 || strcmp(line, db->away) != 0)
        tern_log(TERN_LOG_ERROR, "no connection to PostgreSQL: %s", line);
    snprintf(db->away, sizeof db->away, "%s", line);
}

void link_note_failure(pg_link *l, const char *reason)
{
    if (l->db->is_closing)
        return;
    note_failure(l->db, reason);
    pg_pool_pump_later(l->db); /* the waiters are notified */
}

static void fail(pg_link *l, const char *line)
{
    link_drop(l, line);
}

static void on_open_deadline(timer_entry *timer)
{
    fail(list_owner(timer, pg_link, timer),
         "the server does not answer: it may be overloaded, or a firewall blocks it");
}

static void drop_notice(void *unused, const char *message)
{
    char line[200];
    (void)unused;
    if (!tern_log_enabled(TERN_LOG_DEBUG))
        return;
    fault_line(message, line, sizeof line);
    tern_log(TERN_LOG_DEBUG, "PostgreSQL: %s", line);
}

static void be_ready(pg_link *l)
{
    data_database *db = l->db;
    timer_stop(&loop_self.timers, &l->timer);
    l->state = LINK_READY;
    l->idle_since_ms = loop_self.now_ms;
    db->opening--;
    if (db->failures > 0)
        tern_log(TERN_LOG_INFO, "connected to PostgreSQL again");
    db->failures = 0;
    pg_pool_pump_later(db);
}

/* A pooler invents the cancel key that it sends, half of which is a process id. So if the answering process
 * has another id, there is a pooler. */
static bool send_probe(pg_link *l)
{
    static const data_statement ask = {.sql = "select pg_backend_pid()", .sql_len = 23};
    static const params none;
    data_run unused = {.statement = &ask};
    pg_request *r = pg_request_new(l->db, &unused, &none);
    if (r == NULL) {
        fail(l, "out of memory");
        return false;
    }
    r->waiting = NULL;
    r->is_probe = true;
    return link_send(l, r) && link_sync(l);
}

static int process_told(const PGresult *result)
{
    bool is_told = result != NULL && libpq.resultStatus(result) == PGRES_TUPLES_OK &&
                   libpq.ntuples(result) == 1 && libpq.getlength(result, 0, 0) == 4;
    return is_told ? (int)wire_get_32(libpq.getvalue(result, 0, 0)) : 0;
}

void link_learn(pg_link *l, const pg_request *probe)
{
    data_database *db = l->db;
    l->is_pooled = db->is_pooled || process_told(probe->result) != libpq.backendPID(l->conn);
    l->is_nameless |= l->is_pooled && db->prepare != TERN_PREPARE_ALWAYS;
    if (l->is_pooled && !db->is_told_of_pooler)
        tern_log(TERN_LOG_INFO, "PostgreSQL is reached through a pooler: statements are %s",
                 l->is_nameless ? "sent without names" : "prepared by name, as the settings say");
    db->is_told_of_pooler |= l->is_pooled;
    be_ready(l);
}

static void succeed(pg_link *l)
{
    data_database *db = l->db;
    libpq.setNoticeProcessor(l->conn, drop_notice, NULL);
    if (libpq.setnonblocking(l->conn, 1) != 0 || !libpq.enterPipelineMode(l->conn)) {
        fail(l, "out of memory");
        return;
    }
    l->tls = libpq.sslInUse(l->conn) ? libpq.sslStruct(l->conn, "OpenSSL") : NULL;
    l->source.on_event = link_on_event;
    if (!link_watch(l, EPOLLIN | EPOLLRDHUP)) {
        fail(l, "the socket cannot be watched");
        return;
    }
    l->is_pooled = true; /* until the pooler check */
    l->is_nameless = db->is_pooled || !prepared_begin_names(l);
    if (db->is_pooled)
        be_ready(l);
    else
        send_probe(l);
}

static void go_on(pg_link *l)
{
    char line[200];
    uint32_t events = 0;
    switch (libpq.connectPoll(l->conn)) {
    case PGRES_POLLING_OK:
        succeed(l);
        return;
    case PGRES_POLLING_READING:
        events = EPOLLIN;
        break;
    case PGRES_POLLING_WRITING:
        events = EPOLLOUT;
        break;
    default:
        fault_of_connecting(l->conn, line, sizeof line);
        fail(l, line);
        return;
    }
    if (!link_watch(l, events))
        fail(l, "the socket cannot be watched");
}

static void on_open_event(loop_source *source, uint32_t events)
{
    (void)events;
    go_on(list_owner(source, pg_link, source));
}

static void start(pg_link *l, const address_lookup *lookup)
{
    char line[200];
    address_options options;
    address_options_of(&l->db->address, lookup, &options);
    l->conn = libpq.connectStartParams(options.names, options.values, 0);
    l->source.on_event = on_open_event;
    if (l->conn == NULL || libpq.status(l->conn) == CONNECTION_BAD) {
        fault_of_connecting(l->conn, line, sizeof line);
        fail(l, line);
        return;
    }
    if (!link_watch(l,
                    EPOLLOUT)) /* as PQconnectPoll's manual has it: first wait until it can be written to */
        fail(l, "the socket cannot be watched");
}

static void on_looked_up(side_thread *job)
{
    address_lookup *lookup = list_owner(job, address_lookup, job);
    pg_link *l = lookup->owner;
    l->lookup = NULL; /* the caller gives up */
    if (lookup->found_hosts.len > 0 && !lookup->found_addresses.failed && !lookup->found_ports.failed)
        start(l, lookup);
    else
        fail(l, lookup->problem[0] != '\0' ? lookup->problem : "its host name has no address");
}

void link_open(data_database *db)
{
    pg_link *l = mem_zero(1, sizeof *l);
    if (l == NULL) {
        note_failure(db, "out of memory");
        return;
    }
    l->db = db;
    l->source.fd = -1;
    list_init(&l->flight);
    list_append(&db->links, &l->link);
    db->count++;
    db->opening++;
    l->timer.fire = on_open_deadline;
    timer_start(&loop_self.timers, &l->timer, loop_self.now_ms + OPEN_MS);
    if (!address_needs_lookup(&db->address)) {
        start(l, NULL);
        return;
    }
    l->lookup = address_look_up(&db->address, l, on_looked_up);
    if (l->lookup == NULL)
        fail(l, "no thread can be started to look up its host");
}
