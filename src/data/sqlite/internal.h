/**
 * Declarations shared by the parts of the SQLite engine.
 *
 * A statement runs in the caller's coroutine, on the worker's own thread. Operations that would block the
 * worker's other requests yield instead: long statements yield between steps of SQLite's virtual machine and
 * between reads and writes of its files (yield.c), locked files are awaited by sleeping (wait.c), and fsync
 * runs on the worker's threads (sync.c for commits, vfs.c for checkpoints).
 *
 * So SQLite is suspended during its work, while other coroutines use other connections of the same process.
 * That is safe because no shared state of SQLite is locked where it can happen:
 * - SQLITE_OPEN_NOMUTEX: a connection has no mutex; the queues ensure that only one coroutine uses it.
 * - Shared cache is off: no B-tree is shared, and none has a mutex.
 * - The remaining mutexes (memory, page cache, randomness, open files by inode, nodes of shared memory) are
 *   locked and unlocked within one call of the allocator, the page cache or the VFS. Tern's callbacks are
 *   called between those: the progress handler by the virtual machine, the busy handler by the B-tree and the
 *   WAL, Tern's xRead, xWrite and xSync by the pager and the WAL. They call the real ones after yielding, and
 *   the real xSync, on another thread, locks none.
 * - Locks on the file and on the WAL's index may be held while suspended. Another connection gets SQLITE_BUSY
 *   for them and asks the busy handler, except for locks that SQLite waits for by blocking the thread: see
 *   vfs.c.
 */
#ifndef DATA_SQLITE_INTERNAL_H
#define DATA_SQLITE_INTERNAL_H

#include "base/list.h"
#include "data/engine.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <sqlite3.h>
#include <stdatomic.h>

/** A statement prepared on a connection. */
typedef struct sqlite_prepared {
    sqlite3_stmt *statement;
    uint64_t used_at; /* from the connection's count of uses: the smallest is dropped first */
    unsigned id;      /* its index in the connection's table; 0: finalized after use */
    unsigned version; /* of data_statement.version */
    bool is_in_use;
    bool is_at_end; /* of a stream */
    bool only_reads;
    bool is_search; /* used by a full-text index, which may read the bound values */
} sqlite_prepared;

/** Why Tern stopped a statement. */
typedef enum sqlite_stop {
    SQLITE_GO_ON,
    SQLITE_STOP_CANCELLED,
    SQLITE_STOP_LATE,
    SQLITE_STOP_REFUSED /* by on_row */
} sqlite_stop;

/* Steps of SQLite's virtual machine between two checks of the clock: some 5 to 10 us. */
enum { SQLITE_STEPS_BETWEEN_LOOKS = 250 };

typedef struct sqlite_queue sqlite_queue;

/** A timer finer than the loop's (fine_timer.c). */
typedef struct fine_timer {
    loop_source source; /* a timerfd */
    unsigned loop;      /* of loop_self.opened: where it is registered; 0: nowhere */
    coro *sleeper;      /* NULL: no coroutine sleeps */
} fine_timer;

/** A connection, open or not, which is lent to a coroutine. */
struct data_session {
    list_link link; /* in queue->idle */
    sqlite_queue *queue;
    sqlite3 *handle; /* NULL: not connected */
    uint64_t idle_since_ms;

    /* prepared.c */
    sqlite_prepared **kept; /* by statement->id; NULL where there is none */
    unsigned kept_room, kept_count;
    uint64_t uses;

    /* of the running statement */
    uint64_t deadline_ms;   /* 0: none */
    uint64_t busy_until_ms; /* of the lock it waits for */
    fine_timer timer;
    bool says_waiting; /* has announced to other processes that it waits for the write lock */
    sqlite_stop stop;

    bool is_broken; /* is closed when it is returned */
    /* SQLite rolled the borrower's transaction back on its own (see `lost`): until a refused statement has
     * reported this, the borrower must not continue as if it were open. */
    tern_data_fault lost;

    /* of a database in memory, whose single connection can be lent to its borrower again */
    const coro *holder;
    unsigned depth, writing_depth;
};

