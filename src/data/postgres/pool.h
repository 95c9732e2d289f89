/**
 * The connections of one worker to one database, and the requests that wait for them.
 *
 * Everything here runs on the worker's thread. A connection ("link") is first OPENING. When READY, it has
 * statements of several coroutines in flight, answered in order. When LENT, it belongs to one coroutine. When
 * DRAINING, it accepts nothing new, and is lent again or closed once everything in flight has been answered.
 *
 * Requests queue in `wants`, oldest first. At the end of the loop turn `pump` assigns the available
 * connections and sends all assigned statements together.
 *
 * Poolers (such as pgbouncer) lend the server's connections for one transaction at a time, so a link may use
 * another server connection after each Sync. Prepared statements may then be missing, and the second of two
 * groups in flight may be split. Hence a connection to a pooler has one group in flight at a time, and its
 * statements have no names.
 *
 * Names of prepared statements are used once: a name is 96 random bits of the connection and a serial number.
 * So a name never denotes another statement, in this process or any other, even behind a pooler.
 */
#ifndef POSTGRES_POOL_H
#define POSTGRES_POOL_H

#include "base/list.h"
#include "base/pool.h"
#include "data/engine.h"
#include "data/postgres/address.h"
#include "data/postgres/libpq.h"
#include "data/postgres/params.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

typedef struct data_session pg_link; /* a lent connection is the session */
typedef struct pg_cancel pg_cancel;  /* see cancel.c */

/* One statement under way, or one coroutine that waits for exclusive use of a connection. */
typedef struct pg_request {
    list_link link;                  /* in db->wants until a connection is assigned, then in on->flight */
    pg_link *on;                     /* NULL: not assigned yet */
    coro *waiting;                   /* NULL: an orphan, whose answer is dropped */
    data_error *error;               /* the waiter's: for failures that do not come from the server */
    const data_statement *statement; /* NULL: wants exclusive use of a connection */
    const params *params;
    PGresult *result;
    uint64_t sent_ms;
    uint64_t deadline_ms; /* for an orphan: when its connection is dropped */
    uint64_t free_by_ms;  /* while without a connection; for an orphan in flight: when to cancel it */
    uint32_t serial;      /* of the name it was sent with */
    uint32_t prepared_id; /* the number of its statement, which may no longer exist for an orphan */
    uint32_t generation;  /* for a doubtful failure: db->generation at that time; 0: none */
    uint8_t attempts;     /* how often it was sent */
    bool is_done;         /* answered, failed, or `on` is lent */
    bool has_failed;      /* failed: `error` is set, without a result */
    bool is_aborted;      /* the server skipped it, because an earlier one in its group failed */
    bool is_preparing;    /* a Parse was sent before it: its answer comes first */
    bool ends_group;      /* a Sync was sent after it */
    bool is_alone;        /* in its own group, since it was aborted or failed because of another before */
    bool is_streamed;     /* its rows are read by stream_next */
    bool is_begin;        /* the "begin" for the statement after it */
    bool is_probe;        /* asks which server process answers (open.c) */
    bool is_earlier;      /* runs a statement prepared by an earlier request */
    bool is_plain;        /* is sent without a name: its preparation may be outdated */
    bool is_outdated;     /* may be outdated; can be repeated if alone */
} pg_request;

typedef enum link_state { LINK_OPENING, LINK_READY, LINK_LENT, LINK_DRAINING, LINK_BROKEN } link_state;
/* The next expected answer of the oldest statement in flight. */
typedef enum link_stage { STAGE_PREPARE, STAGE_EXECUTE, STAGE_SYNC } link_stage;

/* A connection's prepared statements, by statement id. */
typedef struct prepared {
    uint32_t serial;     /* the serial at the end of its name */
    uint32_t generation; /* db->generation when it was prepared; 0: not prepared */
    uint32_t version;    /* of the statement with the number (data_statement.version) */
} prepared;

enum {
    NAME_RANDOM_BYTES = 12,
    NAME_BEGIN_BYTES = 1 + 2 * NAME_RANDOM_BYTES, /* of a statement's name: "t" and hexadecimal digits */
    NAME_BYTES = NAME_BEGIN_BYTES + 1 + 10 + 1    /* "_", the serial, a NUL; the server keeps 63 */
};

