/** The header lines that every reply of this process begins with, renewed once a second. */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <tern/str.h>

#include <stdbool.h>
#include <stdint.h>

enum { HTTP_DATE_LEN = 29 };

/** Writes `seconds` since 1970 as an IMF-fixdate (RFC 9110 section 5.6.7), HTTP_DATE_LEN bytes, no NUL. */
void http_date_write(char *out, int64_t seconds);
/** Reads an HTTP-date in any of its three forms (RFC 9110 section 5.6.7); false for anything else. A year of
 * two digits is the one at most 50 years after `now`. */
bool http_date_read(tern_str text, int64_t now, int64_t *seconds);
/** "Server: NAME\r\nDate: ...\r\n" (or Date alone); `server_name` is read at the first call. `*second`
 * receives a number from 1 on that changes whenever the text does. */
tern_str http_common_lines(const char *server_name, unsigned *second);

#endif
