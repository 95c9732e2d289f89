/** Bodies as quoted-printable (RFC 2045 section 6.7): lines of at most 76 characters, every byte survives any server. */
#ifndef MAIL_BODY_H
#define MAIL_BODY_H

#include "base/buf.h"

/** Appends `text`, whose lines end with LF, CR LF or CR, and a line end. */
void mail_body_quoted(buf *out, const char *text);

#endif
