/** Requests with headers of their own, and what a wrong set-up is told; for tests of pieces. */
#ifndef TESTS_MIDDLEWARE_SEND_H
#define TESTS_MIDDLEWARE_SEND_H

#include "unit/app/ask.h"

/** Sends `line` ("GET /") with `headers` ("A: b\r\n") and a body; the status of the reply. */
__attribute__((unused)) static int send_request(const char *line, const char *headers, const char *body)
{
    char request[16 * 1024];
    int len = snprintf(request, sizeof request,
                       "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", line,
                       headers, strlen(body), body);
    wire_script script = {.request = request, .len = (size_t)len};
    CHECK((size_t)len < sizeof request);
    CHECK(wire_talk(&script, ask_reply, sizeof ask_reply) > 12);
    return atoi(ask_reply + 9);
}

/** Whether the last reply has this header line, or part of one. */
__attribute__((unused)) static bool has_header(const char *text)
{
    const char *found = strstr(ask_reply, text), *end = strstr(ask_reply, "\r\n\r\n");
    return found != NULL && end != NULL && found < end + 2;
}

/** The lines that an application is refused with; "" when it is right. */
__attribute__((unused)) static const char *mistakes_of(tern_app *app)
{
    static char text[8192];
    buf problems = {0};
    bool is_right = app_compile(app, &problems);
    CHECK_INT(is_right, problems.len == 0);
    snprintf(text, sizeof text, "%s", problems.len != 0 ? problems.data : "");
    buf_free(&problems);
    app_free(app);
    return text;
}

/** The mistake in this piece. */
__attribute__((unused)) static const char *mistake_in(tern_middleware piece)
{
    tern_app *app = tern_app_new();
    tern_use(app, piece);
    return mistakes_of(app);
}

#define CHECK_HAS(text, wanted)                                                                              \
    do {                                                                                                     \
        if (strstr(text, wanted) == NULL)                                                                    \
            check_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", wanted, text);                         \
    } while (0)

#endif
