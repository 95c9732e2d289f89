#include "curl/call.h"

#include "base/text.h"
#include "curl/libcurl.h"
#include "curl/memory.h"

#include <stdio.h>
#include <string.h>

enum {
    TIMEOUT_MS = 30000,
    CONNECT_TIMEOUT_MS = 10000,
    BODY_BYTES = 1024 * 1024,
    HEADER_BYTES = 64 * 1024,
};

typedef struct receiving {
    curl_call_reply *reply;
    const char *refused; /* why the rest was not taken; NULL: it was */
} receiving;

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
    receiving *r = arg;
    if (buf_add(&r->reply->body, data, size * count))
        return size * count;
    r->refused = "the reply is larger than allowed";
    return 0;
}

/* Each line comes in a call of its own; a status line begins a reply: the last one counts. */
static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
    receiving *r = arg;
    size_t len = size * count;
    if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
        r->reply->headers.len = 0;
        return len;
    }
    if (len <= 2 || buf_add(&r->reply->headers, data, len))
        return len;
    r->refused = "the headers of the reply are larger than allowed";
    return 0;
}

static bool is_one_line(const char *text)
{
    return text[strcspn(text, "\r\n")] == '\0';
}

static const char *mistake(const curl_call_request *request)
{
    if (request->url == NULL || !is_one_line(request->url))
        return "the URL is missing or contains a line end";
    if (request->method != NULL && !is_one_line(request->method))
        return "the method contains a line end";
    for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
        if (!is_one_line(*line))
            return "a header contains a line end";
    return NULL;
}

static bool set_body(CURL *easy, const curl_call_request *request)
{
    if (request->body == NULL)
        return true;
    return libcurl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes) ==
               CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) == CURLE_OK;
}

static bool set_method(CURL *easy, const char *method)
{
    if (method == NULL || strcmp(method, "GET") == 0)
        return true;
    if (strcmp(method, "HEAD") == 0)
        return libcurl.easy_setopt(easy, CURLOPT_NOBODY, 1L) == CURLE_OK;
    return libcurl.easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK;
}

static bool set_limits(CURL *easy, const curl_call_request *request)
{
    long most_ms = request->timeout_ms != 0 ? (long)request->timeout_ms : TIMEOUT_MS;
    long connect_ms =
        request->connect_timeout_ms != 0 ? (long)request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    return libcurl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, most_ms) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, request->https_only ? "https" : "http,https") ==
               CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_USERAGENT, "tern") == CURLE_OK &&
           (request->ca_file == NULL ||
            libcurl.easy_setopt(easy, CURLOPT_CAINFO, request->ca_file) == CURLE_OK);
}

static bool set_all(CURL *easy, const curl_call_request *request, receiving *r, struct curl_slist *headers)
{
    return libcurl.easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK && set_body(easy, request) &&
           set_method(easy, request->method) && set_limits(easy, request) &&
           libcurl.easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_WRITEDATA, r) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           libcurl.easy_setopt(easy, CURLOPT_HEADERDATA, r) == CURLE_OK;
}

static bool add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = libcurl.slist_append(*list, line);
    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

/* "Expect:" without a value keeps libcurl from waiting for 100 Continue. */
static bool make_headers(struct curl_slist **list, const char *const *lines)
{
    for (; lines != NULL && *lines != NULL; lines++)
        if (!add_header(list, *lines))
            return false;
    return add_header(list, "Expect:");
}

static const char *perform(CURL *easy, const curl_call_request *request, curl_call_reply *reply, char *detail)
{
    receiving r = {.reply = reply};
    struct curl_slist *headers = NULL;
    const char *problem = "out of memory";
    if (make_headers(&headers, request->headers) && set_all(easy, request, &r, headers)) {
        libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
        CURLcode result = libcurl.easy_perform(easy);
        long status = 0;
        libcurl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        reply->status = (int)status;
        problem = result == CURLE_OK  ? NULL
                  : r.refused != NULL ? r.refused
                  : detail[0] != '\0' ? detail
                                      : libcurl.easy_strerror(result);
        libcurl.easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    }
    libcurl.slist_free_all(headers);
    return problem;
}

static void start_reply(curl_call_reply *reply, const curl_call_request *request)
{
    curl_call_free(reply);
    reply->body.limit = request->max_bytes != 0 ? request->max_bytes : BODY_BYTES;
    reply->headers.limit = HEADER_BYTES;
}

bool curl_call(const curl_call_request *request, curl_call_reply *reply)
{
    char detail[CURL_ERROR_SIZE] = "";
    start_reply(reply, request);
    const char *problem = mistake(request);
    if (problem == NULL && libcurl_load(&problem)) {
        CURL *easy = libcurl.easy_init();
        problem = easy != NULL ? perform(easy, request, reply, detail) : "out of memory";
        if (easy != NULL)
            libcurl.easy_cleanup(easy);
        if (curl_memory_is_short()) {
            curl_memory_recover();
            problem = "out of memory";
        }
    }
    if (problem == NULL)
        return true;
    snprintf(reply->problem, sizeof reply->problem, "%s %.200s: %s",
             request->method != NULL ? request->method : "GET",
             request->url != NULL ? request->url : "(no URL)", problem);
    return false;
}

bool curl_call_header(const curl_call_reply *reply, const char *name, char *out, size_t size)
{
    size_t name_len = strlen(name);
    const char *at = reply->headers.data, *end = at + reply->headers.len;
    while (at != NULL && at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (line_end == NULL)
            line_end = end;
        if ((size_t)(line_end - at) > name_len && at[name_len] == ':' &&
            text_equal_nocase(at, name, name_len)) {
            const char *value = at + name_len + 1, *stop = line_end;
            while (value < stop && (*value == ' ' || *value == '\t'))
                value++;
            while (stop > value && strchr(" \t\r", stop[-1]) != NULL)
                stop--;
            if ((size_t)(stop - value) >= size)
                return false;
            memcpy(out, value, (size_t)(stop - value));
            out[stop - value] = '\0';
            return true;
        }
        at = line_end + 1;
    }
    return false;
}

void curl_call_free(curl_call_reply *reply)
{
    buf_free(&reply->headers);
    buf_free(&reply->body);
    *reply = (curl_call_reply){0};
}
