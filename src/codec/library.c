#include "codec/way.h"

#include <dlfcn.h>
#include <string.h>

static bool find_all(void *opened, const library_file *library)
{
    for (size_t i = 0; i < library->count; i++) {
        void *function = dlsym(opened, library->functions[i].name);
        if (function == NULL)
            return false;
        memcpy((char *)library->table + library->functions[i].offset, &function, sizeof function);
    }
    return true;
}

bool library_open(library_file *library, const char **problem)
{
    *problem = library->problem;
    if (library->is_tried)
        return library->is_open;
    library->is_tried = true;
    void *opened = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
    library->is_open = opened != NULL && find_all(opened, library);
    if (opened != NULL && !library->is_open)
        dlclose(opened);
    return library->is_open;
}
