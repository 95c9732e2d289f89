/** Replies that are files: what send_file.c shares with read_file.c. */
#ifndef APP_SEND_FILE_H
#define APP_SEND_FILE_H

#include <tern/reply.h>

#include <sys/stat.h>

/** Opens a regular file; -1 with the `*status` of the reply. A FIFO or a device is neither waited for nor
 * opened. */
int file_open(tern_ctx *c, const char *path, struct stat *facts, int *status);
/** Whether the reply depends on the request's conditions and ranges. */
bool file_is_conditional(const tern_ctx *c, const tern_reply *reply);
/** Sets the headers that name this version of the file, unless the handler has set its own. */
void file_put_version(tern_ctx *c, const tern_reply *reply, const struct stat *facts);

#endif
