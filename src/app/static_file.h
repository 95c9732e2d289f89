/** A file in memory that does not change until the program ends: /openapi.json and the parts of /docs. */
#ifndef APP_STATIC_FILE_H
#define APP_STATIC_FILE_H

#include <tern/context.h>
#include <tern/reply.h>

typedef struct static_file {
    const char *type; /* Content-Type, and Content-Encoding if it is stored encoded; NULL: none */
    const char *encoding;
    const void *data; /* not owned */
    size_t len;
    char tag[24]; /* ETag: of the contents */
} static_file;

/** A file with its tag, which is computed only here. */
static_file static_file_of(const char *type, const char *encoding, const void *data, size_t len);
/** Replies with the file, or with 304 if the client has it. */
tern_reply static_file_serve(tern_ctx *c, const static_file *file);

#endif
