/**
 * The SQLite engine's parts among themselves.
 *
 * A statement runs in the caller's coroutine, on the worker's own thread. What would keep the worker from its
 * other requests gives way instead: long statements between the steps of SQLite's machine and between reads
 * and writes of its files (yield.c), locked files by sleeping (wait.c), fsync on the worker's threads (sync.c
 * for commits, vfs.c for checkpoints).
 *
 * So SQLite is suspended in the midst of its work and other coroutines use other connections of the same
 * process meanwhile. That is sound because nothing of SQLite's that is shared is held where it can happen:
 * - SQLITE_OPEN_NOMUTEX: a connection has no mutex; that only one coroutine uses it is what lanes are for.
 * - Shared cache is off: no B-tree is shared, and none has a mutex.
 * - The mutexes that are left (memory, page cache, randomness, open files by inode, nodes of shared memory)
 *   are taken and given back within one call of the allocator, the page cache or the VFS. Our callbacks are
 *   called between those: the progress handler by the virtual machine, the busy handler by the B-tree and
 *   the WAL, our xRead, xWrite and xSync by the pager and the WAL; the real ones are entered after we gave
 *   way, and the real xSync, on another thread, takes none.
 * - Locks on the file and on the WAL's index may be held meanwhile. Who meets them gets SQLITE_BUSY and asks
 *   the busy handler, but for those that SQLite waits for with the thread asleep: see vfs.c.
 */
#ifndef DATA_SQLITE_INTERNAL_H
#define DATA_SQLITE_INTERNAL_H

#include "base/list.h"
#include "data/engine.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <sqlite3.h>
#include <stdatomic.h>

/** A statement made ready on a connection. */
typedef struct sqlite_prepared {
    sqlite3_stmt *statement;
    uint64_t used_at; /* by the connection's count of uses: the least of all is dropped first */
    unsigned id;      /* its place in the connection's table; 0: finalized after use */
    unsigned version; /* of data_statement.version */
    bool is_in_use;
    bool is_at_end; /* of a stream */
    bool only_reads;
    bool is_search; /* by a full-text index, which may read what is bound */
} sqlite_prepared;

/** Why a statement was stopped from within. */
typedef enum sqlite_stop {
    SQLITE_GO_ON,
    SQLITE_STOP_CANCELLED,
    SQLITE_STOP_LATE,
    SQLITE_STOP_REFUSED /* by on_row */
} sqlite_stop;

/* Steps of SQLite's machine between two looks at the clock: some 5 to 10 us. */
enum { SQLITE_STEPS_BETWEEN_LOOKS = 250 };

typedef struct sqlite_queue sqlite_queue;

/** A timer finer than the loop's (fine_timer.c). */
typedef struct fine_timer {
    loop_source source; /* a timerfd */
    unsigned loop;      /* of loop_self.opened: where it is registered; 0: there is none */
    coro *sleeper;      /* NULL: nobody sleeps, or no longer */
} fine_timer;

/** A connection, open or not; what a coroutine is lent. */
struct data_session {
    list_link link; /* in queue->idle */
    sqlite_queue *queue;
    sqlite3 *handle; /* NULL: not connected */
    uint64_t idle_since_ms;

    /* prepared.c */
    sqlite_prepared **kept; /* by statement->id; NULL where there is none */
    unsigned kept_room, kept_count;
    uint64_t uses;

    /* of the statement that runs */
    uint64_t deadline_ms;   /* 0: none */
    uint64_t busy_until_ms; /* of the lock waited for */
    fine_timer timer;
    bool says_waiting; /* other processes are told that it waits for the write lock */
    sqlite_stop stop;

    bool is_broken; /* closed when it is given back */
    /* SQLite rolled the borrower's transaction back on its own (`lost` says when): until they have heard of
     * it by a refused statement they must not go on as if it were open. */
    tern_data_fault lost;

    /* of a database in memory, whose one connection its borrower may borrow again */
    const coro *holder;
    unsigned depth, writing_depth;
};

