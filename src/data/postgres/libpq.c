#include "data/postgres/libpq.h"

#include "base/library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

libpq_functions libpq;

static const library_function functions[] = {
#define X(name) {"PQ" #name, offsetof(libpq_functions, name)},
    LIBPQ_FUNCTIONS(X)
#undef X
};

/** Looks for a function that not every version has. */
static void find(void *library, const char *name, size_t offset)
{
    void *function = dlsym(library, name);
    memcpy((char *)&libpq + offset, &function, sizeof function);
}

/*
 * libpq sends PGTZ as a startup parameter, so that every session is in UTC, regardless of the settings of
 * server, database or role. A timestamp without a zone is then written as it is read, and RESET restores UTC.
 * PgBouncer supports this parameter, but refuses "options".
 */
bool libpq_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    static const library_file file = {
        .file = "libpq.so.5",
        .missing = "PostgreSQL's client library libpq.so.5 is missing: install libpq5",
        .lacks = "PostgreSQL's client library is too old: install libpq5 of version 14 or newer",
        LIBRARY_FUNCTIONS(functions, libpq),
    };
    if (library != NULL)
        return true;
    void *opened = library_load(&file, problem);
    if (opened == NULL)
        return false;
    find(opened, "PQcancelCreate", offsetof(libpq_functions, cancelCreate));
    find(opened, "PQcancelBlocking", offsetof(libpq_functions, cancelBlocking));
    find(opened, "PQcancelFinish", offsetof(libpq_functions, cancelFinish));
    /* dlsym also searches the libraries that it is linked to */
    find(opened, "SSL_has_pending", offsetof(libpq_functions, ssl_has_pending));
    setenv("PGTZ", "UTC", 1);
    library = opened;
    return true;
}
