/** Conditional requests (RFC 9110 section 13): the request's conditions, and the ETag and Last-Modified
 * headers that the reply has so far. Functions here never throw. */
#ifndef APP_CONDITIONS_H
#define APP_CONDITIONS_H

#include <tern/context.h>

#include <stdbool.h>
#include <stdint.h>

/** A file or a date that is younger may change again without a different time of modification: its entity tag
 * and its date do not promise the same bytes, only the same meaning. */
enum { CONDITIONS_FRESH_S = 2 };

/** 200, or the status of the reply instead: 304, 412, or 503 when out of memory. In the order of section
 * 13.2.2. */
int conditions_status(tern_ctx *c);

/** Whether If-Range (section 13.1.5) allows a part of the content to be sent: it is absent, or names the
 * content by a strong entity tag or by exactly its date. */
bool conditions_allow_range(tern_ctx *c);

/** Removes the headers that a 304 must not have: those that describe a body. */
void conditions_drop_content_headers(tern_ctx *c);

/** Adds the name of a form of the content ("gzip", "cbor") to a strong entity tag, because its bytes differ; a weak one
 * means all forms. Without memory the tag is removed. */
void conditions_name_form(tern_ctx *c, const char *form);

#endif