/** Connections that do the same, and those who wait for one. */
struct sqlite_queue {
    data_database *db;
    bool writes;
    unsigned count;
    data_session *sessions; /* all of them */
    list_link idle;         /* connected ones first */
    list_link waiters;      /* in order */
    uint64_t turn_ms;       /* when our turn to write began, as far as another process is concerned */
};

/** The fsyncs of a database's write-ahead log (sync.c). */
typedef struct sqlite_sync {
    int fd, next_fd;   /* of the log, our own; of what the writer has opened since */
    bool is_running;   /* one is in flight */
    bool is_doubtful;  /* one has failed: what the log has on the disk is not known */
    uint64_t tickets;  /* drawn: commits so far */
    list_link waiters; /* in the order of their tickets */
} sqlite_sync;

/** Where a database is. */
typedef struct sqlite_location {
    bool is_memory;
    bool is_read_only; /* asked for by ?mode=ro, or nothing else is possible: `why` says */
    bool is_immutable; /* ?immutable=1: nobody changes it */
    char why[160];
    char path[4096];
} sqlite_location;

struct data_database {
    char *url;
    bool is_memory;
    sqlite_location location;
    unsigned forks; /* of this process when it was opened */
    unsigned wait_timeout_ms;
    sqlite_queue readers, writer; /* in memory: only the writer */
    sqlite_sync sync;
};

/* location.c */
/** Where the URL points; false with a line in `problems` (which may be NULL). */
bool sqlite_location_of(const char *url, sqlite_location *location, buf *problems);
bool sqlite_check(const char *url, buf *problems);
/** Logs that the database is read only, if it is. */
void sqlite_note(const char *url);

/* open.c */
/**
 * Opens it; `flags` are added where it may be written, by that VFS (NULL: SQLite's own). One that is read
 * only is read as far as to its schema: where it was written with a log (WAL), and neither the log nor room
 * for one is there, it is opened as one that nobody changes. Returns SQLite's code; `*handle` may be set on
 * an error, as by sqlite3_open_v2.
 */
int sqlite_open_location(const sqlite_location *location, int flags, const char *vfs, sqlite3 **handle);

/* library.c */
/** Sets up the library once in a process; false when it does not start. */
bool sqlite_set_up(void);
/** How often this process and its ancestors have forked since sqlite_set_up. */
unsigned sqlite_forks(void);
/** Adds to the count of open databases. */
void sqlite_count_databases(int change);
/** Whether this process was forked while its parent had a database open: SQLite then believes to hold the
 * parent's locks, and nothing may be opened here any more. */
bool sqlite_has_inherited(void);

/* connection_queue.c */
bool sqlite_queue_make(sqlite_queue *queue, data_database *db, bool writes, unsigned count);
/** Disconnects and frees. */
void sqlite_queue_free(sqlite_queue *queue);
/** A connected session, alone; NULL with `error`. `deadline_ms` limits the waiting too (0: it does not). */
data_session *sqlite_queue_take(sqlite_queue *queue, uint64_t deadline_ms, data_error *error);
void sqlite_queue_give(data_session *session);
/** Disconnects those that have been idle since `before_ms`. */
void sqlite_queue_tidy(sqlite_queue *queue, uint64_t before_ms);

/* connection.c */
bool sqlite_connect(data_session *session, data_error *error);
/** `tidies`: the last connection that any process has writes the WAL back and removes it, which may take a
 * while. */
void sqlite_disconnect(data_session *session, bool tidies);
/** How many steps of the machine pass between two calls of sqlite_on_progress. */
void sqlite_look_every(data_session *session, int steps);
/** Rolls back what is open and puts back what a borrower may have changed. */
void sqlite_reset_session(data_session *session);

/* prepared.c */
sqlite_prepared *sqlite_prepared_take(data_session *session, const data_statement *statement,
                                      data_error *error);
/** Prepares what begins at `*sql` and moves it behind; `*out` is NULL at the end of the text. */
bool sqlite_prepare_next(data_session *session, const char **sql, const char *end, sqlite_prepared **out,
                         data_error *error);
/** Resets it. Returns what ended its last step (as sqlite3_reset). */
int sqlite_prepared_give(data_session *session, sqlite_prepared *prepared);
void sqlite_prepared_forget(data_session *session);

