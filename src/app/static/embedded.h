/** Files that are compiled into the program. */
#ifndef APP_STATIC_EMBEDDED_H
#define APP_STATIC_EMBEDDED_H

#include <tern/static.h>

/** The file of that path; NULL without one. */
const tern_embedded_file *embedded_find(const tern_embedded *folder, const char *path);
/** Whether there are files below "path/". */
bool embedded_has_folder(const tern_embedded *folder, const char *path);

#endif
