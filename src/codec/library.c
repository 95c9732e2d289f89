#include "codec/way.h"

bool codec_library_open(codec_library *library, const char **problem)
{
    *problem = library->file.missing;
    if (!library->is_tried)
        library->is_open = library_load(&library->file, problem) != NULL;
    library->is_tried = true;
    return library->is_open;
}
