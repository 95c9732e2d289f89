#include "schema/pattern/pattern.h"

#include "check.h"

#include <stdlib.h>
#include <time.h>

/** Whether `pattern` is found in `text`; -1 when it gave up. */
static int found(const char *pattern, const char *text, size_t len)
{
    char why[128];
    void *code = pattern_compile(pattern, why, sizeof why);
    if (code == NULL && strstr(why, "without PCRE2") != NULL)
        check_skip("built without PCRE2");
    CHECK(code != NULL);
    bool gave_up = false;
    bool is_found = pattern_matches(code, text, len, &gave_up);
    CHECK(!(is_found && gave_up));
    pattern_free(code);
    pattern_forget();
    return gave_up ? -1 : is_found;
}

static char *repeated(char byte, size_t len, const char *end)
{
    char *text = malloc(len + strlen(end) + 1);
    memset(text, byte, len);
    memcpy(text + len, end, strlen(end) + 1);
    return text;
}

static double processor_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

TEST(pattern_is_searched_for_unless_anchored)
{
    CHECK_INT(found("b+", "abba", 4), 1);
    CHECK_INT(found("^b+", "abba", 4), 0);
    CHECK_INT(found("^$", "", 0), 1);
}

TEST(pattern_matches_characters_not_bytes)
{
    CHECK_INT(found("^.$", "\xc3\xa9", 2), 1);
    CHECK_INT(found("^\\u00e9$", "\xc3\xa9", 2), 1);
}

TEST(pattern_end_matches_only_the_very_end)
{
    CHECK_INT(found("^[a-z]+$", "abc\n", 4), 0);
}

TEST(pattern_never_matches_text_that_is_not_utf8)
{
    CHECK_INT(found(".*", "\xff", 1), 0);
}

TEST(pattern_refuses_single_bytes)
{
    char why[128];
    CHECK(pattern_compile("\\C", why, sizeof why) == NULL);
}

TEST(pattern_finds_a_match_far_inside_a_long_text)
{
    char *text = repeated('a', 3000000, "xyz");
    CHECK_INT(found("x(?=yz)", text, 3000003), 1);
    CHECK_INT(found("(?<=aax)y", text, 3000003), 1);
    CHECK_INT(found("xyy", text, 3000003), 0);
    CHECK_INT(found("^b", text, 3000003), 0);
    CHECK_INT(found("^a+xyz$", text, 3000003), 1);
    free(text);
}

TEST(pattern_linear_in_a_long_text_is_not_given_up)
{
    char *text = repeated('a', 10000, "");
    CHECK_INT(found("^(?:a|b)*$", text, 10000), 1);
    CHECK_INT(found("^(a|b)*$", text, 10000), 1);
    CHECK_INT(found("(*NO_JIT)^(a|b)*$", text, 10000), 1);
    free(text);
}

TEST(threat_062_exponential_pattern_is_given_up)
{
    static const char *const patterns[] = {
        "^(a+)+$",     "^(a|aa)+$",        "^(a|a?)+$",          "(.*a){12}$",
        "^([a-z]+)*$", "(*NO_JIT)^(a+)+$", "(*NO_JIT)^(a|a?)+$", "(*NO_JIT)(.*a){12}$"};
    char *text = repeated('a', 5000, "!");
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        double began = processor_seconds();
        CHECK(found(patterns[i], text, 5001) != 1);
        CHECK(processor_seconds() - began < 1);
    }
    free(text);
}

TEST(threat_062_quadratic_search_of_a_long_text_is_given_up)
{
    char *text = repeated('a', 1000000, "!");
    double began = processor_seconds();
    CHECK_INT(found("aa+[bc]", text, 1000001), -1);
    CHECK_INT(found("(*NO_JIT)aa+[bc]", text, 1000001), -1);
    CHECK(processor_seconds() - began < 1);
    free(text);
}

TEST(pattern_is_portable_when_ecmascript_reads_it_the_same)
{
    static const char *const portable[] = {"^[a-z]+$",
                                           "^\\d{2,4}(-\\d+)?$",
                                           "(?:a|b)(?=c)(?!d)(?<=e)(?<name>f)",
                                           "[^\\]a-]",
                                           "\\+\\++",
                                           "a*?b+?",
                                           "\\u00e9",
                                           "a\\.b",
                                           "\\x41",
                                           ""};
    static const char *const others[] = {
        "(?i)a", "\\Aa\\z", "[[:alpha:]]", "a++",     "a*+",    "a{2}+", "(?>a)",  "(?P<n>a)", "(*UTF)a",
        "\\h",   "\\R",     "\\Qa.b\\E",   "\\x{e9}", "(?#x)a", "[]a]",  "\\p{L}", "(?|a|b)"};
    for (size_t i = 0; i < sizeof portable / sizeof *portable; i++)
        if (!pattern_is_portable(portable[i]))
            check_fail(__FILE__, __LINE__, "%s", portable[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (pattern_is_portable(others[i]))
            check_fail(__FILE__, __LINE__, "%s", others[i]);
}
