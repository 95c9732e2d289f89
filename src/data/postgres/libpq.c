#include "data/postgres/libpq.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

libpq_functions libpq;

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {"PQ" #name, offsetof(libpq_functions, name)},
    LIBPQ_FUNCTIONS(X)
#undef X
};

static void *find(void *library, const char *name, size_t offset)
{
    void *function = dlsym(library, name);
    memcpy((char *)&libpq + offset, &function, sizeof function);
    return function;
}

/*
 * libpq sends PGTZ as a startup parameter, so that every session is in UTC, regardless of the settings of
 * server, database or role. A timestamp without a zone is then written as it is read, and RESET restores UTC.
 * PgBouncer supports this parameter, but refuses "options".
 */
bool libpq_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    if (library != NULL)
        return true;
    void *opened = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = "PostgreSQL's client library libpq.so.5 is missing: install libpq5";
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (find(opened, wanted[i].name, wanted[i].offset) == NULL) {
            dlclose(opened);
            *problem = "PostgreSQL's client library is too old: install libpq5 of version 14 or newer";
            return false;
        }
    find(opened, "PQcancelCreate", offsetof(libpq_functions, cancelCreate));
    find(opened, "PQcancelBlocking", offsetof(libpq_functions, cancelBlocking));
    find(opened, "PQcancelFinish", offsetof(libpq_functions, cancelFinish));
    /* dlsym also searches the libraries that it is linked to */
    find(opened, "SSL_has_pending", offsetof(libpq_functions, ssl_has_pending));
    setenv("PGTZ", "UTC", 1);
    library = opened;
    return true;
}
