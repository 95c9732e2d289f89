/**
 * Header fields of a message: folded lines of at most 76 characters where blanks allow it (RFC 5322 section 2.2.3), and
 * text outside ASCII as encoded words (RFC 2047).
 *
 * Values must be UTF-8 without control characters, so that no value can begin another field; mail_header_problem says
 * whether they are.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/buf.h"
#include "mail/address.h"

/** Why `value` cannot be in a header; NULL: it can. */
const char *mail_header_problem(const char *value);

/** Appends "Name: value" for text without structure: a subject. */
void mail_header_text(buf *out, const char *name, const char *value);
/** Appends "Name: a@b.example, C <c@d.example>". */
void mail_header_addresses(buf *out, const char *name, const mail_addresses *list);

#endif
