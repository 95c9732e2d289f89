/** The VFS that connections of the engine are opened with. */
#ifndef DATA_SQLITE_VFS_H
#define DATA_SQLITE_VFS_H

#include <stdbool.h>

#define SQLITE_VFS_NAME "tern"

/** Once, after sqlite3_initialize; false when there is no VFS to build on. */
bool sqlite_vfs_register(void);

#endif
