#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

void *library_load(const library_file *library, const char **problem)
{
    void *opened = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
    if (opened == NULL) {
        *problem = library->missing;
        return NULL;
    }
    for (size_t i = 0; i < library->count; i++) {
        void *function =
            dlsym(opened, library->functions[i].name); /* also searches the libraries it is linked to */
        if (function == NULL) {
            dlclose(opened);
            *problem = library->lacks != NULL ? library->lacks : library->missing;
            return NULL;
        }
        memcpy((char *)library->table + library->functions[i].offset, &function, sizeof function);
    }
    return opened;
}