/** Connections of the same kind, and their waiters. */
struct sqlite_queue {
    data_database *db;
    bool writes;
    unsigned count;
    data_session *sessions; /* all of them */
    list_link idle;         /* connected ones first */
    list_link waiters;      /* in order */
    uint64_t turn_ms;       /* when this process's turn to write began, as seen by other processes */
};

/** The fsyncs of a database's write-ahead log (sync.c). */
typedef struct sqlite_sync {
    int fd, next_fd;   /* Tern's, of the log; of the one that the writer has opened since */
    bool is_running;   /* one is in flight */
    bool is_doubtful;  /* one has failed: the log's state on disk is unknown */
    uint64_t tickets;  /* last ticket drawn: commits so far */
    list_link waiters; /* in ticket order */
} sqlite_sync;

/** The location of a database. */
typedef struct sqlite_location {
    bool is_memory;
    bool is_read_only; /* by ?mode=ro, or because writing is impossible: see `why` */
    bool is_immutable; /* ?immutable=1: never changed */
    char why[160];
    char path[4096];
} sqlite_location;

struct data_database {
    char *url;
    bool is_memory;
    sqlite_location location;
    unsigned forks; /* fork count of this process when it was opened */
    unsigned wait_timeout_ms;
    sqlite_queue readers, writer; /* in memory: only the writer */
    sqlite_sync sync;
};

/* location.c */
/** Parses the URL; false with a line in `problems` (which may be NULL). */
bool sqlite_location_of(const char *url, sqlite_location *location, buf *problems);
bool sqlite_check(const char *url, buf *problems);
/** Logs that the database is read only, if it is. */
void sqlite_note(const char *url);

/* open.c */
/**
 * Opens it; `flags` are added if it may be written; uses that VFS (NULL: SQLite's default). A read-only
 * database is read up to its schema: if it was written with a log (WAL), but the log neither exists nor can
 * be created, the database is opened as immutable. Returns SQLite's code; `*handle` may be set on an error,
 * as by sqlite3_open_v2.
 */
int sqlite_open_location(const sqlite_location *location, int flags, const char *vfs, sqlite3 **handle);

/* library.c */
/** Sets up the library once in a process; false when it does not start. */
bool sqlite_set_up(void);
/** The number of forks by this process and its ancestors since sqlite_set_up. */
unsigned sqlite_forks(void);
/** Adds to the count of open databases. */
void sqlite_count_databases(int change);
/** Whether this process was forked while its parent had a database open: SQLite then believes that it holds
 * the parent's locks, so nothing may be opened here any more. */
bool sqlite_has_inherited(void);

/* connection_queue.c */
bool sqlite_queue_make(sqlite_queue *queue, data_database *db, bool writes, unsigned count);
/** Disconnects and frees. */
void sqlite_queue_free(sqlite_queue *queue);
/** Lends a connected session for exclusive use; NULL with `error`. `deadline_ms` also limits the wait (0: no
 * limit). */
data_session *sqlite_queue_take(sqlite_queue *queue, uint64_t deadline_ms, data_error *error);
void sqlite_queue_give(data_session *session);
/** Disconnects sessions that have been idle since `before_ms`. */
void sqlite_queue_tidy(sqlite_queue *queue, uint64_t before_ms);

/* connection.c */
bool sqlite_connect(data_session *session, data_error *error);
/**
 * `tidies`: the last connection of all processes writes the WAL back and removes it, which may take a while.
 */
void sqlite_disconnect(data_session *session, bool tidies);
/** Sets the number of steps of the virtual machine between two calls of sqlite_on_progress. */
void sqlite_look_every(data_session *session, int steps);
/** Rolls back an open transaction and resets what a borrower may have changed. */
void sqlite_reset_session(data_session *session);

/* prepared.c */
sqlite_prepared *sqlite_prepared_take(data_session *session, const data_statement *statement,
                                      data_error *error);
/** Prepares the statement at `*sql` and moves `*sql` past it; `*out` is NULL at the end of the text. */
bool sqlite_prepare_next(data_session *session, const char **sql, const char *end, sqlite_prepared **out,
                         data_error *error);
