#include "crypto/unix_crypt.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <string.h>

enum { DATA_BYTES = 64 * 1024 }; /* more than the data of any libcrypt */

typedef char *crypt_function(const char *password, const char *setting, void *data);

static crypt_function *crypt_r_of_library;

bool unix_crypt_load(const char **problem)
{
    if (crypt_r_of_library != NULL)
        return true;
    void *opened = dlopen("libcrypt.so.1", RTLD_NOW);
    if (opened == NULL)
        opened = dlopen("libcrypt.so.2", RTLD_NOW);
    if (opened != NULL)
        *(void **)&crypt_r_of_library = dlsym(opened, "crypt_r");
    if (crypt_r_of_library == NULL)
        *problem = "the library libcrypt.so.1 is missing: install libcrypt1";
    return crypt_r_of_library != NULL;
}

unix_crypt_result unix_crypt(const char *password, const char *setting, char *out, size_t size)
{
    void *data = mem_alloc(DATA_BYTES);
    if (data == NULL)
        return UNIX_CRYPT_NO_MEMORY;
    memset(data, 0, DATA_BYTES);
    const char *made = crypt_r_of_library(password, setting, data);
    bool is_made = made != NULL && made[0] != '*' && strlen(made) < size;
    if (is_made)
        memcpy(out, made, strlen(made) + 1);
    explicit_bzero(data, DATA_BYTES);
    mem_free(data);
    return is_made ? UNIX_CRYPT_MADE : UNIX_CRYPT_UNKNOWN;
}
