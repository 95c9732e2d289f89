/** Replies with a content coding: which ones, which coding, and the headers of both. */
#include "base/mem.h"
#include "unit/middleware/compressed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char large[40 * 1024 + 1], huge[2 * 1024 * 1024 + 1], path[64];

static const char *fill(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = "{\"id\":1234,\"name\":\"Ann\"}"[(i * 7 + i / 97) % 24];
    text[len] = '\0';
    return text;
}

TERN_HANDLER(text)
{
    const char *type = tern_query(c, "type"), *size = tern_query(c, "size");
    const size_t len = size != NULL ? (size_t)atoi(size) : 3000;
    if (tern_query(c, "etag") != NULL)
        tern_set_header(c, "ETag", tern_query(c, "etag"));
    if (tern_query(c, "cache") != NULL)
        tern_set_header(c, "Cache-Control", tern_query(c, "cache"));
    if (tern_query(c, "encoding") != NULL)
        tern_set_header(c, "Content-Encoding", tern_query(c, "encoding"));
    if (tern_query(c, "secret") != NULL)
        tern_no_compress(c);
    tern_reply reply = tern_bytes_reply(c, type != NULL ? type : "application/json",
                                        len < sizeof large ? large + (sizeof large - 1 - len) : huge, len);
    return tern_conditional(c, reply);
}

static void write_events(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)c, (void)arg;
    for (int i = 0; i < 3; i++) {
        tern_stream_printf(out, "data: %d\n\n", i);
        tern_stream_flush(out);
    }
}

TERN_HANDLER(events)
{
    return tern_stream_reply(c, "text/event-stream", write_events, NULL);
}

static void fail_halfway(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_stream_printf(out, "begin");
    tern_fail(c, 500, "half-way");
}

TERN_HANDLER(failing)
{
    return tern_stream_reply(c, "text/plain", fail_halfway, NULL);
}

TERN_HANDLER(file)
{
    return tern_file(c, path);
}

TERN_HANDLER(put)
{
    tern_set_etag(c, "v1");
    tern_need_match(c);
    return tern_no_content(c);
}

static void forget_file(void)
{
    unlink(path);
}

static void open_with(tern_middleware piece)
{
    tern_app *app = tern_app_new();
    fill(large, sizeof large - 1);
    fill(huge, sizeof huge - 1);
    tern_use(app, piece);
    tern_get(app, "/text", text);
    tern_get(app, "/events", events);
    tern_get(app, "/failing", failing);
    tern_get(app, "/file", file);
    tern_put(app, "/text", put);
    ask_open(app);
}

static void make_file(const char *suffix, size_t size)
{
    snprintf(path, sizeof path, "/tmp/tern-compress-%d%s", (int)getpid(), suffix);
    const int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    CHECK(fd >= 0 && write(fd, huge, size) == (ssize_t)size);
    const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    CHECK(futimens(fd, old) == 0);
    close(fd);
    atexit(forget_file);
}

TEST(a_reply_is_encoded_in_the_coding_that_the_client_prefers_or_else_the_server)
{
    static const struct {
        const char *accept, *coding;
    } rows[] = {
        {"gzip", "gzip"},
        {"br", "br"},
        {"zstd", "zstd"},
        {"gzip, deflate, br, zstd", "zstd"},
        {"gzip, deflate, br", "br"},
        {"gzip;q=1.0, br;q=0.9, zstd;q=0.1", "gzip"},
        {"GZIP", "gzip"},
        {"gzip;q=0.5, identity;q=0.4", "gzip"},
        {"*", "zstd"},
        {"zstd;q=0, *", "br"},
        {"gzip;q=0.5, identity;q=0.6", NULL},
        {"identity", NULL},
        {"gzip;q=0", NULL},
        {"*;q=0", NULL},
        {"compress, deflate", NULL},
        {"x-gzip-like", NULL},
        {"gzip;q=x", NULL},
        {"", NULL},
    };
    open_with(tern_compress());
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[128];
        snprintf(line, sizeof line, "Accept-Encoding: %s\r\n", rows[i].accept);
        CHECK_INT(fetch("GET /text", line), 200);
        const char *seen = header("Content-Encoding");
        if ((seen == NULL) != (rows[i].coding == NULL) || (seen != NULL && strcmp(seen, rows[i].coding) != 0))
            check_fail(__FILE__, __LINE__, "\"%s\" gets %s", rows[i].accept,
                       seen != NULL ? seen : "identity");
        CHECK_TEXT(header("Vary"), "Accept-Encoding");
        CHECK_TEXT(decode_reply(), large + sizeof large - 1 - 3000);
    }
}

