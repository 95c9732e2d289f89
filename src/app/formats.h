/** Bodies in binary formats (tern/formats.h). */
#ifndef APP_FORMATS_H
#define APP_FORMATS_H

#include "app/ctx.h"
#include "schema/pack/pack.h"

/** Whether the application takes a format of this media type; false where none is switched on. */
bool format_of_media(const tern_app *app, tern_str type, pack_format *format);
/** The media types of the formats that are switched on, one for each, in `types`; returns how many. */
enum { FORMATS = 2 };
unsigned formats_on(const tern_app *app, const char *types[FORMATS]);
/** The JSON that means the same as a body. Fails with 400 or 413 when the body is not of its format. */
tern_str format_body(tern_ctx *c, pack_format format, const tern_type *type, tern_str body);
/** A reply of JSON in the format that the client prefers. */
tern_reply format_reply(tern_ctx *c, tern_reply reply);

#endif
