/* Where a URL points, and whether a database can be there. */
#include "data/sqlite/inside.h"

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

bool sqlite_place_of(const char *url, sqlite_place *place, buf *problems)
{
    static const char scheme[] = "sqlite:";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return complain(problems, url, "is no URL of SQLite (sqlite:app.db)");
    const char *path = url + sizeof scheme - 1;
    *place = (sqlite_place){.is_memory = strcmp(path, ":memory:") == 0};
    if (place->is_memory)
        return true;
    if (strncmp(path, "///", 3) == 0)
        path += 2;
    else if (strncmp(path, "//", 2) == 0)
        return complain(problems, url,
                        "names another machine; write sqlite:file.db or sqlite:/folder/file.db");
    if (*path == '\0')
        return complain(problems, url, "names no file");
    if (strchr(path, '?') != NULL)
        return complain(problems, url, "has options after '?', of which there are none");
    /* "./" before a relative one, so that no name is special to SQLite (":memory:", "file:...") */
    int len = snprintf(place->path, sizeof place->path, "%s%s", *path == '/' ? "" : "./", path);
    if (len >= (int)sizeof place->path)
        return complain(problems, "sqlite", "the path of the database is too long");
    return true;
}

static bool check_folder(const char *url, const char *path, buf *problems)
{
    char folder[sizeof((sqlite_place *)NULL)->path];
    struct stat found;
    size_t len = (size_t)(strrchr(path, '/') - path);
    snprintf(folder, sizeof folder, "%.*s", len != 0 ? (int)len : 1, path);
    const char *problem = NULL;
    if (stat(folder, &found) != 0)
        problem = errno == ENOENT ? "does not exist" : strerror(errno);
    else if (!S_ISDIR(found.st_mode))
        problem = "is not a folder";
    else if (access(folder, W_OK | X_OK) != 0)
        problem = "cannot be written to, which SQLite must for its journal";
    if (problem != NULL && problems != NULL)
        buf_add_printf(problems, "%s: the folder %s %s\n", url, folder, problem);
    return problem == NULL;
}

/* Nothing is opened: closing any descriptor of the file drops every lock this process has on it, those of
 * SQLite's own descriptors too (POSIX advisory locks). */
static bool check_file(const char *url, const char *path, buf *problems)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return errno == ENOENT ? true : complain(problems, url, strerror(errno));
    if (!S_ISREG(found.st_mode))
        return complain(problems, url, "is not a file");
    if (access(path, R_OK | W_OK) != 0)
        return complain(problems, url, "cannot be read and written");
    return true;
}

bool sqlite_check(const char *url, buf *problems)
{
    sqlite_place place;
    if (!sqlite_place_of(url, &place, problems))
        return false;
    return place.is_memory ||
           (check_folder(url, place.path, problems) && check_file(url, place.path, problems));
}
