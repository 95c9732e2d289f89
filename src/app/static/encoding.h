/** Which of a file's stored encodings a client wants: the Accept-Encoding header (RFC 9110 section 12.5.3). */
#ifndef APP_STATIC_ENCODING_H
#define APP_STATIC_ENCODING_H

#include <tern/static.h>
#include <tern/str.h>

/** The suffixes of encoded siblings (".br") and their names in headers, by tern_static_form; NULL for the plain
 * form. */
extern const char *const static_form_suffix[TERN_STATIC_FORMS];
extern const char *const static_form_encoding[TERN_STATIC_FORMS];

/**
 * The form to send, of those that are a bit in `forms` (`1 << TERN_STATIC_BR`), which has the plain one.
 *
 * The highest weight wins, and among equal ones the order of tern_static_form. A weight of 0 excludes a form; where
 * nothing is left, the plain one is sent, as section 12.5.3 allows. `accept` is the value of all header lines; empty:
 * the plain form.
 */
tern_static_form static_form_choose(tern_str accept, unsigned forms);

#endif
