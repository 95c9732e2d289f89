/** multipart/form-data: what is taken, what is refused, however it is cut into pieces. */
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

/** Reads `body` in pieces of `step` bytes and notes what is told, one letter an event. */
static const char *read_in(const char *body, size_t len, size_t step)
{
    static multipart m;
    seen[0] = '\0';
    CHECK(multipart_open(&m, TERN_STR("multipart/form-data; boundary=B")) == NULL);
    bool in_data = false;
    for (size_t at = 0; at < len; at += step) {
        char copy[1024]; /* of exactly this piece, so that no byte beyond is looked at unnoticed */
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

TEST(parts_are_told_with_name_file_name_type_and_content)
{
    static const char body[] = PART(NAMED("title"), "Buy milk")
        PART(NAMED("f") "; filename=\"a b.txt\"\r\nContent-Type: text/plain", "x\r\ny") END;
    for (size_t step = 1; step < sizeof body; step++) {
        CHECK(read_in(body, sizeof body - 1, step) == NULL);
        CHECK_TEXT(seen, "[title=Buy milk][f|a b.txt|text/plain=x\r\ny]");
    }
}

TEST(what_only_looks_like_a_boundary_is_content)
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

TEST(content_may_be_empty_and_no_part_may_be_there)
{
    CHECK(read_in(PART(NAMED("a"), "") END, strlen(PART(NAMED("a"), "") END), 7) == NULL);
    CHECK_TEXT(seen, "[a]");
    CHECK(read_in("--B--", 5, 5) == NULL);
    CHECK_TEXT(seen, "");
    CHECK(read_in("\r\n--B--\r\n", 9, 1) == NULL);
}

TEST(threat_069_what_readers_disagree_about_is_refused)
{
    static const struct {
        const char *body, *reason;
    } cases[] = {
        {"preamble\r\n--B--\r\n", "the body does not begin with the boundary"},
        {"--B--\r\nepilogue", "something follows the last boundary"},
        {PART(NAMED("a"), "x") "--Bx\r\n", "a line begins with the boundary but is none"},
        {PART(NAMED("a"), "x") "--B \r\n", "a line begins with the boundary but is none"},
        {PART(NAMED("a"), "x") "--B-\r\n", "a line begins with the boundary but is none"},
        {PART(NAMED("a"), "x"), "no end"},
        {PART(NAMED("a"), "x") "--B", "no end"},
        {PART(NAMED("a"), "x") "--B-", "no end"},
        {PART(NAMED("a"), "x") "--B--\r", "no end"},
        {"--B\r\n" NAMED("a"), "no end"},
        {"--B\r\n\r\nx\r\n" END, "a part has no Content-Disposition"},
        {"--B\n" NAMED("a") "\n\nx\n--B--\n", "a line begins with the boundary but is none"},
        {"--B\r\n" NAMED("a") "\nX: y\r\n\r\nx\r\n" END, "a line of a part's headers does not end in CRLF"},
        {PART(NAMED("a") "\r\n folded", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\nX : y", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\n: y", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\nnothing", "x") END, "a part's header is malformed"},
        {PART(NAMED("a") "\r\nX: a\rb", "x") END, "a part's header has control characters"},
        {PART(NAMED("a") "\r\n" NAMED("b"), "x") END, "a part has two Content-Disposition headers"},
        {PART(NAMED("a") "; name=b", "x") END, "a part has two names"},
        {PART(NAMED("a") "; filename*=UTF-8''x", "x") END,
         "a part has filename*, which form-data does not allow"},
        {PART("Content-Disposition: attachment; name=a", "x") END, "a part is no form-data"},
        {PART("Content-Disposition: form-data", "x") END, "a part has no name"},
        {PART("Content-Disposition: form-datax; name=a", "x") END, "a Content-Disposition is malformed"},
        {PART("Content-Disposition: form-data; name=\"a", "x") END, "a Content-Disposition is malformed"},
        {PART(NAMED("a") "\r\nContent-Transfer-Encoding: base64", "x") END,
         "a part has a Content-Transfer-Encoding"},
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
