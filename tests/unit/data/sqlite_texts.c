/* SQLite's fixed forms. */
#include "data/sqlite/internal.h"

#include "check.h"

#include "schema/scalar.h"

#include <string.h>

static const char moment[] = "2026-11-24T17:30:01.250098Z";

TEST(an_instant_as_sqlite_stores_it_is_read)
{
    tern_datetime out;
    CHECK(sqlite_read_datetime(moment, strlen(moment), &out));
    CHECK_INT(out.microseconds, 1795541401250098);
    CHECK(sqlite_read_datetime("0000-01-01T00:00:00.000000Z", strlen(moment), &out));
    CHECK_INT(out.microseconds, -62167219200000000);
    CHECK(sqlite_read_datetime("9999-12-31T23:59:59.999999Z", strlen(moment), &out));
    CHECK_INT(out.microseconds, 253402300799999999);
}

TEST(an_instant_is_read_like_any_other_text_or_left_to_the_general_reader)
{
    unsigned taken = 0;
    for (size_t at = 0; at < strlen(moment); at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[sizeof moment];
            tern_datetime quick, thorough;
            memcpy(text, moment, sizeof moment);
            text[at] = (char)byte;
            if (!sqlite_read_datetime(text, strlen(moment), &quick))
                continue;
            CHECK(datetime_read(text, strlen(moment), &thorough));
            CHECK_INT(quick.microseconds, thorough.microseconds);
            taken++;
        }
    }
    /* 7 bytes that are not digits; of digits: year 40, month 2 + 3, day 3 + 10, hour 2 + 10, minute and
     * second 6 + 10 each, fraction 60 */
    CHECK_INT(taken, 169);
}

TEST(an_instant_of_another_form_is_not_read)
{
    tern_datetime out;
    CHECK(!sqlite_read_datetime("2026-11-24T17:30:01.25009Z", 26, &out));
    CHECK(!sqlite_read_datetime("2026-11-24T17:30:01.2500980Z", 28, &out));
    CHECK(!sqlite_read_datetime("2026-02-29T17:30:01.250098Z", 27, &out));
    CHECK(!sqlite_read_datetime("2026-11-24T17:30:60.250098Z", 27, &out));
    CHECK(!sqlite_read_datetime("2026-11-24T24:00:00.000000Z", 27, &out));
}
