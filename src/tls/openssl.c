#include "tls/openssl.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

openssl_functions openssl;

static const struct {
    const char *name;
    size_t offset;
} wanted[] = {
#define X(name) {#name, offsetof(openssl_functions, name)},
    OPENSSL_FUNCTIONS(X)
#undef X
};

static void *allocate(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mem_alloc(size);
}

static void *resize(void *block, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return mem_realloc(block, size);
}

static void release(void *block, const char *file, int line)
{
    (void)file, (void)line;
    mem_free(block);
}

bool openssl_load(const char **problem)
{
    static void *library; /* remains for the life of the process */
    if (library != NULL)
        return true;
    void *opened = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = "OpenSSL's library libssl.so.3 is missing: install libssl3";
        return false;
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *function = dlsym(opened, wanted[i].name); /* which also searches libcrypto */
        memcpy((char *)&openssl + wanted[i].offset, &function, sizeof function);
        if (function == NULL) {
            dlclose(opened);
            *problem = "OpenSSL's library libssl.so.3 is too old: install libssl3 of version 3.0 or newer";
            return false;
        }
    }
    openssl.CRYPTO_set_mem_functions(allocate, resize, release);
    /* Its exit handler would free what threads of the pool may still use. */
    if (openssl.OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL) != 1) {
        *problem = "OpenSSL cannot start: out of memory, or its configuration (openssl.cnf) is wrong";
        return false;
    }
    library = opened;
    return true;
}

const char *openssl_reason(void)
{
    unsigned long error = openssl.ERR_peek_error();
    const char *reason = error != 0 ? openssl.ERR_reason_error_string(error) : NULL;
    openssl.ERR_clear_error();
    return reason != NULL ? reason : "no reason given";
}
