/** What a client would like to read. */
#include "unit/app/fake.h"

#include <tern/accept.h>

#include <stdio.h>

static fake f;

static const char *accept_with(const char *header, tern_accept_kind kind, const char *const *offers)
{
    char head[512];
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", header);
    fake_open(&f, head);
    const char *found = tern_accepts_of(&f.c, kind, offers);
    return found != NULL ? found : "none";
}

TEST(the_type_with_the_greatest_weight_is_chosen_and_the_first_of_equals)
{
    static const char *const offers[] = {"application/json", "text/html", "text/csv", NULL};
    static const struct {
        const char *header, *wanted;
    } rows[] = {
        {"", "application/json"},
        {"Accept: */*\r\n", "application/json"},
        {"Accept: text/html\r\n", "text/html"},
        {"Accept: TEXT/HTML\r\n", "text/html"},
        {"Accept: text/*\r\n", "text/html"},
        {"Accept: text/*, text/html;q=0\r\n", "text/csv"},
        {"Accept: text/csv;q=0.8, */*;q=0.1\r\n", "text/csv"},
        {"Accept: text/html, application/json;q=0.9\r\n", "text/html"},
        {"Accept: application/json;q=0.9\r\nAccept: text/csv\r\n", "text/csv"},
        {"Accept: image/png\r\n", "none"},
        {"Accept: application/json;q=0\r\n", "none"},
        {"Accept: application/json; charset=utf-8\r\n", "application/json"},
        {"Accept: application/json;profile=x\r\n", "none"},
        {"Accept: text/html;q=wrong, text/csv;q=0.001\r\n", "text/csv"},
        {"Accept: text/html;q=2, text/csv;q=0.001\r\n", "text/csv"},
        {"Accept: text/html;q=05, text/csv;q=0.001\r\n", "text/csv"},
        {"Accept: text/html;q=0.5x, text/csv;q=0.001\r\n", "text/csv"},
        {"Accept: text/html;q=, text/csv;q=0.001\r\n", "text/csv"},
        {"Accept: text/html;q=0.66666666, text/csv;q=0.665\r\n", "text/html"},
        {"Accept: ,,;q=1, text/csv\r\n", "text/csv"},
        {"Accept: text/html ; q=0.2 , text/csv ; q=0.3\r\n", "text/csv"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_TEXT(accept_with(rows[i].header, TERN_ACCEPT_TYPES, offers), rows[i].wanted);
        fake_close(&f);
    }
}

TEST(a_type_with_parameters_is_chosen_by_them)
{
    static const char *const offers[] = {"application/json;profile=a", "application/json;profile=b", NULL};
    CHECK_TEXT(accept_with("Accept: application/json;profile=b\r\n", TERN_ACCEPT_TYPES, offers), offers[1]);
    fake_close(&f);
    CHECK_TEXT(accept_with("Accept: application/json;profile=b;q=0.1, application/json\r\n",
                           TERN_ACCEPT_TYPES, offers),
               offers[0]);
    fake_close(&f);
}

TEST(languages_match_by_their_first_parts)
{
    static const char *const offers[] = {"en", "de-AT", "fr", NULL};
    static const struct {
        const char *header, *wanted;
    } rows[] = {
        {"", "en"},
        {"Accept-Language: de\r\n", "de-AT"},
        {"Accept-Language: fr-CA, de;q=0.5\r\n", "fr"},
        {"Accept-Language: en-GB,en;q=0.9,fr;q=0.95\r\n", "fr"},
        {"Accept-Language: es, *;q=0.1\r\n", "en"},
        {"Accept-Language: es\r\n", "none"},
        {"Accept-Language: d\r\n", "none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_TEXT(accept_with(rows[i].header, TERN_ACCEPT_LANGUAGES, offers), rows[i].wanted);
        fake_close(&f);
    }
}

TEST(charsets_are_chosen_too)
{
    static const char *const offers[] = {"utf-8", "iso-8859-1", NULL};
    CHECK_TEXT(accept_with("Accept-Charset: iso-8859-1, utf-8;q=0.7\r\n", TERN_ACCEPT_CHARSETS, offers),
               "iso-8859-1");
    fake_close(&f);
}

TEST(a_header_is_in_vary_once)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    tern_vary(&f.c, "Accept");
    tern_vary(&f.c, "accept");
    tern_vary(&f.c, "Origin");
    CHECK_TEXT(tern_reply_header(&f.c, "Vary"), "Accept, Origin");
    fake_close(&f);
}

static tern_reply as_json(tern_ctx *c)
{
    return tern_json_text(c, "{}");
}

static tern_reply as_table(tern_ctx *c)
{
    return tern_bytes_reply(c, "text/csv", "a,b", 3);
}

static tern_reply answer(tern_ctx *c)
{
    return tern_format(c, {"application/json", as_json}, {"text/csv", as_table});
}

TEST(a_handler_with_several_forms_makes_the_one_that_the_client_wants)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\nAccept: text/csv\r\n\r\n");
    fake_run(&f, NULL, answer);
    CHECK_REPLY(&f, 200, "a,b");
    CHECK_TEXT(tern_reply_header(&f.c, "Vary"), "Accept");
    fake_close(&f);
}

TEST(a_client_that_takes_none_of_the_forms_gets_a_406_with_their_types)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\nAccept: image/png\r\n\r\n");
    fake_run(&f, NULL, answer);
    CHECK_REPLY(
        &f, 406,
        "{\"type\":\"about:blank\",\"title\":\"Not Acceptable\",\"status\":406,\"detail\":\"Accept names none of "
        "the types that there are: application/json, text/csv\"}");
    fake_close(&f);
}
