#include "codec/way.h"

#include <dlfcn.h>
#include <string.h>

bool library_open(const char *file, const library_function *functions, size_t count, void *table)
{
    void *opened = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(opened, functions[i].name);
        if (function == NULL) {
            dlclose(opened);
            return false;
        }
        memcpy((char *)table + functions[i].offset, &function, sizeof function);
    }
    return true;
}