/** Resets it. Returns the result of its last step (like sqlite3_reset). */
int sqlite_prepared_give(data_session *session, sqlite_prepared *prepared);
void sqlite_prepared_forget(data_session *session);

/* bind.c */
/** `lasting`: the values are copied, since the run's memory may be emptied before the statement ends. */
bool sqlite_bind(const sqlite_prepared *prepared, data_run *run, bool lasting);

/* items.c */
/** Binds a list of valid items to a `?` of tern_items; returns SQLite's code. Unless `lasting`, the list is
 * read in place while the statement runs. */
int sqlite_bind_items(sqlite3_stmt *statement, int number, const tern_arg *list, bool lasting);
/** Adds the table tern_items to a connection; returns SQLite's code. */
int sqlite_add_items(sqlite3 *handle);

/* run.c */
/** `*ticket` must be passed to sqlite_sync_wait before the run counts as committed; 0: no wait needed. */
bool sqlite_session_run(data_session *session, data_run *run, uint64_t *ticket);
bool sqlite_stream_open(data_session *session, data_run *run);
bool sqlite_stream_next(data_session *session, data_run *run, data_row *row);
void sqlite_stream_close(data_session *session, data_run *run);

/* read.c */
const char *sqlite_column_name(const data_row *row, unsigned column);
const char *sqlite_column_read(const data_row *row, unsigned column, const tern_type *type, void *out,
                               bool *is_null, arena *a);

/* text.c */
/** Prints the fixed form (README.md's table) of a UUID, date, time, date-time or decimal, and returns the
 * length. `out` has SCALAR_PRINT_BYTES bytes. */
size_t sqlite_print_form(const tern_arg *value, char *out);
/** Reads the fixed form of a date-time: false for any other form, and for invalid date-times. */
bool sqlite_read_datetime(const char *text, size_t len, tern_datetime *out);

/* wait.c */
/** For sqlite3_progress_handler and sqlite3_busy_handler; `arg` is the session. */
int sqlite_on_progress(void *arg);
int sqlite_on_busy(void *arg, int times);
/** Called when a session's statement has ended: stops waiting for its lock. */
void sqlite_stop_waiting(data_session *session);

/* sync.c */
void sqlite_sync_make(sqlite_sync *sync);
void sqlite_sync_free(sqlite_sync *sync);
/** Switches to the log that the connection `handle` writes, which exists. False when it cannot be opened. */
bool sqlite_sync_follow(sqlite_sync *sync, sqlite3 *handle);
/** Announces to other processes whether this one waits for SQLite's write lock. */
void sqlite_sync_say_waiting(const sqlite_sync *sync, bool is_waiting);
/** Whether another process has announced that it waits. */
bool sqlite_sync_others_wait(const sqlite_sync *sync);
/** Waits until all commits up to `ticket` are on disk (0: does not wait). No deadline ends the wait, only
 * cancellation. False with `error`. */
bool sqlite_sync_wait(data_database *db, uint64_t ticket, data_error *error);
#ifdef TERN_FAULTS
/** For tests, in this process. */
typedef struct sqlite_sync_faults {
    unsigned done;     /* how often Tern synced a log */
    atomic_uint ended; /* how many syncs have ended */
    unsigned written_anew;
    unsigned failing; /* how many of the next syncs fail */
    int problem;      /* by this errno */
    int gate;         /* each sync first reads a byte, or the end, from this descriptor; 0: disabled */
} sqlite_sync_faults;
sqlite_sync_faults *sqlite_faults_of_sync(void);
#endif

/* fine_timer.c */
/** Suspends the coroutine for `us` microseconds; CORO_TIMEOUT, or CORO_CANCELLED. */
coro_outcome fine_timer_sleep(fine_timer *timer, unsigned us);
void fine_timer_free(fine_timer *timer);

/* yield.c */
/**
 * Lets other coroutines run when this one has used the processor for long. Is not cancelled and never throws.
 */
void sqlite_yield(void);

/* answer.c */
/** Sets the error for SQLite's result (an extended code) of the last call on the session. Returns false. */
bool sqlite_answer(data_session *session, int code, data_error *error);

#endif
