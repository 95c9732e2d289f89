/** Folders of files as routes: assets, front-ends, and folders that are compiled into the program. */
#ifndef TERN_STATIC_H
#define TERN_STATIC_H

#include <tern/app.h>

/** How the bytes of a file are stored, best first. */
typedef enum tern_static_form {
    TERN_STATIC_PLAIN,
    TERN_STATIC_BR,   /* Brotli: app.js.br */
    TERN_STATIC_ZSTD, /* Zstandard: app.js.zst */
    TERN_STATIC_GZIP, /* app.js.gz */
    TERN_STATIC_FORMS
} tern_static_form;

/** A file compiled into the program, in the forms that made it smaller. */
typedef struct tern_embedded_file {
    const char *path; /* relative: "assets/app.js" */
    struct {
        const void *data; /* NULL: not in this form */
        size_t len;
        const char *tag; /* of these bytes, in quotes, made when the program was built */
    } forms[TERN_STATIC_FORMS];
} tern_embedded_file;

/** A folder compiled into the program by tern_embed (docs/static.md). */
typedef struct tern_embedded {
    const char *name;
    const tern_embedded_file *files; /* ordered by path, by strcmp */
    size_t count;
} tern_embedded;

/** Declares the folder that `tern_embed(TARGET name FOLDER)` of CMake, or `tern-embed name FOLDER FILE.c`, has
 * compiled into the program: TERN_EMBEDDED(web); ... tern_static(app, "/", web). */
#define TERN_EMBEDDED(name) extern const tern_embedded name[1]

typedef struct tern_static_options {
    const char *file; /* where it is registered; filled in by the macros */
    int line;
    /* Cache-Control of files that may change under their name; default "no-cache": they may be stored, but are
     * asked for again, which is a 304 if they are the same. "": the header is left out. */
    const char *cache_control;
    /* Files whose path begins so ("assets/") never change, and are kept for a year. Default: those whose name
     * contains a hash of the content ("app.3f2a9c1b.js"). "": none. */
    const char *immutable;
    const char *index;     /* the file for a path that ends in '/'; default "index.html"; "": none */
    const char *not_found; /* a file of the folder that is sent with 404; default: a problem like any other */
    bool listing;          /* a folder without such a file is a page of links */
    bool dot_files;        /* serves and lists names that begin with a '.' */
    /* Follows symbolic links that lead out of the folder: only for folders that nobody else can write to, since a link
     * then makes any file that this process may read public. */
    bool symlinks;
    unsigned recheck_ms; /* how long a file that was opened may be served before its path is resolved again;
                              default 1000 */
    const tern_middleware *use;        /* TERN_USE(...): around these files only */
    const tern_provider *const *needs; /* TERN_NEEDS(...): called before, for what they refuse */
} tern_static_options;

/* What is served: a path, or an embedded folder. */
typedef struct tern_files_ {
    const char *folder;
    const tern_embedded *embedded;
} tern_files_;
tern_files_ tern_files_of_path_(const char *folder);
tern_files_ tern_files_embedded_(const tern_embedded *embedded);
#define TERN_FILES_OF_(what)                                                                                 \
    _Generic((what), const tern_embedded *: tern_files_embedded_, tern_embedded *: tern_files_embedded_,     \
             default: tern_files_of_path_)(what)

void tern_static_with(tern_group *group, const char *prefix, tern_files_ files,
                      const tern_static_options *options);
/**
 * Serves the files of a folder under a path: `tern_static(app, "/assets", "public")`.
 *
 * Files are sent as by tern_file: with conditions, ranges, an ETag and Last-Modified. If a file has siblings
 * app.js.br, app.js.zst or app.js.gz that are not older than it, the one that the client likes best is sent
 * in its place, with Content-Encoding and Vary.
 *
 * `folder` is relative to the working directory at the start, where it must exist. Nothing outside of it is
 * ever opened: symbolic links that lead out (but with `.symlinks`), files that are not regular, and hidden names are 404. A folder
 * without a '/' at its end is redirected (308), if it has an index file or a listing.
 *
 * Up to 128 files stay open in each worker while they are requested. A file that is written to, replaced or
 * removed is served as it is now. Where a folder above it, or a link, was renamed or replaced, that is so
 * within `.recheck_ms`.
 *
 * The routes are `prefix`, `prefix/` and `prefix/{path...}`, for GET and HEAD, and are not part of the OpenAPI
 * document. Other routes of the same paths win.
 */
#define tern_static(where, prefix, folder, ...)                                                              \
    tern_static_with(TERN_GROUP_OF(where), prefix, TERN_FILES_OF_(folder),                                   \
                     &(tern_static_options){.file = __FILE__, .line = __LINE__, __VA_ARGS__})

void tern_frontend_with(tern_group *group, const char *prefix, tern_files_ files,
                        const tern_static_options *options);
/**
 * Serves a front-end that was built into a folder, such as a single-page application:
 * `tern_frontend(app, "/", "dist")`.
 *
 * It is a tern_static whose paths without a file are pages of the application: a browser that opens one (GET
 * with Sec-Fetch-Mode: navigate, or an Accept that names text/html) gets index.html, which its own router
 * reads. Scripts, images and calls without a file are 404. If the folder has a 404.html, the front-end is one
 * of many pages: paths without a file are then 404 with it. All HTML is sent with `Cache-Control: no-cache`.
 *
 * A folder that does not exist (yet) is a warning at the start, and 404 until it does.
 */
#define tern_frontend(where, prefix, folder, ...)                                                            \
    tern_frontend_with(TERN_GROUP_OF(where), prefix, TERN_FILES_OF_(folder),                                 \
                       &(tern_static_options){.file = __FILE__, .line = __LINE__, __VA_ARGS__})

/* -- downloads -- */

typedef struct tern_download_options {
    const char *name; /* what the client is told to call it, in UTF-8; default: the last part of the path */
    const char *type; /* Content-Type; default: by the suffix of `name` */
} tern_download_options;

tern_reply tern_download_with(tern_ctx *c, const char *path,
                              const tern_download_options *options) TERN_TO_RETURN_;
/**
 * A file for the client to save: `tern_download(c, path, .name = "Übersicht.pdf")`.
 *
 * As tern_file, with Content-Disposition: attachment (RFC 6266), whose `filename` is ASCII and whose
 * `filename*` has all characters, and with X-Content-Type-Options: nosniff, so that HTML which somebody has
 * uploaded as an image never runs. In a name, control characters, slashes, characters that change the
 * direction of text, and bytes that are not UTF-8 become '_'. A longer name than 200 bytes is cut before its
 * suffix.
 */
#define tern_download(c, path, ...) tern_download_with(c, path, &(tern_download_options){__VA_ARGS__})

tern_reply tern_download_bytes_with(tern_ctx *c, const void *data, size_t len,
                                    const tern_download_options *options) TERN_TO_RETURN_;
/** The same for `len` bytes in memory, which must live as long as the request; default name "download".
 * Ranges and conditions are those of the headers set so far (tern_set_etag). */
#define tern_download_bytes(c, data, len, ...)                                                               \
    tern_download_bytes_with(c, data, len, &(tern_download_options){__VA_ARGS__})

#endif