TEST(several_lines_of_accept_encoding_are_one_list)
{
    open_with(tern_compress());
    fetch("GET /text", "Accept-Encoding: identity;q=0.1\r\nAccept-Encoding: gzip\r\n");
    CHECK_TEXT(header("Content-Encoding"), "gzip");
}

TEST(a_client_without_accept_encoding_gets_identity_and_vary)
{
    open_with(tern_compress());
    fetch("GET /text", "");
    CHECK_TEXT(header("Content-Encoding"), NULL);
    CHECK_TEXT(header("Vary"), "Accept-Encoding");
}

TEST(replies_that_are_not_worth_it_or_must_not_change_stay_as_they_are)
{
    static const char *const queries[] = {"size=999",
                                          "type=image/png",
                                          "type=application/zip",
                                          "type=video/mp4",
                                          "cache=max-age=1,%20no-transform",
                                          "encoding=aes128gcm",
                                          "type=font/woff2"};
    open_with(tern_compress());
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        char line[128];
        snprintf(line, sizeof line, "GET /text?%s", queries[i]);
        CHECK_INT(fetch(line, "Accept-Encoding: gzip\r\n"), 200);
        if (header("Vary") != NULL || (header("Content-Encoding") != NULL && i != 5))
            check_fail(__FILE__, __LINE__, "%s is encoded", queries[i]);
    }
}

TEST(types_with_parameters_and_families_of_types_are_encoded)
{
    static const char *const types[] = {
        "application/json", "text/html;%20charset=utf-8", "application/problem%2Bjson",
        "image/svg%2Bxml",  "application/wasm",           "TEXT/CSS",
        "application/cbor"};
    open_with(tern_compress());
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char line[128];
        snprintf(line, sizeof line, "GET /text?type=%s", types[i]);
        fetch(line, "Accept-Encoding: gzip\r\n");
        if (header("Content-Encoding") == NULL)
            check_fail(__FILE__, __LINE__, "%s is not encoded", types[i]);
    }
}

TEST(the_length_of_a_reply_to_head_is_that_of_the_encoded_body)
{
    char length[32];
    open_with(tern_compress());
    fetch("GET /text", "Accept-Encoding: gzip\r\n");
    strcpy(length, header("Content-Length"));
    fetch("HEAD /text", "Accept-Encoding: gzip\r\n");
    CHECK_TEXT(header("Content-Length"), length);
    CHECK_TEXT(header("Content-Encoding"), "gzip");
    CHECK_TEXT(ask_said(), "");
}

TEST(threat_106_a_reply_marked_as_secret_is_not_compressed)
{
    open_with(tern_compress());
    CHECK_INT(fetch("GET /text?secret=1", "Accept-Encoding: gzip, br, zstd\r\n"), 200);
    CHECK_TEXT(header("Content-Encoding"), NULL);
    CHECK_INT(strlen(decode_reply()), 3000);
}

TEST(a_strong_tag_names_the_coding_and_a_weak_one_stays)
{
    open_with(tern_compress());
    fetch("GET /text?etag=%22v1%22", "Accept-Encoding: br\r\n");
    CHECK_TEXT(header("ETag"), "\"v1+br\"");
    fetch("GET /text?etag=W/%22v1%22", "Accept-Encoding: br\r\n");
    CHECK_TEXT(header("ETag"), "W/\"v1\"");
    fetch("GET /text?etag=%22v1%22", "");
    CHECK_TEXT(header("ETag"), "\"v1\"");
}

