/** Texts on their way into and out of a database: UTF-8 without a NUL inside, in both engines. */
#ifndef DATA_TEXT_H
#define DATA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Whether it can be a text. */
bool data_text_is_sound(const char *text, size_t len);
/** Copies it to `to`, len + 1 bytes, with a NUL behind, and tells the same in one go. */
bool data_text_copy(char *to, const char *text, size_t len) __attribute__((nonnull(1)));
/** Whether JSON of correct grammar can be stored: no U+0000 (which no text of a database holds) and no half
 * of a surrogate pair is escaped in it. */
bool data_json_is_sound(const char *json, size_t len);

#endif
