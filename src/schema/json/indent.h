/** JSON indented for people to read. */
#ifndef SCHEMA_JSON_INDENT_H
#define SCHEMA_JSON_INDENT_H

#include "base/buf.h"

#include <tern/str.h>

/** Appends `json` (valid, without white space) with a line for each member and element. */
bool json_indent(tern_str json, buf *out);

#endif
