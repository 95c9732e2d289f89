#include "crypto/sodium.h"

#include "base/library.h"

#include <stddef.h>

sodium_functions sodium;

static const library_function functions[] = {
#define X(name) {#name, offsetof(sodium_functions, name)},
    SODIUM_FUNCTIONS(X)
#undef X
};

bool sodium_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    static const library_file file = {
        .file = "libsodium.so.23",
        .missing = "libsodium's library libsodium.so.23 is missing: install libsodium23",
        .lacks =
            "libsodium's library libsodium.so.23 is too old: install libsodium23 of version 1.0.18 or newer",
        LIBRARY_FUNCTIONS(functions, sodium),
    };
    if (library != NULL)
        return true;
    void *opened = library_load(&file, problem);
    if (opened == NULL)
        return false;
    if (sodium.sodium_init() < 0) {
        *problem = "libsodium cannot start: the kernel gives it no random numbers";
        return false;
    }
    library = opened;
    return true;
}
