/** Media types and their parameters (RFC 9110 section 8.3.1), strictly. */
#ifndef HTTP_MEDIA_H
#define HTTP_MEDIA_H

#include <tern/str.h>

#include <stdbool.h>

/** The type of a Content-Type value, without its parameters and white space; data NULL when it is not one
 * ("type/subtype" of two tokens). */
tern_str media_type(tern_str value);
/** Whether `type` is `name` ("application/json"), ASCII case ignored. */
bool media_is(tern_str type, const char *name);

typedef enum media_result { MEDIA_END, MEDIA_PARAM, MEDIA_BROKEN } media_result;

/**
 * Takes the next `; name=value` from `*at` (before `end`), and moves `*at` past it. A parameter may be empty:
 * "a/b;" and "a/b; ; c=d" are right (RFC 9110 section 5.6.6).
 *
 * A quoted value is taken without its quotes, `\"` and `\\` in it become one byte, in place: the text must be
 * writable. Other backslashes stay, and so does one before the last quote of the text: browsers do not escape
 * them in file names. MEDIA_END when only white space and empty parameters are left.
 */
media_result media_next_param(char **at, char *end, tern_str *name, tern_str *value);

/** Decodes `charset'language'a%20b` of a parameter like `filename*` (RFC 8187) to UTF-8, in place: the text
 * must be writable. UTF-8 and ISO-8859-1 are known; false for others and for text that is not encoded like
 * this. */
bool media_decode_extended(tern_str text, tern_str *decoded);

typedef enum media_charset { MEDIA_UTF_8, MEDIA_LATIN_1, MEDIA_OTHER_CHARSET } media_charset;

/** The charset that a Content-Type gives: MEDIA_UTF_8 for UTF-8 and its part US-ASCII, and without one;
 * MEDIA_OTHER_CHARSET also where its parameters are malformed. */
media_charset media_charset_of(tern_str content_type);
/** Writes a byte of ISO-8859-1 as UTF-8, one or two bytes; returns the end. */
char *media_put_latin_1(char *out, unsigned char byte);

#endif
