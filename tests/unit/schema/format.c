/* The named formats: what each accepts and refuses. */
#include "check.h"

#include "schema/validate.h"

typedef struct format_case {
    const char *format;
    bool is_valid;
    const char *text;
} format_case;

static const format_case cases[] = {
    {"email", true, "ada@example.org"},
    {"email", true, "a.b+c_d@sub.example.org"},
    {"email", false, "ada"},
    {"email", false, "@example.org"},
    {"email", false, "ada@"},
    {"email", false, "ada@localhost"},
    {"email", false, ".ada@example.org"},
    {"email", false, "a..b@example.org"},
    {"email", false, "ada.@example.org"},
    {"email", false, "a b@example.org"},
    {"email", false, "ada@exa mple.org"},
    {"email", false, "ada@-example.org"},
    {"email", false, "ada@example.org\r\nBcc: x@y.org"},
    {"hostname", true, "example.org"},
    {"hostname", true, "a"},
    {"hostname", true, "x-1.example"},
    {"hostname", false, ""},
    {"hostname", false, "a..b"},
    {"hostname", false, "-a"},
    {"hostname", false, "a-"},
    {"hostname", false, "a-.b"},
    {"hostname", false, "a_b"},
    {"hostname", false, "example.org."},
    {"uri", true, "https://example.org/a?b=c#d"},
    {"uri", true, "mailto:ada@example.org"},
    {"uri", true, "urn:isbn:0451450523"},
    {"uri", false, "example.org"},
    {"uri", false, "https://exa mple.org"},
    {"uri", false, "http:"},
    {"uri", false, "1http://x"},
    {"uri", false, "http://x/%zz"},
    {"uri", false, "http://x/%4"},
    {"ipv4", true, "192.0.2.1"},
    {"ipv4", false, "192.0.2"},
    {"ipv4", false, "192.0.2.256"},
    {"ipv4", false, "::1"},
    {"ipv6", true, "2001:db8::1"},
    {"ipv6", false, "2001:db8:::1"},
    {"ipv6", false, "192.0.2.1"},
    {"uuid", true, "123e4567-e89b-12d3-a456-426614174000"},
    {"uuid", false, "123"},
    {"date", true, "2026-11-23"},
    {"date", false, "2026-11-32"},
    {"time", true, "10:00:00"},
    {"date-time", true, "2026-11-23T10:00:00Z"},
    {"date-time", false, "2026-11-23 10:00"},
    {"duration", true, "PT5M"},
    {"duration", false, "5 minutes"},
};

TEST(formats_accept_and_refuse)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const text_format *format = format_of(cases[i].format);
        CHECK(format != NULL);
        if (format->is_valid(cases[i].text, strlen(cases[i].text)) != cases[i].is_valid)
            check_fail(__FILE__, __LINE__, "%s: \"%s\"", cases[i].format, cases[i].text);
    }
}

TEST(an_unknown_format_is_not_found)
{
    CHECK(format_of("e-mail") == NULL);
}

TEST(threat_062_a_format_takes_time_linear_in_its_text)
{
    static char text[100000];
    memset(text, 'a', sizeof text);
    text[50] = '@';
    CHECK(!format_of("email")->is_valid(text, sizeof text));
    CHECK(!format_of("hostname")->is_valid(text, sizeof text));
    CHECK(!format_of("ipv6")->is_valid(text, sizeof text));
}
