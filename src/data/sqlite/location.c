/* Parses the location in a URL, and checks whether a database can be there. */
#include "data/sqlite/internal.h"

#include <tern/log.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(buf *problems, const char *url, const char *what)
{
    if (problems != NULL)
        buf_add_printf(problems, "%s: %s\n", url, what);
    return false;
}

/** Reads the options after '?'; false for an unknown one. */
static bool read_options(const char *options, sqlite_location *location)
{
    static const struct {
        const char *text;
        bool is_read_only, is_immutable;
    } known[] = {{"mode=ro", true, false},
                 {"mode=rw", false, false},
                 {"immutable=1", true, true},
                 {"immutable=0", false, false}};
    for (size_t len; *options != '\0'; options += len + (options[len] == '&')) {
        size_t i = 0, count = sizeof known / sizeof *known;
        len = strcspn(options, "&");
        while (i < count && (strlen(known[i].text) != len || memcmp(known[i].text, options, len) != 0))
            i++;
        if (i == count)
            return false;
        if (known[i].is_read_only && location->why[0] == '\0')
            snprintf(location->why, sizeof location->why, "its URL has %s", known[i].text);
        location->is_read_only |= known[i].is_read_only;
        location->is_immutable |= known[i].is_immutable;
    }
    return true;
}

static size_t folder_of(const char *path, char *folder, size_t room)
{
    size_t len = (size_t)(strrchr(path, '/') - path);
    return (size_t)snprintf(folder, room, "%.*s", len != 0 ? (int)len : 1, path);
}

/** A database that cannot be written is opened for reading, if it exists. */
static void look_whether_writable(sqlite_location *location)
{
    char folder[sizeof location->path];
    if (location->is_read_only || access(location->path, R_OK) != 0)
        return;
    if (access(location->path, W_OK) != 0) {
        snprintf(location->why, sizeof location->why, "its file cannot be written to: %s", strerror(errno));
        location->is_read_only = true;
        return;
    }
    folder_of(location->path, folder, sizeof folder);
    if (access(folder, W_OK | X_OK) != 0) {
        snprintf(location->why, sizeof location->why, "its folder cannot be written to: %s", strerror(errno));
        location->is_read_only = true;
    }
}

bool sqlite_location_of(const char *url, sqlite_location *location, buf *problems)
{
    static const char scheme[] = "sqlite:";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return complain(problems, url, "is not a URL of SQLite (sqlite:app.db)");
    const char *path = url + sizeof scheme - 1;
    *location = (sqlite_location){.is_memory = strcmp(path, ":memory:") == 0};
    if (location->is_memory)
        return true;
    if (strncmp(path, "///", 3) == 0)
        path += 2;
    else if (strncmp(path, "//", 2) == 0)
        return complain(problems, url,
                        "names another machine; write sqlite:file.db or sqlite:/folder/file.db");
    size_t len = strcspn(path, "?");
    if (len == 0)
        return complain(problems, url, "names no file");
    if (path[len] == '?' && !read_options(path + len + 1, location))
        return complain(problems, url, "has other options after '?' than mode=ro, mode=rw and immutable=1");
    /* "./" before a relative one, so that no name is special to SQLite (":memory:", "file:...") */
    int written =
        snprintf(location->path, sizeof location->path, "%s%.*s", *path == '/' ? "" : "./", (int)len, path);
    if (written >= (int)sizeof location->path)
        return complain(problems, "sqlite", "the path of the database is too long");
    look_whether_writable(location);
    return true;
}

static bool check_folder(const char *url, const sqlite_location *location, buf *problems)
{
    char folder[sizeof location->path];
    struct stat found;
    folder_of(location->path, folder, sizeof folder);
    const char *problem = NULL;
    if (stat(folder, &found) != 0)
        problem = errno == ENOENT ? "does not exist" : strerror(errno);
    else if (!S_ISDIR(found.st_mode))
        problem = "is not a folder";
    else if (access(folder, X_OK) != 0)
        problem = "cannot be entered";
    else if (!location->is_read_only && access(location->path, F_OK) != 0 && access(folder, W_OK | X_OK) != 0)
        problem = "is not writable, which SQLite needs for its journal";
    if (problem != NULL && problems != NULL)
        buf_add_printf(problems, "%s: the folder %s %s\n", url, folder, problem);
    return problem == NULL;
}

/* Opens nothing: closing any descriptor of the file drops all locks of this process on it, including those of
 * SQLite's own descriptors (POSIX advisory locks). */
static bool check_file(const char *url, const sqlite_location *location, buf *problems)
{
    struct stat found;
    if (stat(location->path, &found) != 0)
        return errno == ENOENT && !location->is_read_only ? true : complain(problems, url, strerror(errno));
    if (!S_ISREG(found.st_mode))
        return complain(problems, url, "is not a file");
    if (access(location->path, R_OK) != 0) {
        if (problems != NULL)
            buf_add_printf(problems, "%s: cannot be read: %s\n", url, strerror(errno));
        return false;
    }
    return true;
}

bool sqlite_check(const char *url, buf *problems)
{
    sqlite_location location;
    if (!sqlite_location_of(url, &location, problems))
        return false;
    return location.is_memory ||
           (check_folder(url, &location, problems) && check_file(url, &location, problems));
}

void sqlite_note(const char *url)
{
    sqlite_location location;
    if (sqlite_location_of(url, &location, NULL) && location.is_read_only)
        tern_log(TERN_LOG_WARN, "%s is served for reading only (%s): writes are answered with 503", url,
                 location.why);
}
