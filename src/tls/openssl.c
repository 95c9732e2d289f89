#include "tls/openssl.h"

#include "base/library.h"
#include "base/mem.h"

#include <stddef.h>

openssl_functions openssl;

static const library_function functions[] = {
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
    static const library_file file = {
        .file = "libssl.so.3", /* which is linked to libcrypto */
        .missing = "OpenSSL's library libssl.so.3 is missing: install libssl3",
        .lacks = "OpenSSL's library libssl.so.3 is too old: install libssl3 of version 3.0 or newer",
        LIBRARY_FUNCTIONS(functions, openssl),
    };
    if (library != NULL)
        return true;
    void *opened = library_load(&file, problem);
    if (opened == NULL)
        return false;
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
