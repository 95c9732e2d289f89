/** A whole application behind one connection, for tests of requests that are bodies and replies of JSON. */
#ifndef TESTS_APP_ASK_H
#define TESTS_APP_ASK_H

#include "app/bind/bind.h"
#include "app/ctx.h"
#include "check.h"
#include "wire.h"

#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((unused)) static bool ask_waits; /* handlers wait for threads */
static char ask_reply[4 * 1024 * 1024];
static tern_app *ask_app;

static void ask_close(void)
{
    wire_close();
    app_free(ask_app);
    schema_forget();
    bind_forget();
}

/** Serves `app` until the test ends, without log output. */
__attribute__((unused)) static void ask_open(tern_app *app)
{
    static http_service service;
    http_limits limits = {.head = {.head_bytes = 16 * 1024, .target_bytes = 8 * 1024, .fields = 100},
                          .head_ms = 5000,
                          .idle_ms = 5000,
                          .body_bytes = 1024 * 1024,
                          .arena_bytes = 16 * 1024 * 1024};
    buf problems = {0};
    ask_app = app;
    if (!app_compile(app, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    app_service(app, &service);
    tern_log_set_level(TERN_LOG_SILENT);
    CHECK(wire_open(&service, &limits));
    atexit(ask_close);
}

/** Sends `line` ("POST /users") with a body of that Content-Type; the status of the reply. */
__attribute__((unused)) static int ask(const char *line, const char *type, const char *body)
{
    char request[16 * 1024];
    int len = snprintf(request, sizeof request,
                       "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       line, type, strlen(body), body);
    wire_script script = {.request = request, .len = (size_t)len, .waits = ask_waits};
    CHECK((size_t)len < sizeof request);
    CHECK(wire_talk(&script, ask_reply, sizeof ask_reply) > 12);
    return atoi(ask_reply + 9);
}

/** The body of the last reply. */
__attribute__((unused)) static const char *ask_said(void)
{
    const char *end = strstr(ask_reply, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"
#define CHECK_SAID(wanted_status, seen_status, wanted)                                                       \
    do {                                                                                                     \
        int seen_status_ = (seen_status);                                                                    \
        CHECK_TEXT(ask_said(), wanted);                                                                      \
        CHECK_INT(seen_status_, wanted_status);                                                              \
    } while (0)
#define FAULTS(detail, errors)                                                                               \
    "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"" detail      \
    "\",\"errors\":[" errors "]}"
#define FAULT(location, code, message)                                                                       \
    "{\"location\":[" location "],\"code\":\"" code "\",\"message\":\"" message "\"}"
#define ONE_FAULT(location, code, message) FAULTS("1 value is wrong", FAULT(location, code, message))
#define HANDLER_FAILED                     "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}"

#endif
