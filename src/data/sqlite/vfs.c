/*
 * SQLite's own VFS for Unix, except for a few calls. fsync runs on the worker's threads. Reads and writes let
 * a long statement yield: a count of all rows or a checkpoint is one step of SQLite's virtual machine, with
 * thousands of reads and writes. Writes to logs are counted, which shows commits, and a log in doubt is not
 * synced for SQLite: see sync.c for both. The fourth call lets a log be read where its index cannot be
 * created.
 *
 * The real VFS opens the file; then its table of methods is replaced by a copy with Tern's versions of those
 * calls. So locks, shared memory and everything else are called directly.
 */
#include "data/sqlite/vfs.h"
#include "data/sqlite/internal.h"

#include "runtime/offload.h"

enum { METHOD_TABLES = 8 }; /* one for each way of locking that the real VFS may choose, twice */

/* `own` must be first: a file's pMethods points to the whole. */
typedef struct method_table {
    sqlite3_io_methods own;
    const sqlite3_io_methods *real;
    bool is_wal, is_read_only;
} method_table;

static method_table tables[METHOD_TABLES];
static sqlite3_vfs *real_vfs, own_vfs;
static uint64_t log_writes;
static int logs_in_doubt;

static const method_table *table_of(const sqlite3_file *file)
{
    return (const method_table *)(const void *)file->pMethods;
}

static const sqlite3_io_methods *real_of(const sqlite3_file *file)
{
    return table_of(file)->real;
}

uint64_t sqlite_vfs_log_writes(void)
{
    return log_writes;
}

void sqlite_vfs_doubt_logs(int change)
{
    logs_in_doubt += change;
}

static int read_file(sqlite3_file *file, void *into, int bytes, sqlite3_int64 at)
{
    sqlite_yield();
    return real_of(file)->xRead(file, into, bytes, at);
}

static int write_file(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 at)
{
    sqlite_yield();
    log_writes += table_of(file)->is_wal;
    return real_of(file)->xWrite(file, from, bytes, at);
}

typedef struct sync_job {
    sqlite3_file *file;
    int flags, result;
} sync_job;

static void run_sync(void *arg)
{
    sync_job *job = arg;
    job->result = real_of(job->file)->xSync(job->file, job->flags);
}

static int sync_file(sqlite3_file *file, int flags)
{
    sync_job job = {.file = file, .flags = flags};
    if (table_of(file)->is_wal && logs_in_doubt != 0)
        return SQLITE_IOERR_FSYNC;
    if (coro_self() == NULL || !offload_run(run_sync, &job))
        run_sync(&job);
    return job.result;
}

/* SQLite can read a log without its index if the index file exists but cannot be written. This uses that for
 * an index that neither exists nor can be created. */
static int map_shared(sqlite3_file *file, int page, int size, int extends, void volatile **out)
{
    int code = real_of(file)->xShmMap(file, page, size, extends, out);
    return (code & 0xff) == SQLITE_CANTOPEN ? SQLITE_READONLY_CANTINIT : code;
}

/* The locks are in the index: without an index, no process holds one. SQLite asks for the index again at the
 * beginning of each transaction, so it notices a writer that creates one. */
static int lock_shared(sqlite3_file *file, int first, int count, int flags)
{
    int code = real_of(file)->xShmLock(file, first, count, flags);
    return code == SQLITE_IOERR_SHMLOCK ? SQLITE_OK : code;
}

/* Reads of the write-ahead log do not yield: recovery reads it under locks that others in this process may
 * wait for by blocking the thread. */
static const sqlite3_io_methods *methods_like(const sqlite3_io_methods *real, bool is_wal, bool is_read_only)
{
    for (unsigned i = 0; i < METHOD_TABLES; i++) {
        method_table *table = &tables[i];
        if (table->real == real && table->is_wal == is_wal && table->is_read_only == is_read_only)
            return &table->own;
        if (table->real != NULL)
            continue;
        table->own = *real;
        if (!is_wal)
            table->own.xRead = read_file;
        table->own.xWrite = write_file;
        table->own.xSync = sync_file;
        table->real = real;
        table->is_wal = is_wal;
        table->is_read_only = is_read_only;
        if (is_read_only && real->iVersion >= 2) {
            table->own.xShmMap = map_shared;
            table->own.xShmLock = lock_shared;
        }
        return &table->own;
    }
    return NULL;
}

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *flags_out)
{
    (void)vfs;
    int result = real_vfs->xOpen(real_vfs, path, file, flags, flags_out);
    if (file->pMethods == NULL)
        return result;
    const sqlite3_io_methods *own =
        methods_like(file->pMethods, (flags & SQLITE_OPEN_WAL) != 0,
                     (flags & SQLITE_OPEN_MAIN_DB) != 0 && (flags & SQLITE_OPEN_READONLY) != 0);
    if (own != NULL)
        file->pMethods = own;
    return result;
}

bool sqlite_vfs_register(void)
{
    real_vfs = sqlite3_vfs_find("unix");
    if (real_vfs == NULL)
        return false;
    own_vfs = *real_vfs;
    own_vfs.pNext = NULL;
    own_vfs.zName = SQLITE_VFS_NAME;
    own_vfs.xOpen = open_file;
    return sqlite3_vfs_register(&own_vfs, 0) == SQLITE_OK;
}
