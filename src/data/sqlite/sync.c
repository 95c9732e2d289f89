/*
 * Brings commits to disk: one fsync for all that wait for it.
 *
 * Connections are set to synchronous = NORMAL, so SQLite's COMMIT only writes the transaction's frames to the
 * write-ahead log. After a commit, a coroutine draws a ticket, passes the writer on, and waits here. One of
 * the waiters has the log's file synced on a thread; commits during that sync wait for the next one.
 *
 * Why acknowledged commits survive a power cut:
 * - A ticket is acknowledged by an fsync of the log that began after its COMMIT. It brings every frame of the
 *   file to disk, including those of other processes. Recovery reads frames from the first one until an
 *   incomplete one. So it finds the frames of the ticket and all earlier ones.
 * - The log is restarted only when all its frames are in the database's file and SQLite has synced that (with
 *   NORMAL as with FULL). So a commit whose frames were overwritten before Tern synced them is already safe.
 *   SQLite syncs the header of the new log, and the folder in which it was made, before any frame of it is
 *   written.
 * - The log's file stays the same while a connection has the database open: only the last one to close it may
 *   remove the log, after copying it. Each new connection of the writer checks for another file. Unlike with
 *   FULL, others may read a change shortly before it is safe.
 *
 * A failing fsync reports the error once. The kernel then treats the pages as clean, and the next fsync
 * succeeds with a hole in the log, at which recovery would end. So after a failure the log is in doubt: no
 * commit is acknowledged, and SQLite must not copy the log (vfs.c), until every byte of it has been written
 * again from the page cache and synced. Tern uses its own descriptor, because SQLite forgets that a
 * checkpoint failed. No thread uses it when a connection is closed.
 */
#include "data/sqlite/internal.h"
#include "data/sqlite/vfs.h"

#include "runtime/offload.h"

#include <tern/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 16 * 1024 };

/* On the waiter's stack. */
typedef struct waiter {
    list_link link; /* in sync->waiters, by ticket */
    coro *waiting;
    uint64_t ticket;
    bool is_settled;
    int problem; /* errno; 0: the commit is on disk */
} waiter;

#ifdef TERN_FAULTS
static sqlite_sync_faults faults;

sqlite_sync_faults *sqlite_faults_of_sync(void)
{
    return &faults;
}
#endif

void sqlite_sync_make(sqlite_sync *sync)
{
    *sync = (sqlite_sync){.fd = -1, .next_fd = -1};
    list_init(&sync->waiters);
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void sqlite_sync_free(sqlite_sync *sync)
{
    close_if_open(&sync->fd);
    close_if_open(&sync->next_fd);
    if (sync->is_doubtful)
        sqlite_vfs_doubt_logs(-1);
}

/* Opening and closing the log is harmless, unlike with the database's file: SQLite locks bytes only of that
 * file and of the shared memory. */
bool sqlite_sync_follow(sqlite_sync *sync, sqlite3 *handle)
{
    const char *path = sqlite3_filename_wal(sqlite3_db_filename(handle, "main"));
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    close_if_open(&sync->next_fd);
    sync->next_fd = fd;
    return true;
}

/* Called without a sync in flight: switches to the writer's current file. If it is the same file, its
 * descriptor is kept, because that reports failures since it was opened. */
static void take_next_fd(sqlite_sync *sync)
{
    struct stat now, next;
    if (sync->next_fd < 0)
        return;
    if (sync->fd >= 0 && fstat(sync->fd, &now) == 0 && fstat(sync->next_fd, &next) == 0 &&
        now.st_dev == next.st_dev && now.st_ino == next.st_ino) {
        close_if_open(&sync->next_fd);
        return;
    }
    close_if_open(&sync->fd);
    sync->fd = sync->next_fd;
    sync->next_fd = -1;
}

/* -- other processes -- */

/* Processes that wait for SQLite's write lock lock a byte of the log's file, far beyond its end. The lock
 * belongs to the descriptor, so it ends with its process and is independent of SQLite's own locks. */
static struct flock waiting_byte(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = INT64_MAX - 1, .l_len = 1};
}

static int current_fd(const sqlite_sync *sync)
{
    return sync->fd >= 0 ? sync->fd : sync->next_fd;
}

void sqlite_sync_say_waiting(const sqlite_sync *sync, bool is_waiting)
{
    struct flock lock = waiting_byte(is_waiting ? F_RDLCK : F_UNLCK);
    fcntl(current_fd(sync), F_OFD_SETLK, &lock);
}

