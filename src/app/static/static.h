/** What tern_static and tern_frontend have registered, and the pieces that answer for it. */
#ifndef APP_STATIC_STATIC_H
#define APP_STATIC_STATIC_H

#include "app/ctx.h"
#include "app/static/folder.h"

#include <tern/static.h>

typedef struct static_mount {
    tern_static_options options; /* texts are never NULL but cache_control, immutable and not_found */
    bool is_frontend;
    const char *prefix;            /* as it was given */
    const char *shown;             /* the folder as it was given */
    const char *wrong;             /* a mistake of the registration; NULL: none */
    const tern_embedded *embedded; /* NULL: it is the folder */
    static_folder folder;
} static_mount;

/** Answers with the file of that path, which must be served, with this status; false with an errno (0 or EISDIR: not a
 * regular file) when there is none. (static.c) */
bool static_send(tern_ctx *c, static_mount *mount, const char *path, int status, tern_reply *reply,
                 int *error);

/** Whether a browser opens a page by this request. (frontend.c) */
bool frontend_is_navigation(tern_ctx *c);
/** The page of a front-end for a path without a file; false when that is a 404 like any other. (frontend.c) */
bool frontend_send(tern_ctx *c, static_mount *mount, tern_reply *reply);

/** The page that shows a folder, "" or "docs/"; false with an errno when it cannot be read. (listing.c) */
bool static_list(tern_ctx *c, static_mount *mount, const char *path, tern_reply *reply, int *error);

#endif