TEST(the_tag_of_an_encoded_reply_makes_the_next_one_a_304_and_allows_a_write)
{
    open_with(tern_compress());
    CHECK_INT(fetch("GET /text?etag=%22v1%22", "Accept-Encoding: gzip\r\nIf-None-Match: \"v1+gzip\"\r\n"),
              304);
    CHECK_TEXT(header("ETag"), "\"v1+gzip\"");
    CHECK_TEXT(header("Vary"), "Accept-Encoding");
    CHECK_TEXT(header("Content-Encoding"), NULL);
    CHECK_INT(fetch("GET /text?etag=%22v2%22", "Accept-Encoding: gzip\r\nIf-None-Match: \"v1+gzip\"\r\n"),
              200);
    CHECK_INT(fetch("PUT /text", "If-Match: \"v1+gzip\"\r\nContent-Length: 0\r\n"), 204);
    CHECK_INT(fetch("PUT /text", "If-Match: \"v2+gzip\"\r\nContent-Length: 0\r\n"), 412);
}

TEST(bodies_of_every_size_come_back_as_they_were)
{
    static const size_t sizes[] = {1000, 1001, 16384, 40000, 65535, 65536, 1048576, 1048577, 2000000};
    static const char *const codings[] = {"gzip", "br", "zstd"};
    open_with(tern_compress());
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t k = 0; k < 3; k++) {
            char line[64], headers[64];
            snprintf(line, sizeof line, "GET /text?size=%zu", sizes[i]);
            snprintf(headers, sizeof headers, "Accept-Encoding: %s\r\n", codings[k]);
            fetch(line, headers);
            CHECK_TEXT(header("Content-Encoding"), codings[k]);
            decode_reply();
            CHECK_INT(decoded_len, sizes[i]);
            const char *want = sizes[i] < sizeof large ? large + sizeof large - 1 - sizes[i] : huge;
            CHECK(memcmp(decoded, want, sizes[i]) == 0);
            CHECK((header("Content-Length") != NULL) == (sizes[i] <= 1048576));
        }
}

/** The chunks of the last reply, counted. */
static unsigned chunks(void)
{
    unsigned count = 0;
    for (char *at = strstr(ask_reply, "\r\n\r\n") + 4; count < 100; count++) {
        const size_t size = strtoul(at, &at, 16);
        if (size == 0)
            break;
        at += 2 + size + 2;
    }
    return count;
}

TEST(each_flush_of_a_stream_sends_what_was_written_before_it)
{
    static const char *const codings[] = {"gzip", "br", "zstd"};
    open_with(tern_compress());
    for (size_t i = 0; i < 3; i++) {
        char headers[64];
        snprintf(headers, sizeof headers, "Accept-Encoding: %s\r\n", codings[i]);
        fetch("GET /events", headers);
        CHECK_TEXT(header("Content-Encoding"), codings[i]);
        CHECK(chunks() >= 3);
        CHECK_TEXT(decode_reply(), "data: 0\n\ndata: 1\n\ndata: 2\n\n");
    }
}

TEST(the_head_of_an_encoded_stream_has_no_body)
{
    open_with(tern_compress());
    CHECK_INT(fetch("HEAD /events", "Accept-Encoding: gzip\r\n"), 200);
    CHECK_TEXT(header("Content-Encoding"), "gzip");
    CHECK_TEXT(ask_said(), "");
}

TEST(a_stream_that_fails_does_not_look_whole)
{
    open_with(tern_compress());
    fetch("GET /failing", "Accept-Encoding: gzip\r\n");
    CHECK(strstr(ask_said(), "0\r\n\r\n") == NULL);
}

TEST(files_are_encoded_whole_and_keep_their_conditions)
{
    static const size_t sizes[] = {5000, 300000};
    open_with(tern_compress());
    for (size_t i = 0; i < 2; i++) {
        char tag[128], headers[256];
        make_file(".js", sizes[i]);
        CHECK_INT(fetch("GET /file", "Accept-Encoding: br\r\n"), 200);
        CHECK_TEXT(header("Content-Encoding"), "br");
        CHECK_TEXT(header("Accept-Ranges"), NULL);
        CHECK(header("Last-Modified") != NULL);
        strcpy(tag, header("ETag"));
        CHECK(strstr(tag, "+br\"") != NULL);
        decode_reply();
        CHECK_BYTES(decoded, decoded_len, huge, sizes[i]);
        snprintf(headers, sizeof headers, "Accept-Encoding: br\r\nIf-None-Match: %s\r\n", tag);
        CHECK_INT(fetch("GET /file", headers), 304);
        CHECK_TEXT(header("ETag"), tag);
    }
}

