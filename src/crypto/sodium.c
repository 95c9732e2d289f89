#include "crypto/sodium.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

sodium_functions sodium;

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {#name, offsetof(sodium_functions, name)},
    SODIUM_FUNCTIONS(X)
#undef X
};

bool sodium_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    if (library != NULL)
        return true;
    void *opened = dlopen("libsodium.so.23", RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = "libsodium's library libsodium.so.23 is missing: install libsodium23";
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(opened, wanted[i].name);
        if (function == NULL) {
            dlclose(opened);
            *problem =
                "libsodium's library libsodium.so.23 is too old: install libsodium23 of version 1.0.18 or newer";
            return false;
        }
        memcpy((char *)&sodium + wanted[i].offset, &function, sizeof function);
    }
    if (sodium.sodium_init() < 0) {
        *problem = "libsodium cannot start: the kernel gives it no random numbers";
        return false;
    }
    library = opened;
    return true;
}
