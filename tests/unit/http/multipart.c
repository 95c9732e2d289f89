/** multipart/form-data: what is accepted and what is refused, for every split into pieces. */
#include "check.h"

#include "http/media.h"
#include "http/multipart.h"

#include <stdio.h>
#include <stdlib.h>

static char seen[64 * 1024];

static void note(const char *mark, tern_str text)
{
    size_t at = strlen(seen);
    snprintf(seen + at, sizeof seen - at, "%s%.*s", mark, (int)text.len, text.data != NULL ? text.data : "");
}

/** Reads `body` in pieces of `step` bytes and records the events, one letter each. */
static const char *read_in(const char *body, size_t len, size_t step)
{
    static multipart m;
    seen[0] = '\0';
    CHECK(multipart_open(&m, TERN_STR("multipart/form-data; boundary=B")) == NULL);
    bool in_data = false;
    for (size_t at = 0; at < len; at += step) {
        char copy[1024]; /* of exactly this size, so that reads past it are detected */
        size_t n = len - at < step ? len - at : step;
        CHECK(n <= sizeof copy);
        char *exact = malloc(n);
        CHECK(exact != NULL);
        memcpy(exact, body + at, n);
        tern_str input = {exact, n}, piece;
        multipart_event event;
        while ((event = multipart_next(&m, &input, &piece)) != MULTIPART_MORE) {
            if (event == MULTIPART_DATA && !in_data)
                note("=", TERN_STR(""));
            in_data = event == MULTIPART_DATA;
            if (event == MULTIPART_ERROR) {
                free(exact);
                return m.reason;
            }
            if (event == MULTIPART_PART) {
                note("[", m.part.name);
                if (m.part.filename.data != NULL)
                    note("|", m.part.filename);
                if (m.part.type.data != NULL)
                    note("|", m.part.type);
            } else if (event == MULTIPART_DATA) {
                note("", piece);
            } else {
                note("]", TERN_STR(""));
            }
        }
        free(exact);
    }
    return multipart_is_whole(&m) ? NULL : "no end";
}

#define PART(headers, content) "--B\r\n" headers "\r\n\r\n" content "\r\n"
#define NAMED(name)            "Content-Disposition: form-data; name=\"" name "\""
#define END                    "--B--\r\n"

TEST(parts_have_name_file_name_type_and_content)
{
    static const char body[] = PART(NAMED("title"), "Buy milk")
        PART(NAMED("f") "; filename=\"a b.txt\"\r\nContent-Type: text/plain", "x\r\ny") END;
    for (size_t step = 1; step < sizeof body; step++) {
        CHECK(read_in(body, sizeof body - 1, step) == NULL);
        CHECK_TEXT(seen, "[title=Buy milk][f|a b.txt|text/plain=x\r\ny]");
    }
}

TEST(a_near_boundary_is_content)
{
    static const char content[] = "\r\n--\r\n-\r\n\r\r\n--C\r\n--b\r--B\n--B\r\n-";
    char body[512];
    int len = snprintf(body, sizeof body, PART(NAMED("a"), "%s") END, content);
    for (size_t step = 1; step <= (size_t)len; step++) {
        CHECK(read_in(body, (size_t)len, step) == NULL);
        char want[256];
        snprintf(want, sizeof want, "[a=%s]", content);
        CHECK_TEXT(seen, want);
    }
}

TEST(content_may_be_empty_and_parts_may_be_missing)
{
    CHECK(read_in(PART(NAMED("a"), "") END, strlen(PART(NAMED("a"), "") END), 7) == NULL);
    CHECK_TEXT(seen, "[a]");
    CHECK(read_in("--B--", 5, 5) == NULL);
    CHECK_TEXT(seen, "");
    CHECK(read_in("\r\n--B--\r\n", 9, 1) == NULL);
}

/** Reads `body` in pieces of each size, and split in two at each byte: the events must be the same. */
static void check_at_every_cut(const char *body, size_t len, const char *want)
{
    for (size_t step = 1; step <= len; step++) {
        CHECK_TEXT(read_in(body, len, step), NULL);
        CHECK_TEXT(seen, want);
    }
}

