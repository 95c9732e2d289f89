/* Opens an SQLite file in the mode that its location allows. */
#include "data/sqlite/internal.h"
#include "data/sqlite/vfs.h"

#include "http/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FLAGS = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE };

static bool has_log(const sqlite_location *location)
{
    char log[sizeof location->path + 8];
    snprintf(log, sizeof log, "%s-wal", location->path);
    return access(log, F_OK) == 0 || errno != ENOENT;
}

/** As an immutable file: SQLite then neither locks it nor looks for a log. */
static int open_immutable(const sqlite_location *location, sqlite3 **handle)
{
    static const char begin[] = "file:", end[] = "?immutable=1";
    char url[3 * sizeof location->path + sizeof begin + sizeof end];
    memcpy(url, begin, sizeof begin);
    size_t len = url_encode((tern_str){location->path, strlen(location->path)}, true, url + sizeof begin - 1);
    memcpy(url + sizeof begin - 1 + len, end, sizeof end);
    return sqlite3_open_v2(url, handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | FLAGS, SQLITE_VFS_NAME);
}

/** Reads the file's first page, and the log if there is one. */
static int look(sqlite3 *handle)
{
    sqlite3_extended_result_codes(handle, 1);
    return sqlite3_exec(handle, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL);
}

int sqlite_open_location(const sqlite_location *location, int flags, const char *vfs, sqlite3 **handle)
{
    if (!location->is_read_only)
        return sqlite3_open_v2(location->is_memory ? ":memory:" : location->path, handle,
                               SQLITE_OPEN_READWRITE | flags | FLAGS, vfs);
    int code = location->is_immutable
                   ? open_immutable(location, handle)
                   : sqlite3_open_v2(location->path, handle, SQLITE_OPEN_READONLY | FLAGS, SQLITE_VFS_NAME);
    if (code == SQLITE_OK)
        code = look(*handle);
    bool lacks_log = (code & 0xff) == SQLITE_CANTOPEN || code == SQLITE_READONLY_DIRECTORY;
    if (!lacks_log || location->is_immutable || has_log(location))
        return (code & 0xff) == SQLITE_BUSY ? SQLITE_OK : code; /* the next statement waits for the lock */
    sqlite3_close(*handle); /* it was written with a log, which cannot be created here */
    *handle = NULL;
    code = open_immutable(location, handle);
    return code == SQLITE_OK ? look(*handle) : code;
}
