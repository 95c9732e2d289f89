/** Replies that are files, as bytes: for middleware that reads or changes them. */
#include "app/conditions.h"
#include "app/ctx.h"
#include "app/open_file.h"
#include "app/send_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { IN_MEMORY_BYTES = 256 * 1024, PIECE_BYTES = 64 * 1024 };

static void close_file(tern_ctx *c, void *arg)
{
    (void)c;
    const open_file *file = arg;
    if (file->fd >= 0)
        close(file->fd);
}

/** Reads `len` bytes; false when the file has become shorter, or cannot be read. */
static bool read_at(int fd, char *out, size_t len, uint64_t offset)
{
    while (len > 0) {
        const ssize_t n = pread(fd, out, len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        out += n;
        len -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

static void write_file(tern_ctx *c, tern_stream *out, void *arg)
{
    const open_file *file = arg;
    char *piece = ctx_need(c, arena_alloc(ctx_arena(c), PIECE_BYTES));
    for (uint64_t at = 0; at < file->size;) {
        const size_t len = file->size - at < PIECE_BYTES ? (size_t)(file->size - at) : PIECE_BYTES;
        if (!read_at(file->fd, piece, len, at))
            ctx_fail(c, 500, "the file could not be read to its end");
        tern_stream_write(out, piece, len);
        at += len;
    }
}

static tern_reply content(tern_ctx *c, tern_reply reply, open_file *file)
{
    if (file->bytes != NULL)
        return (tern_reply){
            .status = reply.status, .type = reply.type, .data = file->bytes, .len = (size_t)file->size};
    if (file->size > IN_MEMORY_BYTES) {
        reply.kind = TERN_REPLY_STREAM;
        reply.write = write_file;
        reply.arg = file;
        reply.data = NULL;
        return reply;
    }
    char *data = ctx_need(c, arena_alloc(ctx_arena(c), (size_t)file->size));
    if (!read_at(file->fd, data, (size_t)file->size, 0))
        ctx_fail(c, 500, "the file could not be read to its end");
    return (tern_reply){.status = reply.status, .type = reply.type, .data = data, .len = (size_t)file->size};
}

/** Opens what the reply names, until it has been sent; `*status` is 200 if that succeeds. */
static open_file *opened(tern_ctx *c, tern_reply *reply, int *status)
{
    struct stat facts;
    open_file *file = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *file));
    *file = (open_file){.fd = -1};
    tern_after(c, close_file, file); /* first: what follows may fail */
    file->fd = file_open(c, reply->arg, &facts, status);
    if (file->fd < 0)
        return file;
    file->size = (uint64_t)facts.st_size;
    if (reply->type == NULL)
        reply->type = mime_of_path(reply->arg);
    file_put_version(c, reply, &facts);
    return file;
}

tern_reply tern_read_file(tern_ctx *c, tern_reply reply)
{
    if (reply.kind != TERN_REPLY_FILE)
        return reply;
    int status = 200;
    open_file *file;
    if (reply.data != NULL) {
        file = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *file));
        memcpy(file, reply.data, sizeof *file);
    } else {
        file = opened(c, &reply, &status);
    }
    if (status == 200 && file_is_conditional(c, &reply))
        status = conditions_status(c);
    if (status == 304) {
        conditions_drop_content_headers(c);
        return tern_status(c, 304);
    }
    return status == 200 ? content(c, reply, file) : ctx_problem(c, status, NULL);
}
