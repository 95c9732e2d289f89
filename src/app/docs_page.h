/** The interactive documentation. */
#ifndef APP_DOCS_PAGE_H
#define APP_DOCS_PAGE_H

#include <tern/app.h>

/** Adds GET options.docs_path (default "/docs") with its style and script, unless it or the OpenAPI document
 * is switched off. Adding twice is harmless. */
void docs_page_add_routes(tern_app *app);

#endif
