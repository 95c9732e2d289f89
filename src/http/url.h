/** Percent-decoding of paths and queries, once and safely (RFC 3986), and encoding. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>

/**
 * Decodes a request's path into `out` (room for path.len + 1 bytes) with a NUL after it.
 *
 * @return length, or -1 (a 400) when the path has: a lone '%' or bad digits; an encoded or raw NUL, control
 * byte,
 *         '\' or an encoded '/'; a "." or ".." segment, encoded or not; bytes that decode to invalid UTF-8.
 *
 * Decoding happens once: "%252e" becomes "%2e" and stays so. Empty segments ("//") are kept.
 */
long url_decode_path(tern_str path, char *out);

/** What an encoded '/' becomes in a path that url_decode_path_marked decodes: no other byte becomes it. */
#define URL_SLASH_MARK '\x1f'

/** The same, but an encoded '/' becomes URL_SLASH_MARK, and `*has_marks` says whether there is one. For "."
 * and ".." it separates segments: "a%2F.." is refused. */
long url_decode_path_marked(tern_str path, char *out, bool *has_marks);

/** Decodes one form-urlencoded component ('+' is a space) into `out` (room for len + 1); length, or -1 for a
 * bad escape, NUL, or invalid UTF-8. */
long url_decode_component(tern_str text, char *out);

/** Percent-encodes all but unreserved bytes into `out` (room for 3 * len + 1); '/' stays when keep_slash.
 * Length. */
size_t url_encode(tern_str text, bool keep_slash, char *out);

/** Walks `name=value` pairs between '&'. `*rest` starts as the whole query and is advanced; false at the end.
 * Empty pairs are skipped; a pair without '=' has an empty value with data NULL. Nothing is decoded. */
bool query_next(tern_str *rest, tern_str *name, tern_str *value);

/**
 * Finds the `nth` (from 0) pair whose decoded name is `name`. True with `*value` (raw, to be decoded by the
 * caller). Linear in the query's length: no table, so no collisions to attack.
 */
bool query_find(tern_str query, const char *name, unsigned nth, tern_str *value);

#endif
