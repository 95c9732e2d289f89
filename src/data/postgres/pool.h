/**
 * The connections of one worker to one database, and who waits for them.
 *
 * Everything here runs on the worker's one thread. A connection ("link") is OPENING, then READY: statements
 * of several coroutines are in flight on it, answered in order; or LENT to one coroutine; or DRAINING: it
 * takes nothing new, and is lent again or closed once what is in flight has been answered.
 *
 * Whoever wants something queues in `wants`, oldest first; at the end of the loop's turn `pump` gives each a
 * connection, as far as there are any, and sends what was given together.
 *
 * Poolers (pgbouncer and its like) lend the server's connections from transaction to transaction, so a
 * connection of ours may be another one of the server's after each Sync. What was prepared may then be
 * missing, and of two groups in flight the second may be torn apart. Hence a connection that leads to a
 * pooler has one group in flight at a time, and its statements have no names.
 *
 * Names of prepared statements are used once: 96 random bits of the connection, then a number that counts up.
 * No name can therefore denote another statement, in this process or any other, whatever is between.
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

/* One statement on its way, or one coroutine that wants a connection for itself. */
typedef struct pg_request {
    list_link link;                  /* in db->wants until it is given a connection, then in on->flight */
    pg_link *on;                     /* NULL: not given one yet */
    coro *waiting;                   /* NULL: an orphan, whose answer is dropped */
    data_error *error;               /* of who waits: for failures that are no answer of the server */
    const data_statement *statement; /* NULL: wants a connection for itself */
    const params *params;
    PGresult *result;
    uint64_t sent_ms;
    uint64_t deadline_ms; /* for an orphan: when its connection is dropped */
    uint64_t free_by_ms;  /* while it has no connection; for an orphan in flight: when it is cancelled */
    uint32_t serial;      /* of the name that it was sent by */
    uint32_t prepared_id; /* the number of its statement, which may be gone when it is an orphan */
    uint32_t generation;  /* that is in doubt: db->generation as it failed; 0: none */
    uint8_t attempts;     /* times it was sent */
    bool is_done;         /* answered, failed, or `on` is lent */
    bool has_failed;      /* `error` says why; there is no result */
    bool is_aborted;      /* the server skipped it, since one before it in its group failed */
    bool is_preparing;    /* a Parse was sent before it: its answer comes first */
    bool ends_group;      /* a Sync was sent behind it */
    bool is_alone;        /* in a group of its own: it was aborted or failed for another's sake before */
    bool is_streamed;     /* its rows are taken by stream_next */
    bool is_begin;        /* of the transaction of the statement behind it */
    bool is_probe;        /* asks which process of the server answers (open.c) */
    bool is_earlier;      /* runs what an earlier request has prepared */
    bool is_plain;        /* is sent without a name: what is prepared may be for tables as they were */
    bool is_outdated; /* what was prepared may be for tables as they were; it can be repeated if it was alone
                       */
} pg_request;

typedef enum link_state { LINK_OPENING, LINK_READY, LINK_LENT, LINK_DRAINING, LINK_BROKEN } link_state;
/* Which answer of the oldest statement in flight comes next. */
typedef enum link_stage { STAGE_PREPARE, STAGE_EXECUTE, STAGE_SYNC } link_stage;

/* What a connection has prepared, by statement id. */
typedef struct prepared {
    uint32_t serial;     /* the end of its name */
    uint32_t generation; /* db->generation as it was prepared; 0: it is not */
    uint32_t version;    /* of the statement that has the number (data_statement.version) */
} prepared;

enum {
    NAME_RANDOM_BYTES = 12,
    NAME_BEGIN_BYTES = 1 + 2 * NAME_RANDOM_BYTES, /* of a statement's name: "t", and digits of base 16 */
    NAME_BYTES = NAME_BEGIN_BYTES + 1 + 10 + 1    /* "_", the serial, a NUL; the server keeps 63 */
};