struct data_session {
    list_link link; /* in db->links, or db->broken */
    loop_source source;
    uint32_t watched; /* events registered with epoll; 0: not registered */
    PGconn *conn;     /* NULL once broken */
    const void *tls;  /* OpenSSL's SSL, if TLS is used */
    data_database *db;
    address_lookup *lookup; /* while hosts are looked up */
    link_state state;
    link_stage stage;
    bool has_answer;  /* a result of this stage has arrived */
    list_link flight; /* requests in flight, oldest first */
    unsigned in_flight;
    timer_entry timer; /* opening: gives up; with orphans: checks them */
    pg_cancel *cancel; /* a cancel request under way; nothing is sent until it ends */
    prepared *prepared;
    unsigned prepared_room;
    uint32_t serial;                   /* of the last prepared statement */
    char name_begin[NAME_BEGIN_BYTES]; /* of its statements, without a NUL */
    const data_statement *begins;      /* a session's "begin": sent with its first statement */
    uint64_t idle_since_ms;
    bool is_held;         /* by pump, for a request for exclusive use */
    bool is_unsynced;     /* statements were added since the last Sync */
    bool is_given_up;     /* lent, with an abandoned statement: accepts no more until that has ended */
    bool was_cancelled;   /* since it was last READY: the cancel request may have hit another statement */
    bool is_undone;       /* a rollback was sent when it was released */
    bool is_dirty;        /* the session may have changed lasting settings */
    bool is_pooled;       /* there is, or may be, a pooler: one group in flight at a time */
    bool is_nameless;     /* statements are prepared without a name, for one run */
    bool is_streaming;    /* only stream_next reads */
    pg_request *streamed; /* the statement of the rows */
    PGresult *row;        /* the current row */
    coro *reader;         /* waits for the next row, or for the end of an abandoned statement */
};

struct data_database {
    address address;
    unsigned most, count, opening; /* the maximum of links; existing links; opening links */
    unsigned wait_timeout_ms;
    list_link links, broken;
    list_link wants;
    loop_later pump, sweep;
    bool will_pump, will_sweep, is_closing;
    pool requests;
    tern_prepare prepare;
    bool is_pooled; /* every connection is treated as one to a pooler */
    bool is_told_of_pooler;
    uint32_t generation; /* from 1; increased when prepared statements turn out to be outdated */
    unsigned missing;    /* how often the server did not know a prepared statement */
    timer_entry watch;   /* runs while requests wait: checks their deadlines */
    list_link cancels;   /* cancel requests under way: a thread each, at most as many as links */
    unsigned cancel_count;
    /* the server is unreachable: requests do not wait before retry_at_ms */
    unsigned failures;
    uint64_t retry_at_ms;
    char away[200];
};

/* -- pool.c -- */

/** A new request, filled for `run`; NULL without memory. */
pg_request *pg_request_new(data_database *db, data_run *run, const params *values);
void pg_request_free(data_database *db, pg_request *r);
/** Wakes the waiter of the request: the answer has arrived. Frees an orphan. */
void pg_request_done(data_database *db, pg_request *r);
/** Wakes the waiter with a failure that is not the server's answer. */
void pg_request_fail(data_database *db, pg_request *r, tern_data_fault fault, const char *message);
/** Puts the request at the end of the queue, or back at its front. False with `error` when the server is
 * unreachable. */
bool pg_pool_want(data_database *db, pg_request *r, data_error *error);
void pg_pool_want_again(data_database *db, pg_request *r);
/** Starts waking requests that wait too long, until no request waits: one timer for all statements, at most a
 * few hundredths of a second late, instead of one for each. */
void pg_pool_watch(data_database *db);
void pg_pool_on_watch(timer_entry *timer);
/** Serves `wants` at the end of this loop turn. */
void pg_pool_pump_later(data_database *db);
/** Lends a connection that is free now; NULL without one, or when others wait. */
pg_link *pg_pool_lend_now(data_database *db);
void pg_pool_pump(loop_later *later);
void pg_pool_sweep(loop_later *later);
void pg_pool_free_broken(data_database *db);

/* -- open.c -- */

/** Starts a connection. It becomes READY, or is dropped, by itself. */
void link_open(data_database *db);
/** Processes the answer to the first probe of a new connection, which makes it READY. */
void link_learn(pg_link *l, const pg_request *probe);
/** Records why a connection that is still OPENING will be dropped. */
void link_note_failure(pg_link *l, const char *reason);

/* -- link.c -- */

/** Watches its socket for `events`, level-triggered unless EPOLLET is given. */
bool link_watch(pg_link *l, uint32_t events);
/** Sends a statement after those in flight; libpq may buffer it until link_sync. False on failure: the link
 * is dropped, with everything in flight. */
