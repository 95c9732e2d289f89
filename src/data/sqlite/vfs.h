/** The VFS that connections of the engine are opened with. */
#ifndef DATA_SQLITE_VFS_H
#define DATA_SQLITE_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define SQLITE_VFS_NAME "tern"

/** Called once, after sqlite3_initialize; false without a VFS to build on. */
bool sqlite_vfs_register(void);

/** How often this process has written to write-ahead logs: a statement that does not increase it has
 * committed nothing. */
uint64_t sqlite_vfs_log_writes(void);
/** Adds to the count of logs in doubt. While the count is not 0, SQLite cannot sync a log, and so cannot copy
 * it to the database or restart it. */
void sqlite_vfs_doubt_logs(int change);

#endif
