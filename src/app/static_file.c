#include "app/static_file.h"

#include "app/ctx.h"
#include "base/siphash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static_file static_file_of(const char *type, const char *encoding, const void *data, size_t len)
{
    static const siphash_key key = {{0, 0}}; /* not a secret: the tag only distinguishes contents */
    static_file file = {.type = type, .encoding = encoding, .data = data, .len = len};
    snprintf(file.tag, sizeof file.tag, "\"%016" PRIx64 "\"", siphash_2_4(&key, data, len));
    return file;
}

tern_reply static_file_serve(tern_ctx *c, const static_file *file)
{
    tern_set_header(c, "ETag", file->tag);
    tern_set_header(c, "Cache-Control", "no-cache"); /* may be stored, but must be revalidated */
    if (tern_is_not_modified(c))
        return tern_status(c, 304);
    if (file->encoding != NULL)
        tern_set_header(c, "Content-Encoding", file->encoding);
    return tern_bytes_reply(c, file->type, file->data, file->len);
}