struct data_session {
    list_link link; /* in db->links, or db->broken */
    loop_source source;
    uint32_t watched; /* events asked of epoll; 0: not registered */
    PGconn *conn;     /* NULL once broken */
    const void *tls;  /* OpenSSL's SSL, where TLS is used */
    data_database *db;
    address_lookup *lookup; /* while hosts are looked up */
    link_state state;
    link_stage stage;
    bool has_answer;  /* a result of this stage has come */
    list_link flight; /* requests sent and not answered, oldest first */
    unsigned in_flight;
    timer_entry timer; /* opening: gives up; with orphans: asks what became of them */
    pg_cancel *cancel; /* a cancel request on its way; nothing is sent meanwhile */
    prepared *prepared;
    unsigned prepared_room;
    uint32_t serial;                   /* of the statement prepared last */
    char name_begin[NAME_BEGIN_BYTES]; /* of its statements, with no NUL */
    const data_statement *begins;      /* a lent one's transaction: goes out with its first statement */
    uint64_t idle_since_ms;
    bool is_held;         /* by pump, for one that wants it alone */
    bool is_unsynced;     /* statements were put in since the last Sync */
    bool is_given_up;     /* a lent one, of which a statement was left: takes no more until that has ended */
    bool was_cancelled;   /* since it was READY last: the cancel request may have hit another's statement */
    bool is_undone;       /* a rollback was sent when it was released */
    bool is_dirty;        /* the session may have set something that stays */
    bool is_pooled;       /* a pooler is between, or nobody knows yet: one group in flight at a time */
    bool is_nameless;     /* statements are prepared without a name, for one run */
    bool is_streaming;    /* nothing is read but by stream_next */
    pg_request *streamed; /* whose rows they are */
    PGresult *row;        /* the one being looked at */
    coro *reader;         /* waits for the next one, or for the end of a statement that was left */
};

struct data_database {
    address address;
    unsigned most, count, opening; /* links at most; those there are; those of them that are opening */
    unsigned wait_timeout_ms;
    list_link links, broken;
    list_link wants;
    loop_later pump, sweep;
    bool will_pump, will_sweep, is_closing;
    pool requests;
    tern_prepare prepare;
    bool is_pooled; /* every connection counts as one to a pooler */
    bool is_told_of_pooler;
    uint32_t generation; /* from 1; counts up when what is prepared turns out to be for tables as they were */
    unsigned missing;    /* how often the server did not know what had been prepared */
    timer_entry watch;   /* runs while statements are waited for: looks after their deadlines */
    list_link cancels;   /* cancel requests on their way: a thread each, no more than there may be links */
    unsigned cancel_count;
    /* the server is away: nobody waits before retry_at_ms */
    unsigned failures;
    uint64_t retry_at_ms;
    char away[200];
};

/* -- pool.c -- */

/** A new request, filled for `run`; NULL without memory. */
pg_request *pg_request_new(data_database *db, data_run *run, const params *values);
void pg_request_free(data_database *db, pg_request *r);
/** Ends the wait of whoever waits for it: the answer is there. Frees an orphan. */
void pg_request_done(data_database *db, pg_request *r);
/** The same with a failure that is not the server's answer. */
void pg_request_fail(data_database *db, pg_request *r, tern_data_fault fault, const char *message);
/** Puts it into the queue, behind all others, or back before them. False when the server is away: then
 * `error` says so. */
bool pg_pool_want(data_database *db, pg_request *r, data_error *error);
void pg_pool_want_again(data_database *db, pg_request *r);
/** Wakes who waits longer than allowed, from now on and until nobody waits: one timer for all statements, a
 * few hundredths of a second late at most, instead of one for each. */
void pg_pool_watch(data_database *db);
void pg_pool_on_watch(timer_entry *timer);
/** At the end of this turn wants are served. */
void pg_pool_pump_later(data_database *db);
/** A free connection right now, lent; NULL when there is none or others wait. */
pg_link *pg_pool_lend_now(data_database *db);
void pg_pool_pump(loop_later *later);
void pg_pool_sweep(loop_later *later);
void pg_pool_free_broken(data_database *db);

/* -- open.c -- */

/** Begins a connection. It becomes READY, or is dropped, by itself. */
void link_open(data_database *db);
/** Takes the answer of the probe that a new connection begins with: now it is READY. */
void link_learn(pg_link *l, const pg_request *probe);
/** A connection that is still OPENING is about to be dropped for this reason. */
void link_note_failure(pg_link *l, const char *reason);

