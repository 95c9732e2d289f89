#include "redis/hiredis.h"

#include "base/library.h"

#include <stddef.h>

#define TEXT_OF_(value) #value
#define TEXT_OF(value)  TEXT_OF_(value)
#define LIBRARY         "libhiredis.so." TEXT_OF(HIREDIS_SONAME)

hiredis_functions hiredis;

static const library_function functions[] = {
#define X(name) {#name, offsetof(hiredis_functions, name)},
    HIREDIS_FUNCTIONS(X)
#undef X
};

bool hiredis_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    static const library_file file = {
        .file = LIBRARY,
        .missing = "Redis' client library " LIBRARY " is missing: install libhiredis" TEXT_OF(HIREDIS_SONAME),
        .lacks = "Redis' client library " LIBRARY " lacks a function: install it again",
        LIBRARY_FUNCTIONS(functions, hiredis),
    };
    if (library == NULL)
        library = library_load(&file, problem);
    return library != NULL;
}