bool link_send(pg_link *l, pg_request *r);
/** Ends the group of statements added since the last call: they are one transaction. */
bool link_sync(pg_link *l);
/** Processes the next result, or NULL, from libpq; false when it does not match: then the link is dropped. */
bool link_take(pg_link *l, PGresult *result);
/** Processes all results that have been read; false when the link was dropped. */
bool link_take_answers(pg_link *l);
/** Reads from the socket; false when the connection has ended. */
bool link_read(pg_link *l);
/** Handles events of the socket: the source's on_event. */
void link_on_event(loop_source *source, uint32_t events);
/** Drops a broken connection: statements in flight fail, or are sent again on another connection if they only
 * read. The block lives until the end of the turn (a LENT one until it is released). */
void link_drop(pg_link *l, const char *reason);
/** Frees the block of a dropped link at the end of the turn. */
void link_forget(pg_link *l);

/* -- cancel.c -- */

enum { CANCEL_AFTER_MS = 10 }; /* most statements have ended by then, and a request is a connection */

/** Detaches the coroutine from a request in flight. If the request still runs at `cancel_at_ms`, it is
 * cancelled once the answers before it have arrived, so that no other statement is hit. */
void link_orphan(pg_request *r, uint64_t cancel_at_ms);
/** Detaches all requests in flight of a released connection, and cancels them soon. */
void link_orphan_all(pg_link *l);
/** A draining connection: once nothing is in flight and no cancel request is under way, the borrower's
 * changes to the session are undone. Then it is ready again, or closed. */
void link_settle(pg_link *l);
/** Detaches a dropped connection from its cancel request. */
void cancel_forget(pg_link *l);
void cancel_abandon_all(data_database *db);

/* -- prepared.c -- */

/** Sets the prefix of names on this connection, which is different on each. False without randomness. */
bool prepared_begin_names(pg_link *l);
/**
 * Writes the name of a statement. The statement must be prepared first, unless r->is_earlier is set
 * afterwards. False without memory.
 */
bool prepared_name(pg_link *l, pg_request *r, char name[NAME_BYTES]);
/** Makes one statement, or all of them, be prepared again under another name. */
void prepared_forget(pg_link *l, uint32_t id);
void prepared_forget_all(pg_link *l);
/** Whether the error of a statement may be caused by its earlier preparation. It can then be repeated without
 * a name, if nothing was done yet. */
bool prepared_is_to_blame(pg_link *l, pg_request *r);
/** Confirms that cause: without a name the statement succeeded. Everything will be prepared again, on every
 * connection. */
void prepared_was_to_blame(data_database *db, const pg_request *r);
/** Whether a connection has prepared so many statements that it must be replaced: names are never
 * deallocated. */
bool prepared_is_worn(const pg_link *l);

/* -- run.c -- */

/** Waits for a request's answer and passes on its rows; frees the request. */
bool run_await(data_database *db, pg_request *r, data_run *run);
/** Waits for the requests of `count` runs, in order; when one fails, those after it are abandoned. */
bool run_await_all(data_database *db, pg_request **requests, data_run *runs, unsigned count);
/** Binds the values of `count` runs and creates their requests. False, without requests, with the error of a
 * run that cannot be sent. */
bool run_requests(data_database *db, data_run *runs, unsigned count, params *values, pg_request **requests);
bool pg_run(data_database *db, data_run *run);
bool pg_run_all(data_database *db, data_run *runs, unsigned count);

/* -- session.c, stream.c -- */

data_session *pg_acquire(data_database *db, bool writes, data_error *error);
/** Whether the session can run a statement; waits for the end of an abandoned one. */
bool session_is_usable(pg_link *l, data_error *error);
bool pg_session_run(data_session *session, data_run *run);
bool pg_session_run_all(data_session *session, data_run *runs, unsigned count);
bool pg_session_begin(data_session *session, data_run *run);
bool pg_session_commit(data_session *session, data_run *run);
void pg_release(data_session *session);
extern const data_statement pg_rollback;
bool pg_stream_open(data_session *session, data_run *run);
bool pg_stream_next(data_session *session, data_run *run, data_row *row);
void pg_stream_close(data_session *session, data_run *run);

/* -- column.c -- */

const char *pg_column_name(const data_row *row, unsigned column);
/** Reads one value that is not null: of a column, or of an array. */
const char *pg_value_read(Oid oid, const char *data, size_t len, const tern_type *type, void *out, arena *a);
const char *pg_column_read(const data_row *row, unsigned column, const tern_type *type, void *out,
                           bool *is_null, arena *a);

#endif
