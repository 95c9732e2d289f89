#include "acme/libcrypto.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

libcrypto_functions libcrypto;

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {#name, offsetof(libcrypto_functions, name)},
    LIBCRYPTO_FUNCTIONS(X)
#undef X
};

bool libcrypto_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    if (library != NULL)
        return true;
    void *opened = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = "ACME needs libcrypto.so.3, which is missing: install libssl3";
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(opened, wanted[i].name);
        if (function == NULL) {
            dlclose(opened);
            *problem = "libcrypto.so.3 is too old: install libssl3 of version 3.0 or newer";
            return false;
        }
        memcpy((char *)&libcrypto + wanted[i].offset, &function, sizeof function);
    }
    library = opened;
    return true;
}
