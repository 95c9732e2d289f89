/* The call that blocks, to a server of this test on a thread. */
#include "curl/call.h"
#include "check.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int listening;
static char url[64], seen[8192];

static void *answer_once(void *reply)
{
    int fd = accept(listening, NULL, NULL);
    size_t len = 0;
    while (strstr(seen, "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, seen + len, sizeof seen - 1 - len, 0);
        if (got <= 0)
            break;
        len += (size_t)got;
        seen[len] = '\0';
    }
    const char *text = reply;
    if (text != NULL)
        send(fd, text, strlen(text), MSG_NOSIGNAL);
    else
        recv(fd, seen, 1, 0); /* until the client leaves */
    close(fd);
    return NULL;
}

static pthread_t serve(const char *reply)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    listening = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listening, (struct sockaddr *)&at, len) == 0 && listen(listening, 8) == 0);
    CHECK(getsockname(listening, (struct sockaddr *)&at, &len) == 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/x", ntohs(at.sin_port));
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, answer_once, (void *)reply) == 0);
    return thread;
}

TEST(a_call_returns_status_headers_and_body)
{
    curl_call_reply reply = {0};
    char nonce[16];
    pthread_t thread = serve("HTTP/1.1 201 Made\r\nReplay-Nonce:  abc \r\nContent-Length: 2\r\n\r\nok");
    CHECK(curl_call(&(curl_call_request){.url = url}, &reply));
    pthread_join(thread, NULL);
    CHECK_INT(reply.status, 201);
    CHECK_TEXT(reply.body.data, "ok");
    CHECK(curl_call_header(&reply, "replay-nonce", nonce, sizeof nonce));
    CHECK_TEXT(nonce, "abc");
    CHECK(!curl_call_header(&reply, "Location", nonce, sizeof nonce));
    CHECK(!curl_call_header(&reply, "replay-nonce", nonce, 3));
    curl_call_free(&reply);
}

TEST(a_post_sends_its_headers_and_its_body)
{
    curl_call_reply reply = {0};
    const char *const headers[] = {"Content-Type: application/jose+json", NULL};
    pthread_t thread = serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK(curl_call(
        &(curl_call_request){.method = "POST", .url = url, .headers = headers, .body = "{}", .body_bytes = 2},
        &reply));
    pthread_join(thread, NULL);
    CHECK(strncmp(seen, "POST /x HTTP/1.1\r\n", 18) == 0);
    CHECK(strstr(seen, "\r\nContent-Type: application/jose+json\r\n") != NULL);
    CHECK(strstr(seen, "\r\nContent-Length: 2\r\n") != NULL);
    CHECK(strstr(seen, "Expect") == NULL);
    curl_call_free(&reply);
}

TEST(a_body_above_the_limit_is_refused)
{
    curl_call_reply reply = {0};
    pthread_t thread = serve("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901");
    CHECK(!curl_call(&(curl_call_request){.url = url, .max_bytes = 10}, &reply));
    pthread_join(thread, NULL);
    CHECK(strstr(reply.problem, "larger than allowed") != NULL);
    CHECK(strstr(reply.problem, url) != NULL);
    curl_call_free(&reply);
}

TEST(a_silent_server_is_an_error_in_time)
{
    curl_call_reply reply = {0};
    pthread_t thread = serve(NULL);
    CHECK(!curl_call(&(curl_call_request){.url = url, .timeout_ms = 100}, &reply));
    pthread_join(thread, NULL);
    CHECK(strstr(reply.problem, "timed out") != NULL);
    curl_call_free(&reply);
}

TEST(line_ends_and_other_schemes_are_refused)
{
    curl_call_reply reply = {0};
    const char *const injected[] = {"A: b\r\nC: d", NULL};
    CHECK(!curl_call(&(curl_call_request){.url = "http://127.0.0.1/\r\nA: b"}, &reply));
    CHECK(
        !curl_call(&(curl_call_request){.url = "http://127.0.0.1/", .method = "GET / HTTP/1.1\r\n"}, &reply));
    CHECK(!curl_call(&(curl_call_request){.url = "http://127.0.0.1/", .headers = injected}, &reply));
    CHECK(strstr(reply.problem, "a header contains a line end") != NULL);
    CHECK(!curl_call(&(curl_call_request){.url = "file:///etc/passwd"}, &reply));
    CHECK(!curl_call(&(curl_call_request){.url = "http://127.0.0.1:1/", .https_only = true}, &reply));
    CHECK(strstr(reply.problem, "not supported") != NULL);
    curl_call_free(&reply);
}

TEST(every_failed_allocation_of_a_call_is_reported)
{
    curl_call_reply reply = {0};
    for (unsigned long n = 1; n < 400; n++) { /* a refused port: nothing to serve */
        mem_fail_at(n, true);
        CHECK(!curl_call(&(curl_call_request){.url = "http://127.0.0.1:1/"}, &reply));
        mem_fail_at(0, false);
        CHECK(reply.problem[0] != '\0');
    }
    curl_call_free(&reply);
}