TEST(threat_129_an_empty_part_ends_at_the_next_boundary)
{
    static const struct {
        const char *body, *seen;
    } cases[] = {
        {"--B\r\n" NAMED("a") "\r\n\r\n" PART(NAMED("b"), "secret") END, "[a][b=secret]"},
        {"--B\r\n" NAMED("a") "\r\n\r\n" END, "[a]"},
        {"--B\r\n" NAMED("a") "\r\n\r\n--B--", "[a]"},
        {"--B\r\n" NAMED("a") "\r\n\r\n--B \t\r\n" NAMED("b") "\r\n\r\n--B--", "[a][b]"},
        {PART(NAMED("a"), "--C") END, "[a=--C]"},
        {PART(NAMED("a"), "--") END, "[a=--]"},
        {PART(NAMED("a"), "-") END, "[a=-]"},
        {PART(NAMED("a"), "B") END, "[a=B]"},
        {PART(NAMED("a"), "\r\n--") END, "[a=\r\n--]"},
        {PART(NAMED("a"), "\r\n") END, "[a=\r\n]"},
        {PART(NAMED("a"), "\n--B") END, "[a=\n--B]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_at_every_cut(cases[i].body, strlen(cases[i].body), cases[i].seen);
}

TEST(threat_129_preamble_and_epilogue_are_ignored)
{
    static const struct {
        const char *body, *seen;
    } cases[] = {
        {"hello\r\n" PART(NAMED("a"), "x") END, "[a=x]"},
        {"\r\n\r\nhello\r\n\r\n--\r\n--C\r\n" PART(NAMED("a"), "x") END, "[a=x]"},
        {"\r\n" PART(NAMED("a"), "x") END, "[a=x]"},
        {"-\r\n" PART(NAMED("a"), "x") END, "[a=x]"},
        {"no line --B\r\n" PART(NAMED("a"), "x") END, "[a=x]"},
        {"a line feed\n--C\r\n\n\r\r\n" PART(NAMED("a"), "x") END, "[a=x]"},
        {"\r"
         "\r\n" PART(NAMED("a"), "x") END,
         "[a=x]"},
        {"\n\r\n--\r\n-\r\n" PART(NAMED("a"), "\n--B\r\n") END, "[a=\n--B\r\n]"},
        {PART(NAMED("a"), "x") END "bye", "[a=x]"},
        {PART(NAMED("a"), "x") END "\r\n\r\n", "[a=x]"},
        {PART(NAMED("a"), "x") END PART(NAMED("b"), "y") END, "[a=x]"},
        {PART(NAMED("a"), "x") "--B--", "[a=x]"},
        {PART(NAMED("a"), "x") "--B--  ", "[a=x]"},
        {PART(NAMED("a"), "x") "--B-- \t\r\nbye\r\n", "[a=x]"},
        {"--B \t \r\n" NAMED("a") "\r\n\r\nx\r\n--B--", "[a=x]"},
        {"preamble\r\n--B--\r\n", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_at_every_cut(cases[i].body, strlen(cases[i].body), cases[i].seen);
}

TEST(threat_129_a_name_with_a_star_is_decoded_and_wins)
{
    static const struct {
        const char *parameters, *seen, *reason;
    } cases[] = {
        {"name=file; filename=a.txt; filename*=utf-8''a.txt", "[file|a.txt=x]", NULL},
        {"name=file; filename*=UTF-8'en'%c3%A9%20b.txt; filename=\"=?utf-8?B?w6kudHh0?=\"",
         "[file|\xc3\xa9 b.txt=x]", NULL},
        {"name=file; filename*=utf-8''%C3%A9.txt", "[file|\xc3\xa9.txt=x]", NULL},
        {"name=file; filename*=\"utf-8''a%20b\"", "[file|a b=x]", NULL},
        {"name=file; filename*=ISO-8859-1''%E9%ff.txt", "[file|\xc3\xa9\xc3\xbf.txt=x]", NULL},
        {"name*=utf-8''%C3%A9; filename=\"\"", "[\xc3\xa9|=x]", NULL},
        {"name=file; filename=\"a\"; filename*=koi8-r''%C1", "[file|a=x]", NULL},
        {"name=file; filename=\"a\"; filename*=utf-8''%C3", "[file|a=x]", NULL},
        {"name=file; filename=\"a\"; filename*=b.txt", "[file|a=x]", NULL},
        {"name=file; filename*=utf-8''", "[file|=x]", NULL},
        {"name=file; filename*=utf-8''%2e%2E%2fx", "[file|../x=x]", NULL},
        {"name=file; filename*=koi8-r''%C1", "", "a name* or filename* is not like UTF-8''a%20b.txt"},
        {"name=file; filename*=utf-8''%C3", "", "a name* or filename* is not like UTF-8''a%20b.txt"},
        {"name=file; filename*=utf-8''%zz", "", "a name* or filename* is not like UTF-8''a%20b.txt"},
        {"name=file; filename*=utf-8''a%2", "", "a name* or filename* is not like UTF-8''a%20b.txt"},
        {"name=file; filename*=utf-8'a", "", "a name* or filename* is not like UTF-8''a%20b.txt"},
        {"name=file; filename*=\"utf-8''a b\"", "", "a name* or filename* is not like UTF-8''a%20b.txt"},
        {"name*=b", "", "a name* or filename* is not like UTF-8''a%20b.txt"},
        {"name=file; filename*=utf-8''%00", "", "a name is not UTF-8, or has control characters"},
        {"name=file; filename*=utf-8''%0d%0a", "", "a name is not UTF-8, or has control characters"},
        {"name=file; filename*=utf-8''a; filename*=utf-8''b", "", "a part has two names"},
        {"name=file; filename*0=a; filename*1=b", "", "a part has a name in pieces (filename*0)"},
        {"name*0*=utf-8''a", "", "a part has a name in pieces (filename*0)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        int len = snprintf(body, sizeof body, PART("Content-Disposition: form-data; %s", "x") END,
                           cases[i].parameters);
        CHECK_TEXT(read_in(body, (size_t)len, 64), cases[i].reason);
        if (cases[i].reason == NULL)
            check_at_every_cut(body, (size_t)len, cases[i].seen);
    }
}

TEST(threat_129_names_stay_as_clients_escape_them)
{
    static const struct {
        const char *parameters, *seen;
    } cases[] = {
        {"name=\"a\"; filename=\"a%22b.txt\"", "[a|a%22b.txt=x]"},     /* browsers */
        {"name=\"a\"; filename=\"a\\\"b.txt\"", "[a|a\"b.txt=x]"},     /* Go, old curl */
        {"name=\"a\"; filename=\"a\\\\b.txt\"", "[a|a\\b.txt=x]"},     /* the same */
        {"name=\"a\"; filename=\"a\\b.txt\"", "[a|a\\b.txt=x]"},       /* browsers */
        {"name=\"a\"; filename=\"dir\\\"", "[a|dir\\=x]"},             /* browsers */
        {"name=\"a\"; filename=\"\"", "[a|=x]"},                       /* no file chosen */
        {"name=\"a;b\"; filename=\"c; name=d\"", "[a;b|c; name=d=x]"}, /* no parameters inside */
        {"name=\"\xc3\xa9\"; filename=\"\xf0\x9f\x98\x80\"", "[\xc3\xa9|\xf0\x9f\x98\x80=x]"},
        {"NAME=a;FileName=b;", "[a|b=x]"},
        {" ; name=a ;; other=\"\"; \t", "[a=x]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        int len = snprintf(body, sizeof body, PART("content-disposition:form-data; %s", "x") END,
                           cases[i].parameters);
        check_at_every_cut(body, (size_t)len, cases[i].seen);
    }
}

/** A boundary as written in the header, and the same boundary in the body. */
static const char *read_with(const char *type, const char *body)
{
    static multipart m;
    tern_str input = {body, strlen(body)}, piece;
    const char *wrong = multipart_open(&m, (tern_str){type, strlen(type)});
    multipart_event event;
    seen[0] = '\0';
    while (wrong == NULL && (event = multipart_next(&m, &input, &piece)) != MULTIPART_MORE) {
        if (event == MULTIPART_ERROR)
            wrong = m.reason;
        else
            note(event == MULTIPART_PART   ? "["
                 : event == MULTIPART_DATA ? "="
                                           : "]",
                 event == MULTIPART_PART   ? m.part.name
                 : event == MULTIPART_DATA ? piece
                                           : TERN_STR(""));
    }
    return wrong;
}

TEST(threat_129_odd_but_usable_boundaries_are_accepted)
{
    static const struct {
        const char *type, *line;
    } cases[] = {
        {"multipart/form-data; boundary=\"a b\"", "a b"},
        {"multipart/form-data; boundary=bouNdaRY_$", "bouNdaRY_$"},
        {"multipart/form-data; boundary=\"'()+_,-./:=?\"", "'()+_,-./:=?"},
        {"multipart/form-data; boundary=\"<a@b>[{}];*\"", "<a@b>[{}];*"},
        {"multipart/form-data; boundary=\"a\\\"b\\\\\"", "a\"b\\"},
        {"multipart/form-data; boundary=--", "--"},
        {"multipart/form-data; boundary=B;", "B"},
        {"multipart/form-data;; boundary=B ; ", "B"},
        {"Multipart/Form-Data;BOUNDARY=B", "B"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        snprintf(body, sizeof body, "--%s\r\n" NAMED("a") "\r\n\r\nx\r\n--%s--\r\n", cases[i].line,
                 cases[i].line);
        CHECK_TEXT(read_with(cases[i].type, body), NULL);
        CHECK_TEXT(seen, "[a=x]");
    }
}

TEST(threat_129_a_boundary_is_never_a_header)
{
    static const char type[] = "multipart/form-data; boundary=\"a:b\"";
    CHECK_TEXT(read_with(type, "--a:b\r\nX: y\r\n--a:b\r\n" NAMED("c") "\r\n\r\nx\r\n--a:b--"),
               "the headers of a part have no empty line after them");
}

TEST(threat_069_ambiguous_forms_are_refused)
{
    static const struct {
        const char *body, *reason;
    } cases[] = {
        {"preamble", "no end"},
        {"preamble\n--B\n" NAMED("a") "\n\nx\n--B--\n", "a line feed alone before the first boundary"},
        {"\n--B\r\n" NAMED("a") "\r\n\r\nx\r\n" END, "a line feed alone before the first boundary"},
        {"preamble\n--B\r\n" NAMED("a") "\r\n\r\nx\r\n" END, "a line feed alone before the first boundary"},
        {"\r\n\n--B--", "a line feed alone before the first boundary"},
        {"--B--epilogue", "something follows the last boundary on its line"},
        {"--B--\nepilogue", "something follows the last boundary on its line"},
        {"--B-- -", "something follows the last boundary on its line"},
        {"--B--\r-", "something follows the last boundary on its line"},
        {PART(NAMED("a"), "x") "--Bx\r\n", "a line begins with the boundary but does not end there"},
        {PART(NAMED("a"), "x") "--B x\r\n", "a line begins with the boundary but does not end there"},
        {PART(NAMED("a"), "x") "--B --\r\n", "a line begins with the boundary but does not end there"},
        {PART(NAMED("a"), "x") "--B\v\r\n", "a line begins with the boundary but does not end there"},
        {PART(NAMED("a"), "x") "--B\r-\r\n", "a line begins with the boundary but does not end there"},
        {PART(NAMED("a"), "x") "--B-\r\n", "a line begins with the boundary but does not end there"},
        {PART(NAMED("a"), "x"), "no end"},
        {PART(NAMED("a"), "x") "--B", "no end"},
        {PART(NAMED("a"), "x") "--B-", "no end"},
        {PART(NAMED("a"), "x") "--B--\r", "no end"},
        {"--B\r\n" NAMED("a"), "no end"},
        {"--B\r\n\r\nx\r\n" END, "a part has no Content-Disposition"},
        {"--B\n" NAMED("a") "\n\nx\n--B--\n", "a line begins with the boundary but does not end there"},
        {"--B\r\n" NAMED("a") "\r\n--B--\r\n\r\n", "the headers of a part have no empty line after them"},
        {"--B\r\n--B--\r\n\r\n", "the headers of a part have no empty line after them"},
        {"--B\r\n" NAMED("a") "\nX: y\r\n\r\nx\r\n" END, "a line of a part's headers does not end in CRLF"},
        {PART(NAMED("a") "\r\n folded", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\nX : y", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\n: y", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\nnothing", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\nX: a\rb", "x") END, "a part's header has control characters"},
        {PART(NAMED("a") "\r\n" NAMED("b"), "x") END, "a part has two Content-Disposition headers"},
        {PART(NAMED("a") "; name=b", "x") END, "a part has two names"},
        {PART("Content-Disposition: attachment; name=a", "x") END, "a part is not form-data"},
        {PART("Content-Disposition: form-data", "x") END, "a part has no name"},
        {PART("Content-Disposition: form-datax; name=a", "x") END, "a Content-Disposition is malformed"},
        {PART("Content-Disposition: form-data; name=\"a", "x") END, "a Content-Disposition is malformed"},
        {PART(NAMED("a") "\r\nContent-Transfer-Encoding: base64", "x") END,
         "a part has a Content-Transfer-Encoding other than binary, 8bit and 7bit"},
        {PART(NAMED("a") "\r\nContent-Transfer-Encoding: quoted-printable", "x") END,
         "a part has a Content-Transfer-Encoding other than binary, 8bit and 7bit"},
        {PART(NAMED("a") "\r\nContent-Type: text", "x") END, "a part's Content-Type is malformed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t step = 1; step < 40; step += 3)
            CHECK_TEXT(read_in(cases[i].body, strlen(cases[i].body), step), cases[i].reason);
}

TEST(threat_069_headers_and_parts_have_limits)
{
    char *body = malloc(200 * 1024);
    CHECK(body != NULL);
    size_t len = (size_t)sprintf(body, "--B\r\n" NAMED("a") "\r\nX: ");
    memset(body + len, 'x', 5000);
    CHECK_TEXT(read_in(body, len + 5000, 1000), "the headers of a part are too long");
    len = (size_t)sprintf(body, "--B\r\n");
    for (int i = 0; i < 17; i++)
        len += (size_t)sprintf(body + len, "X: y\r\n");
    len += (size_t)sprintf(body + len, "\r\n");
    CHECK_TEXT(read_in(body, len, 1000), "a part has too many headers");
    len = 0;
    for (int i = 0; i < 1001; i++)
        len += (size_t)sprintf(body + len, PART(NAMED("a"), "x"));
    len += (size_t)sprintf(body + len, END);
    CHECK_TEXT(read_in(body, len, 1000), "there are too many parts");
    free(body);
}

TEST(threat_069_the_boundary_has_1_to_70_characters)
{
    static const struct {
        const char *type, *reason;
    } cases[] = {
        {"multipart/form-data; "
         "boundary=1234567890123456789012345678901234567890123456789012345678901234567890",
         NULL},
        {"multipart/form-data; charset=utf-8; boundary=\"a/b:c\"", NULL},
        {"multipart/form-data; "
         "boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
         "the boundary is not one of 1 to 70 permitted characters"},
        {"multipart/form-data; boundary=\"\"", "the boundary is not one of 1 to 70 permitted characters"},
        {"multipart/form-data; boundary=\"a \"", "the boundary is not one of 1 to 70 permitted characters"},
        {"multipart/form-data; boundary=\"\xc3\xa9\"",
         "the boundary is not one of 1 to 70 permitted characters"},
        {"multipart/form-data; boundary=\"a\rb\"", "the boundary is not one of 1 to 70 permitted characters"},
        {"multipart/form-data; boundary=a; boundary=b", "the Content-Type has two boundaries"},
        {"multipart/form-data", "the Content-Type has no boundary"},
        {"multipart/form-data; boundary", "the Content-Type is malformed"},
        {"multipart", "the Content-Type is too long or malformed"},
    };
    static multipart m;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(multipart_open(&m, (tern_str){cases[i].type, strlen(cases[i].type)}), cases[i].reason);
}

TEST(threat_070_a_file_name_is_data_and_has_no_control_characters)
{
    static const struct {
        const char *written, *seen, *reason;
    } cases[] = {
        {"../../x", "[a|../../x=x]", NULL},
        {"/etc/passwd", "[a|/etc/passwd=x]", NULL},
        {"CON", "[a|CON=x]", NULL},
        {"C:\\\\a\\\"b", "[a|C:\\a\"b=x]", NULL},
        {"C:\\dir\\x", "[a|C:\\dir\\x=x]", NULL},
        {"\xe2\x80\xae"
         "gpj.exe",
         "[a|\xe2\x80\xaegpj.exe=x]", NULL},
        {"\xff", "", "a name is not UTF-8, or has control characters"},
        {"a\x7f", "", "a part's header has control characters"},
        {"a\x01", "", "a part's header has control characters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        int len =
            snprintf(body, sizeof body, PART(NAMED("a") "; filename=\"%s\"", "x") END, cases[i].written);
        CHECK_TEXT(read_in(body, (size_t)len, 64), cases[i].reason);
        if (cases[i].reason == NULL)
            CHECK_TEXT(seen, cases[i].seen);
    }
    static const char nul[] = PART(NAMED("a") "; filename=\"a\0b\"", "x") END;
    CHECK_TEXT(read_in(nul, sizeof nul - 1, 64), "a part's header has control characters");
    char *body = malloc(8 * 1024);
    CHECK(body != NULL);
    size_t len = (size_t)sprintf(body, "--B\r\n" NAMED("a") "; filename=\"");
    memset(body + len, 'n', 1025);
    len += 1025;
    len += (size_t)sprintf(body + len, "\"\r\n\r\nx\r\n" END);
    CHECK_TEXT(read_in(body, len, 1000), "a file name is too long");
    free(body);
}

TEST(the_charset_of_a_type_is_utf_8_unless_it_says_otherwise)
{
    static const struct {
        const char *type;
        media_charset charset;
    } cases[] = {
        {"text/plain", MEDIA_UTF_8},
        {"text/plain;", MEDIA_UTF_8},
        {"text/plain; charset=UTF-8", MEDIA_UTF_8},
        {"text/plain;charset=\"utf8\" ;", MEDIA_UTF_8},
        {"text/plain; charset=us-ascii", MEDIA_UTF_8},
        {"text/plain; format=flowed", MEDIA_UTF_8},
        {"text/plain; charset=ISO-8859-1", MEDIA_LATIN_1},
        {"text/plain; charset=koi8-r", MEDIA_OTHER_CHARSET},
        {"text/plain; charset", MEDIA_OTHER_CHARSET},
        {"text/plain; charset=", MEDIA_OTHER_CHARSET},
        {"text/plain charset=utf-8", MEDIA_OTHER_CHARSET},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(media_charset_of((tern_str){cases[i].type, strlen(cases[i].type)}), cases[i].charset);
}

TEST(media_types_are_two_tokens)
{
    static const struct {
        const char *value, *type;
    } cases[] = {{"application/json", "application/json"},
                 {"text/html ; charset=x", "text/html"},
                 {"text/html\t", "text/html"},
                 {"text", NULL},
                 {"/json", NULL},
                 {"text/", NULL},
                 {"text/html charset", NULL},
                 {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tern_str type = media_type((tern_str){cases[i].value, strlen(cases[i].value)});
        CHECK(cases[i].type != NULL || type.data == NULL);
        if (cases[i].type != NULL)
            CHECK(media_is(type, cases[i].type));
    }
}