bool sqlite_sync_others_wait(const sqlite_sync *sync)
{
    struct flock lock = waiting_byte(F_WRLCK);
    return fcntl(current_fd(sync), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* -- on threads -- */

typedef struct sync_job {
    int fd, problem;
} sync_job;

#ifdef TERN_FAULTS
/* Like sync_file, with the behaviour that a test has set. */
static int sync_with_faults(int fd)
{
    char byte;
    int problem = 0;
    faults.done++;
    if (faults.gate != 0 && read(faults.gate, &byte, 1) < 0)
        abort();
    if (faults.failing != 0) {
        faults.failing--;
        problem = faults.problem;
    } else if (fdatasync(fd) != 0) {
        problem = errno;
    }
    faults.ended++;
    return problem;
}
#endif

static void sync_file(void *arg)
{
    sync_job *job = arg;
#ifdef TERN_FAULTS
    job->problem = sync_with_faults(job->fd);
#else
    job->problem = fdatasync(job->fd) == 0 ? 0 : errno;
#endif
}

static void write_anew(void *arg)
{
    sync_job *job = arg;
    char block[BLOCK_BYTES];
    ssize_t count;
#ifdef TERN_FAULTS
    faults.written_anew++;
#endif
    job->problem = 0;
    for (off_t at = 0; (count = pread(job->fd, block, sizeof block, at)) > 0; at += count)
        if (pwrite(job->fd, block, (size_t)count, at) != count) {
            job->problem = EIO;
            return;
        }
    if (count < 0)
        job->problem = errno;
    else
        sync_file(job);
}

static int run_job(const sqlite_sync *sync, void (*work)(void *arg))
{
    sync_job job = {.fd = sync->fd};
    if (coro_self() == NULL || !offload_run(work, &job))
        work(&job);
    return job.problem;
}

/* -- after a failure -- */

/* Writes the log again, under SQLite's write lock, so that no process appends to it or restarts it. Uses a
 * separate connection, because the writer may be lent to a coroutine that waits for this one. */
static int mend(data_database *db)
{
    data_session mender = {.queue = &db->writer};
    data_error error;
    coro *self = coro_self();
    int problem = EIO;
    if (self != NULL)
        self->cancel_masked++;
    if (sqlite_connect(&mender, &error)) {
        problem = EBUSY;
        if (sqlite3_exec(mender.handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
            take_next_fd(&db->sync);
            problem = run_job(&db->sync, write_anew);
            sqlite3_exec(mender.handle, "ROLLBACK", NULL, NULL, NULL);
        }
        sqlite_disconnect(&mender, false);
    }
    if (self != NULL)
        self->cancel_masked--;
    return problem;
}

static void set_doubt(data_database *db, bool is_doubtful)
{
    if (is_doubtful == db->sync.is_doubtful)
        return;
    db->sync.is_doubtful = is_doubtful;
    sqlite_vfs_doubt_logs(is_doubtful ? 1 : -1);
    if (!is_doubtful)
        tern_log(TERN_LOG_WARN, "%s: the write-ahead log was written again and is on disk", db->url);
}

/* -- rounds -- */

/* Acknowledges everything that was committed when the sync began. */
static void settle(sqlite_sync *sync, uint64_t last, int problem)
{
    while (!list_empty(&sync->waiters)) {
        waiter *first = list_owner(sync->waiters.next, waiter, link);
        if (first->ticket > last)
            return;
        list_remove(&first->link);
        first->is_settled = true;
        first->problem = problem;
        if (first->waiting != NULL)
            coro_wake(first->waiting);
    }
}

static void wake_first(sqlite_sync *sync)
{
    if (!list_empty(&sync->waiters))
        coro_wake(list_owner(sync->waiters.next, waiter, link)->waiting);
}

/* Runs one sync, in one of the waiters. */
static void run_round(data_database *db)
{
    sqlite_sync *sync = &db->sync;
    uint64_t last = sync->tickets;
    bool was_doubtful = sync->is_doubtful;
    sync->is_running = true;
    take_next_fd(sync);
    int problem = was_doubtful ? mend(db) : run_job(sync, sync_file);
    set_doubt(db, problem != 0);
    settle(sync, last, problem);
    if (problem != 0 && !was_doubtful)
        set_doubt(db, mend(db) != 0);
    sync->is_running = false;
    wake_first(sync);
}

static bool say_unsafe(int problem, data_error *error)
{
    return data_refuse(
        error, problem == ENOSPC || problem == EDQUOT ? TERN_DATA_FULL : TERN_DATA_FAILED,
        "the write-ahead log could not be synced (%s): what was committed is visible to others, "
        "but a power cut may undo it",
        strerror(problem));
}

/* The earliest waiter runs the next round, so that commits of one sync are acknowledged in their order. It has
 * been woken for that, and may not have run yet. Outside a coroutine nobody can wait for it. */
static bool is_next_to_run(const sqlite_sync *sync, const waiter *self)
{
    return !sync->is_running && (self->waiting == NULL || sync->waiters.next == &self->link);
}

bool sqlite_sync_wait(data_database *db, uint64_t ticket, data_error *error)
{
    sqlite_sync *sync = &db->sync;
    waiter self = {.waiting = coro_self(), .ticket = ticket};
    if (ticket == 0)
        return true;
    list_append(&sync->waiters, &self.link);
    while (!self.is_settled) {
        if (is_next_to_run(sync, &self)) {
            run_round(db);
        } else if (coro_wait(0) == CORO_CANCELLED && !self.is_settled) {
            list_remove(&self.link);
            if (!sync->is_running)
                wake_first(sync); /* it was this one's task to begin the next */
            data_refuse(error, TERN_DATA_FAILED, "cancelled");
            error->is_cancelled = true;
            return false;
        }
    }
    return self.problem == 0 || say_unsafe(self.problem, error);
}
