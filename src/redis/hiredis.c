#include "redis/hiredis.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define TEXT_OF_(value) #value
#define TEXT_OF(value)  TEXT_OF_(value)
#define LIBRARY         "libhiredis.so." TEXT_OF(HIREDIS_SONAME)

hiredis_functions hiredis;

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {#name, offsetof(hiredis_functions, name)},
    HIREDIS_FUNCTIONS(X)
#undef X
};

bool hiredis_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    if (library != NULL)
        return true;
    void *opened = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = "Redis' client library " LIBRARY " is missing: install libhiredis" TEXT_OF(HIREDIS_SONAME);
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(opened, wanted[i].name);
        if (function == NULL) {
            dlclose(opened);
            *problem = "Redis' client library " LIBRARY " lacks a function: install it again";
            return false;
        }
        memcpy((char *)&hiredis + wanted[i].offset, &function, sizeof function);
    }
    library = opened;
    return true;
}
