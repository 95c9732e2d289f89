#include "database.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const database *database_of(const char *url)
{
#ifdef TERN_WITH_SQLITE
    if (strncmp(url, "sqlite:", 7) == 0)
        return &sqlite_database;
#endif
#ifdef TERN_WITH_POSTGRES
    if (strncmp(url, "postgres:", 9) == 0)
        return &postgres_database;
#endif
    fprintf(stderr, "floor: no such database, or its library was not there to build with: %s\n", url);
    exit(2);
}
