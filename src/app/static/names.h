/** What the names of served files say. */
#ifndef APP_STATIC_NAMES_H
#define APP_STATIC_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/** Whether `path` (relative, decoded) can name something to serve: not absolute, no empty segment but at the end, and
 * no segment that begins with a '.', unless `dot_files`. The first may be ".well-known" (RFC 8615) in any case. */
bool static_name_is_served(const char *path, bool dot_files);

/**
 * Whether the name contains a hash of the content, as bundlers write it, so that another content has another name:
 * the last part before the suffix, after a '.' or '-', is
 *
 * - 8 to 64 hex digits, letters as well as digits ("app.3f2a9c1b.js"), or
 * - if `is_built`, as in the output of a bundler, 8 characters of base64url with capitals, and a letter after a digit
 *   ("index-BkX3a9Qz.js").
 *
 * Dates, numbers and words are not hashes. ".map" after the suffix, and ".chunk" before it, are passed over.
 */
bool static_name_is_hashed(const char *path, bool is_built);

/**
 * Whether the character at `at`, of `len` bytes of valid UTF-8, makes a name look like another, or like more than a name:
 * control characters, slashes, and those that change the direction of the text after them, by which
 * "annexe<U+202E>gpj.exe" looks like "annexeexe.jpg".
 */
bool name_is_misleading(const char *at, size_t len);

#endif
