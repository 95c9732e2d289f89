/** Shared libraries that are loaded when something first needs them. */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stddef.h>

/** A function of a library, and where its pointer belongs in a table. */
typedef struct library_function {
    const char *name;
    size_t offset;
} library_function;

typedef struct library_file {
    const char *file;    /* "libssl.so.3" */
    const char *missing; /* what to tell where it is missing, */
    const char *lacks;   /* and where it lacks a function; NULL: the same */
    const library_function *functions;
    size_t count;
    void *table; /* receives the functions */
} library_file;

/** The members `functions`, `count` and `table` of a library_file. */
#define LIBRARY_FUNCTIONS(list, receiver)                                                                    \
    .functions = (list), .count = sizeof(list) / sizeof *(list), .table = &(receiver)

/** Loads the library and fills its table; NULL, with `*problem` and nothing left open, when that fails. It is for dlsym and
 * dlclose: each call loads it again. */
void *library_load(const library_file *library, const char **problem);

#endif
