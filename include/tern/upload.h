/**
 * Multipart forms part by part, as they arrive: for files that are too large, or too many, to be kept first.
 *
 *     TERN_HANDLER(keep)
 *     {
 *         const tern_part *part;
 *         while ((part = tern_part_next(c, .max_bytes = 1 << 30)) != NULL)
 *             if (part->filename != NULL)
 *                 tern_part_store(c, "/srv/uploads");
 *         return tern_no_content(c);
 *     }
 *     tern_post(app, "/files", keep, .stream_body = true, .max_body = 4ull << 30);
 *
 * For forms of a few fields and files that fit a model, a tern_upload field is shorter (tern/model.h).
 */
#ifndef TERN_UPLOAD_H
#define TERN_UPLOAD_H

#include <tern/context.h>

/** One part of a multipart form. Its texts are valid until the next part. */
typedef struct tern_part {
    const char *name;         /* of the form's field */
    const char *filename;     /* as the client says it: data, never a path; NULL: the part is not a file */
    const char *content_type; /* as the client says it; NULL: it does not */
} tern_part;

typedef struct tern_part_options {
    uint64_t max_bytes; /* of each part from this one on; 0: only .max_body of the route counts */
    unsigned max_parts; /* of the form; 0, and at most: 1000 */
} tern_part_options;

const tern_part *tern_part_next_with(tern_ctx *c, const tern_part_options *options);
/**
 * Waits for the next part of the form: `tern_part_next(c, .max_bytes = 10 << 20)`. What was not read of the
 * part before it is skipped. NULL after the last one, when the whole body has arrived and was well-formed.
 *
 * The route needs `.stream_body`; without it the body is received whole before. At most 16 KiB of the body are
 * in memory at a time.
 *
 * Fails with 415 if the body is not multipart/form-data, 400 where it is broken or cut short, 413 past a limit
 * (400 for more than 1,000 parts), and 500 if the handler takes a model from the body too. RFC 7578.
 */
#define tern_part_next(c, ...) tern_part_next_with(c, &(tern_part_options){__VA_ARGS__})

/** Waits for the next piece of the part's content; its length is 0 at the end. It is valid until the next call
 * for the form. Fails with 413 past .max_bytes. */
tern_str tern_part_read(tern_ctx *c);

/** The rest of the part's content as text, in the request's memory. Fails with 413 when it is longer than
 * `max_bytes`, and with 400 when it is not UTF-8 or has a NUL. */
const char *tern_part_text(tern_ctx *c, size_t max_bytes);

/** A stored part. */
typedef struct tern_stored_part {
    const char *name; /* 32 hex digits, in the request's memory */
    uint64_t size;
} tern_stored_part;

/**
 * Stores the rest of the part's content in a folder under a new name of Tern's own: 32 random hex digits
 * without a suffix. Nothing that the client sends becomes a part of the path. The file can be read by its owner
 * only (mode 0600), and is on the disk when the call returns.
 *
 * It gets its name when it is whole: an upload that is broken off, or refused for its size, leaves nothing. If
 * the handler fails later, the file stays. Writing is done on a thread (tern_offload). Fails with 507 when the
 * disk is full, and with 503, which is logged, where the folder cannot be written to.
 */
tern_stored_part tern_part_store(tern_ctx *c, const char *folder);

#endif
