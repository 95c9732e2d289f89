/** Status codes and their lines (RFC 9110 section 15). */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

#include <tern/str.h>

/** "HTTP/1.1 404 Not Found\r\n"; data NULL for a status without a line of its own. */
tern_str status_line(int status);

#endif
