/** HTTP-dates, as they are written and in the forms that are read. */
#include "check.h"

#include "http/date.h"

enum { NOON = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

TEST(dates_are_read_in_their_three_forms)
{
    static const char *const same[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994", "Sun Nov 06 08:49:37 1994"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        int64_t at = 0;
        CHECK(http_date_read((tern_str){same[i], strlen(same[i])}, NOON, &at));
        CHECK_INT(at, NOON);
    }
}

TEST(a_written_date_can_be_read)
{
    static const int64_t times[] = {0, 1, NOON, 951782400, 4102444799, 253402300799, -62135596800};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[HTTP_DATE_LEN];
        int64_t at = 1;
        http_date_write(text, times[i]);
        CHECK(http_date_read((tern_str){text, sizeof text}, NOON, &at));
        CHECK_INT(at, times[i]);
    }
}

TEST(a_year_of_two_digits_is_at_most_50_years_ahead)
{
    static const struct {
        const char *text;
        int64_t at;
    } cases[] = {
        {"Wednesday, 01-Jan-20 00:00:00 GMT", 1577836800}, /* 2020 */
        {"Saturday, 01-Jan-44 00:00:00 GMT", 2335219200},  /* 2044 */
        {"Monday, 01-Jan-45 00:00:00 GMT", -788918400},    /* 1945 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t at = 0;
        CHECK(http_date_read((tern_str){cases[i].text, strlen(cases[i].text)}, NOON, &at));
        CHECK_INT(at, cases[i].at);
    }
}

TEST(an_invalid_date_is_refused)
{
    static const char *const wrong[] = {
        "",
        "0",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 NOV 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:-7 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t at = 0;
        CHECK(!http_date_read((tern_str){wrong[i], strlen(wrong[i])}, NOON, &at));
    }
}
