/** The parts of Accept headers. */
#ifndef APP_ACCEPT_H
#define APP_ACCEPT_H

#include <tern/str.h>

#include <stdbool.h>

/** The next part of `*rest` up to `separator`, without the white space around it; false at the end. */
bool accept_next_part(tern_str *rest, char separator, tern_str *part);

/** "0.8" as 800: a weight (RFC 9110 section 12.4.2) in thousandths. More than three digits after the dot are cut, since
 * clients write "0.33333". Other text, and more than 1, is 0, so that nothing unwanted is sent. */
unsigned accept_quality(tern_str text);

/** The weight among the parameters of an element, "q=0.8" of "gzip;q=0.8"; 1000 without one. */
unsigned accept_weight(tern_str parameters);

#endif