TEST(a_range_of_a_file_is_of_the_file_itself)
{
    open_with(tern_compress());
    make_file(".txt", 5000);
    CHECK_INT(fetch("GET /file", "Accept-Encoding: gzip\r\nRange: bytes=0-9\r\n"), 206);
    CHECK_TEXT(header("Content-Encoding"), NULL);
    CHECK_TEXT(header("Content-Length"), "10");
    CHECK_TEXT(header("Vary"), "Accept-Encoding");
}

TEST(if_range_with_the_tag_of_an_encoded_form_gets_the_whole_file)
{
    char headers[256];
    open_with(tern_compress());
    make_file(".txt", 5000);
    fetch("GET /file", "Accept-Encoding: gzip\r\n");
    snprintf(headers, sizeof headers, "Range: bytes=0-9\r\nIf-Range: %s\r\n", header("ETag"));
    CHECK_INT(fetch("GET /file", headers), 200);
}

TEST(images_and_small_files_are_sent_by_the_kernel)
{
    open_with(tern_compress());
    make_file(".png", 5000);
    fetch("GET /file", "Accept-Encoding: gzip\r\n");
    CHECK_TEXT(header("Content-Encoding"), NULL);
    CHECK_TEXT(header("Accept-Ranges"), "bytes");
    make_file(".txt", 100);
    fetch("GET /file", "Accept-Encoding: gzip\r\n");
    CHECK_TEXT(header("Content-Encoding"), NULL);
}

TEST(a_missing_file_is_still_a_404)
{
    open_with(tern_compress());
    strcpy(path, "/tmp/tern-there-is-no-such.txt");
    CHECK_INT(fetch("GET /file", "Accept-Encoding: gzip\r\n"), 404);
}

TEST(codings_sizes_and_types_can_be_chosen)
{
    open_with(tern_compress(.codings = "gzip, zstd", .min_bytes = 100, .types = "image/*", .gzip_level = 1));
    fetch("GET /text?type=image/png&size=100", "Accept-Encoding: br, gzip, zstd\r\n");
    CHECK_TEXT(header("Content-Encoding"), "gzip");
    fetch("GET /text", "Accept-Encoding: gzip\r\n");
    CHECK_TEXT(header("Content-Encoding"), NULL);
}

TEST(the_application_does_not_start_with_settings_that_mean_nothing)
{
    static const struct {
        tern_compress_options options;
        const char *problem;
    } rows[] = {
        {{.codings = "gzip, snappy"}, "compress: .codings has \"snappy\"; it may have zstd, br and gzip"},
        {{.codings = "gzip, gzip"}, "compress: .codings has \"gzip\" twice; it may have zstd, br and gzip"},
        {{.types = "json"},
         "compress: .types has \"json\"; write types like \"application/json\", \"text/*\" or \"*+json\""},
        {{.types = "*"},
         "compress: .types has \"*\"; write types like \"application/json\", \"text/*\" or \"*+json\""},
        {{.brotli_level = 12}, "compress: .brotli_level is 12; it may be 1 to 11"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf problems = {0};
        tern_app *app = tern_app_new();
        tern_use(app, tern_compress_with(&rows[i].options));
        tern_get(app, "/text", text);
        CHECK(!app_compile(app, &problems));
        if (strstr(problems.data, rows[i].problem) == NULL)
            check_fail(__FILE__, __LINE__, "%s", problems.data);
        buf_free(&problems);
        app_free(app);
    }
}

TEST(a_reply_is_sent_as_it_is_when_memory_for_its_encoder_is_short)
{
    open_with(tern_compress());
    for (unsigned long n = 1; n < 40; n++) {
        codec_forget();
        mem_fail_at(n, 0);
        const int status = fetch("GET /text", "Accept-Encoding: br\r\n");
        mem_fail_at(0, 0);
        if (status == 200)
            CHECK_TEXT(decode_reply(), large + sizeof large - 1 - 3000);
    }
}
