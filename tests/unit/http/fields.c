/** What a header of a reply may contain. */
#include "http/exchange.h"

#include "check.h"

#include <string.h>

TEST(a_control_character_is_refused_wherever_it_is)
{
    char value[40];
    for (size_t len = 1; len <= sizeof value; len++)
        for (size_t at = 0; at < len; at++)
            for (int byte = 0; byte < 256; byte++) {
                memset(value, at % 2 != 0 ? '\t' : 'v', len);
                value[at] = (char)byte;
                bool is_allowed = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
                CHECK_INT(http_field_is_valid("X", 1, value, len), is_allowed);
            }
}

TEST(a_name_has_the_bytes_of_a_token_only)
{
    for (int byte = 0; byte < 256; byte++) {
        const char name[] = {'X', (char)byte, 'X'};
        bool is_alnum =
            (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_token = is_alnum || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
        CHECK_INT(http_field_is_valid(name, 3, "", 0), is_token);
    }
    CHECK(!http_field_is_valid("", 0, "", 0));
}
