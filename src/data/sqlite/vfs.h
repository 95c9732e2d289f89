/** The VFS that connections of the engine are opened with. */
#ifndef DATA_SQLITE_VFS_H
#define DATA_SQLITE_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define SQLITE_VFS_NAME "tern"

/** Once, after sqlite3_initialize; false when there is no VFS to build on. */
bool sqlite_vfs_register(void);

/** How often this process has written to write-ahead logs: a statement in which it does not rise has
 * committed nothing. */
uint64_t sqlite_vfs_log_writes(void);
/** Adds to the count of logs in doubt. While there are any, SQLite is refused to sync a log, and so to copy
 * it to the database or to begin it anew. */
void sqlite_vfs_doubt_logs(int change);

#endif
