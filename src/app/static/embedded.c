#include "app/static/embedded.h"

#include <string.h>

/** The first file whose path is not before `path`. */
static size_t place_of(const tern_embedded *folder, const char *path)
{
    size_t low = 0, high = folder->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(folder->files[middle].path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const tern_embedded_file *embedded_find(const tern_embedded *folder, const char *path)
{
    const size_t at = place_of(folder, path);
    return at < folder->count && strcmp(folder->files[at].path, path) == 0 ? &folder->files[at] : NULL;
}

bool embedded_has_folder(const tern_embedded *folder, const char *path)
{
    const size_t len = strlen(path);
    for (size_t at = place_of(folder, path); at < folder->count; at++) {
        const char *found = folder->files[at].path;
        if (strncmp(found, path, len) != 0)
            return false;
        if (found[len] == '/')
            return true;
    }
    return false;
}
