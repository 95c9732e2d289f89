/** A growable run of bytes on the heap, with a limit. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

typedef struct buf {
    char *data; /* NULL while cap is 0; always a NUL after len bytes otherwise */
    size_t len, cap;
    bool failed;  /* an append failed (memory or limit): len stays as it was, later appends do nothing */
    size_t limit; /* most bytes it may hold; 0: none. With lent storage (data, cap) and limit < cap it never
                     grows */
} buf;

void buf_free(buf *b);
/** Makes room for `more` bytes after len and a NUL; false (and failed) without memory. */
bool buf_reserve(buf *b, size_t more);
bool buf_add(buf *b, const void *data, size_t len);
bool buf_add_text(buf *b, const char *text);
bool buf_add_printf(buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Appends `text` as the content of a JSON string (RFC 8259 section 7): quotes, backslash and control bytes
 * escaped, bytes that are not UTF-8 replaced by U+FFFD, U+2028/2029 and DEL escaped so that one log event
 * stays one line. */
bool buf_add_json(buf *b, const char *text, size_t len);

#endif
