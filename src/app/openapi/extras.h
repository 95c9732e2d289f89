/** What an application adds to its document beyond its routes: webhooks, tags, servers. */
#ifndef APP_OPENAPI_EXTRAS_H
#define APP_OPENAPI_EXTRAS_H

#include "app/openapi/internal.h"

typedef struct openapi_webhook {
    struct openapi_webhook *next;
    const char *name;
    tern_webhook_options options;
} openapi_webhook;

typedef struct openapi_tag {
    struct openapi_tag *next;
    const char *name, *description;
    tern_tag_options options;
} openapi_tag;

typedef struct openapi_link {
    struct openapi_link *next;
    const char *url, *description;
} openapi_link;

typedef struct openapi_extras {
    openapi_webhook *webhooks, **webhooks_end; /* in order, as are the others */
    openapi_tag *tags, **tags_end;
    openapi_link *servers, **servers_end;
    openapi_link docs; /* url NULL: none */
} openapi_extras;

/** Adds the types of webhooks to the document. */
void openapi_add_extra_types(openapi_document *doc);
/** Adds the types of a route's callbacks to the document. */
void openapi_add_callback_types(openapi_document *doc, const route *r);
/** The member "webhooks", if there are any. */
void openapi_print_webhooks(const openapi_document *doc, buf *out);
/** The member "callbacks" of an operation, if it has any. */
void openapi_print_callbacks(const openapi_document *doc, const route *r, const char *id, buf *out);
/** The member "links" of a success, if it has any. (links.c) */
void openapi_print_links(const openapi_document *doc, const route *r, buf *out);
/** Adds a line for each mistake in a route's links. (links.c) */
bool openapi_check_links(const tern_app *app, const route *r, buf *problems);
/** The member "servers". */
void openapi_print_servers(const openapi_document *doc, buf *out);
/** The member "externalDocs", if there are any. */
void openapi_print_external_docs(const openapi_document *doc, buf *out);
/** The inside of a tag: its name, and what tern_tag says of it. */
void openapi_print_tag(const openapi_document *doc, tern_str name, buf *out);
/** Adds a line for each mistake. */
bool openapi_check_extras(const tern_app *app, buf *problems);

#endif
