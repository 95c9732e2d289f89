/* Texts that go into and come out of a database. */
#include "data/text.h"

#include "check.h"

#include <string.h>

enum { LONGEST = 70 };

static bool both(char *text, size_t len)
{
    char copy[LONGEST + 2];
    memset(copy, '#', sizeof copy);
    bool is_sound = data_text_copy(copy, text, len);
    CHECK_INT(data_text_is_sound(text, len), is_sound);
    CHECK(memcmp(copy, text, len) == 0);
    CHECK_INT(copy[len], '\0');
    CHECK_INT(copy[len + 1], '#');
    return is_sound;
}

TEST(a_text_of_any_length_is_copied_whole_and_ends_in_a_nul)
{
    char text[LONGEST];
    for (int i = 0; i < LONGEST; i++)
        text[i] = (char)('!' + i);
    for (size_t len = 0; len <= LONGEST; len++)
        CHECK(both(text, len));
}

TEST(an_invalid_byte_is_found_at_any_position)
{
    static const char bad[] = {'\0', '\x80', '\xff', '\xc3'};
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t at = 0; at < len; at++) {
            for (size_t i = 0; i < sizeof bad; i++) {
                char text[LONGEST];
                memset(text, 'a', sizeof text);
                text[at] = bad[i];
                CHECK(!both(text, len));
            }
        }
    }
}

TEST(characters_outside_ascii_are_valid_at_any_position)
{
    for (size_t len = 2; len <= LONGEST; len++) {
        for (size_t at = 0; at + 2 <= len; at++) {
            char text[LONGEST];
            memset(text, '\x7f', sizeof text);
            memcpy(text + at, "\xc3\xa9", 2);
            CHECK(both(text, len));
        }
    }
}