/* -- link.c -- */

/** Watches its socket for `events`, level-triggered unless EPOLLET is given. */
bool link_watch(pg_link *l, uint32_t events);
/** Sends a statement behind those in flight; libpq may keep it until link_sync. On failure the link is
 * dropped, with all that was in flight: false. */
bool link_send(pg_link *l, pg_request *r);
/** Ends the group of statements put in since the last call: their own transaction. */
bool link_sync(pg_link *l);
/** Takes the next result, or NULL, that libpq has; false when it fits nothing: the link is dropped then. */
bool link_take(pg_link *l, PGresult *result);
/** Takes all results that have been read; false when the link was dropped. */
bool link_take_answers(pg_link *l);
/** Reads what the socket has; false when the connection has ended. */
bool link_read(pg_link *l);
/** What the socket has: the source's on_event. */
void link_on_event(loop_source *source, uint32_t events);
/** Nothing more can be expected of the connection: what is in flight fails, or is sent again elsewhere when
 * it only reads. The block lives until the end of the turn (a LENT one until it is released). */
void link_drop(pg_link *l, const char *reason);
/** Frees the block of a dropped link at the end of the turn. */
void link_forget(pg_link *l);

/* -- cancel.c -- */

enum { CANCEL_AFTER_MS = 10 }; /* most statements have ended by then, and a request is a connection */

/** Takes the coroutine away from a request in flight, which is cancelled when it still runs at
 * `cancel_at_ms`: once the answers before it have come, so that no other's statement is hit. */
void link_orphan(pg_request *r, uint64_t cancel_at_ms);
/** The same for all that a released connection has in flight: soon. */
void link_orphan_all(pg_link *l);
/** A draining connection: once nothing is in flight and no cancel request on its way, what its borrower left
 * is undone, and then it is ready again, or closed. */
void link_settle(pg_link *l);
/** The connection is dropped: its cancel request settles nothing any more. */
void cancel_forget(pg_link *l);
void cancel_abandon_all(data_database *db);

/* -- prepared.c -- */

/** How names begin on this connection: another way on each. False without randomness. */
bool prepared_begin_names(pg_link *l);
/** Writes the name that a statement is run by. It has to be prepared by it first unless r->is_earlier is set
 * then. False without memory. */
bool prepared_name(pg_link *l, pg_request *r, char name[NAME_BYTES]);
/** A statement will be prepared again, by another name; all of them. */
void prepared_forget(pg_link *l, uint32_t id);
void prepared_forget_all(pg_link *l);
/** Whether the error of a statement that ran what an earlier request has prepared may come of that. It can be
 * repeated without a name then, where nothing was done yet. */
bool prepared_is_to_blame(pg_link *l, pg_request *r);
/** That was it: without a name it could be run. Everything will be prepared again, on every connection. */
void prepared_was_to_blame(data_database *db, const pg_request *r);
/** Whether a connection has prepared so much that it is better replaced: names are not taken back. */
bool prepared_is_worn(const pg_link *l);

/* -- run.c -- */

/** Waits for a request's answer and hands its rows over; frees it. */
bool run_await(data_database *db, pg_request *r, data_run *run);
/** The same for the requests of so many runs, in order; when one fails those behind it are left. */
bool run_await_all(data_database *db, pg_request **requests, data_run *runs, unsigned count);
/** Binds the values of so many runs and makes their requests. False with the error of a run that cannot be
 * sent; there are none then. */
bool run_requests(data_database *db, data_run *runs, unsigned count, params *values, pg_request **requests);
bool pg_run(data_database *db, data_run *run);
bool pg_run_all(data_database *db, data_run *runs, unsigned count);

/* -- session.c, stream.c -- */

data_session *pg_acquire(data_database *db, bool writes, data_error *error);
/** Whether the session can run a statement; waits for the end of one that was left. */
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
/** The same for one value that is not null: of a column, or of an array. */
const char *pg_value_read(Oid oid, const char *data, size_t len, const tern_type *type, void *out, arena *a);
const char *pg_column_read(const data_row *row, unsigned column, const tern_type *type, void *out,
                           bool *is_null, arena *a);

#endif
