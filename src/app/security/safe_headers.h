/** The safe headers of an application, as http sends them. */
#ifndef APP_SECURITY_SAFE_HEADERS_H
#define APP_SECURITY_SAFE_HEADERS_H

#include "app/ctx.h"

/** The list for http_limits.defaults, of `*count` fields; it lives as long as the application. */
const http_default *safe_headers_of(const tern_app *app, unsigned *count);

#endif
