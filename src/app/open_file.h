/** Files that are open, or in memory, before their reply is sent. */
#ifndef APP_OPEN_FILE_H
#define APP_OPEN_FILE_H

#include <stdint.h>

/** What the `data` of a TERN_REPLY_FILE points to if the file needs not be opened by its name: its bytes, or those of a
 * descriptor that stays open until the functions of tern_after run. Its headers are those of the request. */
typedef struct open_file {
    const char *bytes; /* NULL: it is `fd` */
    int fd;
    uint64_t size;
} open_file;

enum { FILE_TAG_BYTES = 24 };

struct stat;
/** Writes the entity tag of a file (send_file.c). */
void file_tag_write(char out[FILE_TAG_BYTES], const struct stat *facts);

#endif