/* bind.c */
/** `lasting`: the values are copied, since the run's memory may be emptied before the statement ends. */
bool sqlite_bind(const sqlite_prepared *prepared, data_run *run, bool lasting);

/* items.c */
/** Binds a list, whose items are sound, to a `?` of tern_items; SQLite's code. Unless it is `lasting`, it is
 * read where it is while the statement runs. */
int sqlite_bind_items(sqlite3_stmt *statement, int number, const tern_arg *list, bool lasting);
/** Gives a connection the table tern_items; SQLite's code. */
int sqlite_add_items(sqlite3 *handle);

/* run.c */
/** `*ticket` is to be waited for by sqlite_sync_wait before what ran counts as committed; 0 when there is
 * nothing to wait for. */
bool sqlite_session_run(data_session *session, data_run *run, uint64_t *ticket);
bool sqlite_stream_open(data_session *session, data_run *run);
bool sqlite_stream_next(data_session *session, data_run *run, data_row *row);
void sqlite_stream_close(data_session *session, data_run *run);

/* read.c */
const char *sqlite_column_name(const data_row *row, unsigned column);
const char *sqlite_column_read(const data_row *row, unsigned column, const tern_type *type, void *out,
                               bool *is_null, arena *a);

/* text.c */
/** Print the fixed forms of README.md's table; the length. `out` has room for SCALAR_PRINT_BYTES. */
size_t sqlite_print_time(tern_time time, char *out);
size_t sqlite_print_datetime(tern_datetime moment, char *out);
size_t sqlite_print_decimal(tern_decimal value, char *out);
/** A UUID, date, time, date-time or decimal. */
size_t sqlite_print_form(const tern_arg *value, char *out);
/** Reads what sqlite_print_datetime writes, and nothing else: false for any other form, and what is no
 * moment. */
bool sqlite_read_datetime(const char *text, size_t len, tern_datetime *out);

/* wait.c */
/** For sqlite3_progress_handler and sqlite3_busy_handler; `arg` is the session. */
int sqlite_on_progress(void *arg);
int sqlite_on_busy(void *arg, int times);
/** Its statement has ended, and whatever lock that wanted. */
void sqlite_stop_waiting(data_session *session);

/* sync.c */
void sqlite_sync_make(sqlite_sync *sync);
void sqlite_sync_free(sqlite_sync *sync);
/** Goes over to the log that the connection `handle` writes, which exists. False when it cannot be opened. */
bool sqlite_sync_follow(sqlite_sync *sync, sqlite3 *handle);
/** Tells other processes whether this one waits for SQLite's write lock. */
void sqlite_sync_say_waiting(const sqlite_sync *sync, bool is_waiting);
/** Whether another process has told so. */
bool sqlite_sync_others_wait(const sqlite_sync *sync);
/** Waits until all that was committed up to `ticket` is on the disk (0: there is nothing to wait for),
 * however long that takes: no deadline ends it, only cancellation. False with `error`. */
bool sqlite_sync_wait(data_database *db, uint64_t ticket, data_error *error);
#ifdef TERN_FAULTS
/** For tests, in this process. */
typedef struct sqlite_sync_faults {
    unsigned done;     /* how often a log was synced by us */
    atomic_uint ended; /* so many of them have ended */
    unsigned written_anew;
    unsigned failing; /* so many of the next fail */
    int problem;      /* by this errno */
    int gate;         /* each first reads a byte from this descriptor, or its end; 0: none does */
} sqlite_sync_faults;
sqlite_sync_faults *sqlite_faults_of_sync(void);
#endif

/* fine_timer.c */
/** Suspends the coroutine for so many microseconds; CORO_TIMEOUT, or CORO_CANCELLED. */
coro_outcome fine_timer_sleep(fine_timer *timer, unsigned us);
void fine_timer_free(fine_timer *timer);

/* yield.c */
/** Lets other coroutines run when this one has had the processor for long. Not cancelled here, never throws.
 */
void sqlite_yield(void);

/* answer.c */
/** What SQLite's answer (an extended code) to the last call on the session means. Returns false. */
bool sqlite_answer(data_session *session, int code, data_error *error);

#endif
