/** Checks texts that go into and come out of a database: UTF-8 without a NUL inside, in both engines. */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Whether the bytes are a valid text. */
bool data_text_is_sound(const char *text, size_t len);
/** Copies the text to `to` (len + 1 bytes) with a NUL after it, and returns whether it is valid. */
bool data_text_copy(char *to, const char *text, size_t len) __attribute__((nonnull(1)));
/** Whether JSON of correct grammar can be stored: it has no escaped U+0000 (which a database's text cannot
 * contain) and no half of a surrogate pair. */
bool data_json_is_sound(const char *json, size_t len);

#endif
