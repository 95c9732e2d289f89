/** Media types and the parameters behind them (RFC 9110 section 8.3.1), strictly. */
#ifndef HTTP_MEDIA_H
#define HTTP_MEDIA_H

#include <tern/str.h>

#include <stdbool.h>

/** The type of a Content-Type value, without its parameters and white space; data NULL when it is none
 * ("type/subtype" of two tokens). */
tern_str media_type(tern_str value);
/** Whether `type` is `name` ("application/json"), ASCII case ignored. */
bool media_is(tern_str type, const char *name);

typedef enum media_result { MEDIA_END, MEDIA_PARAM, MEDIA_BROKEN } media_result;

/**
 * Takes the next `; name=value` from `*at` (before `end`), and moves `*at` behind it.
 *
 * A quoted value is taken without its quotes, `\"` and `\\` in it become one byte, in place: the text must be
 * writable. Other backslashes stay (browsers write paths so). MEDIA_END when only white space is left.
 */
media_result media_next_param(char **at, char *end, tern_str *name, tern_str *value);

#endif
