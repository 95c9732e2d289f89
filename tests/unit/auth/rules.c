/** Which passwords are easy to guess. */
#include "auth/password/rules.h"
#include "check.h"

#include <stdio.h>

TEST(what_guessers_try_first_is_common)
{
    static const char *const passwords[] = {
        "password",         "Password1",   "P@ssw0rd",     "p4ssw0rd!",     "passw0rd123",
        "letmein!!",        "iloveyou",    "ILoveYou2",    "qwertyuiop",    "qwerty123",
        "1q2w3e4r5t",       "qazwsxedc",   "zxcvbnm1",     "asdfghjkl;",    "12345678",
        "123456789012",     "87654321",    "19841984",     "24.12.1987",    "1987-12-24",
        "01234567890",      "aaaaaaaa",    "abababab",     "abcabcabc",     "testtest",
        "abcdefgh",         "abcdefghijk", "Summer2024!",  "december25",    "dragon1234",
        "monkey!!!",        "trustno1",    "welcome1",     "Liverpool#1",   "starwars77",
        "sunshine",         "princess12",  "footba11",     "adm1n1strator", "changeme",
        "secret123",        "loveme123",   "qwertz123",    "!@#$%^&*",      "superman99",
        "michael1985",      "blackcat",    "hello123",     "google123",     "microsoft",
        "passwordpassword", "zaq12wsx",    "1qaz2wsx3edc", "yankees1",      "11111111111111111111111",
    };
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++)
        if (!rules_is_common(passwords[i]))
            check_fail(__FILE__, __LINE__, "\"%s\" is taken for a good password", passwords[i]);
}

TEST(what_is_hard_to_guess_is_not_common)
{
    static const char *const passwords[] = {
        "correct horse battery staple",
        "jV4#pLq9",
        "kw8rT2vbnQ",
        "Tr0ub4dor&3",
        "tomatensuppe-mit-reis",
        "e7f3a9c1d05b",
        "9048213758204617",
        "плотникПавел",
        "mein hund frisst socken",
        "xK!9vQ2m",
        "gurkensalat77",
        "zwölf boxkämpfer",
        "lavender-hill-mob",
        "kaffee um halb drei",
        "sfoZ3Ebr",
        "ttuo8-kkdm",
        "sunshine over the valley",
        "8 purple elephants danced",
    };
    for (size_t i = 0; i < sizeof passwords / sizeof *passwords; i++)
        if (rules_is_common(passwords[i]))
            check_fail(__FILE__, __LINE__, "\"%s\" is taken for a common password", passwords[i]);
}

TEST(a_password_made_of_the_user_s_own_texts_is_similar)
{
    static const char *const pairs[][2] = {
        {"ann.lee@example.org", "ann.lee@example.org"},
        {"annlee1234", "Ann Lee"},
        {"Hammersmith1", "hammersmith"},
        {"h4mm3rsm1th", "Hammersmith"},
        {"htimsremmah", "Hammersmith"},
        {"hammersmit!", "Hammersmith"},
        {"johnathan99", "john.jonathan@example.org"},
        {"Example.org1", "ann@example.org"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!rules_is_similar(pairs[i][0], pairs[i][1]))
            check_fail(__FILE__, __LINE__, "\"%s\" is not similar to \"%s\"", pairs[i][0], pairs[i][1]);
}

TEST(a_password_that_only_has_a_short_name_inside_is_not_similar)
{
    static const char *const pairs[][2] = {
        {"kw8rT2vbnQ", "Ann Lee"},
        {"annual rainfall chart", "Ann Lee"},
        {"lavender-hill-mob", "hill@x.org"},
        {"correct horse battery", "horse"},
        {"jV4#pLq9", ""},
        {"jV4#pLq9", "q"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (rules_is_similar(pairs[i][0], pairs[i][1]))
            check_fail(__FILE__, __LINE__, "\"%s\" is similar to \"%s\"", pairs[i][0], pairs[i][1]);
}
