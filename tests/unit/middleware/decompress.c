/** Requests whose bodies have a content coding. */
#include "unit/middleware/compressed.h"

TERN_MODEL(Note, (const char *, title, .max_length = 2000000))
TERN_MODEL(Upload, (const char *, name), (tern_upload, file))

TERN_HANDLER(note, Note, in)
{
    return tern_textf(c, "%zu %.10s", strlen(in->title), in->title);
}

TERN_HANDLER(whole)
{
    tern_str body = tern_body(c);
    const char *coding = tern_header(c, "Content-Encoding"), *length = tern_header(c, "Content-Length");
    return tern_textf(c, "%zu %.10s %s %s", body.len, body.data, coding != NULL ? coding : "none",
                      length != NULL ? length : "none");
}

TERN_HANDLER(pieces)
{
    char piece[1000];
    size_t n, sum = 0;
    unsigned hash = 0;
    while ((n = tern_body_read(c, piece, sizeof piece)) > 0)
        for (size_t i = 0; i < n; i++, sum++)
            hash = hash * 31 + (unsigned char)piece[i];
    return tern_textf(c, "%zu %u", sum, hash);
}

TERN_HANDLER(upload, Upload, in)
{
    return tern_textf(c, "%s %zu", in->name, in->file.size);
}

static char plain[3 << 20], packed[3 << 20], request[3 << 20];

static size_t pack(codec_kind kind, const char *text, size_t len)
{
    const char *problem;
    CHECK(codec_load(kind, CODEC_ENCODES, &problem));
    codec_encoder *e = codec_encoder_take(kind, 5, len);
    const size_t made = codec_encode_whole(e, text, len, packed, sizeof packed);
    codec_encoder_give(e);
    CHECK(made != 0);
    return made;
}

static void open_with(tern_middleware piece)
{
    tern_app *app = tern_app_new(.limits.body_bytes = 200000);
    tern_use(app, piece);
    tern_post(app, "/note", note);
    tern_post(app, "/whole", whole);
    tern_post(app, "/pieces", pieces, .stream_body = true);
    tern_post(app, "/upload", upload);
    tern_post(app, "/large", whole, .max_body = 3 << 20);
    ask_open(app);
}

/** Sends `len` bytes of `packed` with this Content-Encoding; the status. */
static int send(const char *path, const char *type, const char *coding, size_t len, size_t piece)
{
    const int head = snprintf(request, sizeof request,
                              "POST %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: %s\r\n"
                              "Content-Encoding: %s\r\nContent-Length: %zu\r\n\r\n",
                              path, type, coding, len);
    memcpy(request + head, packed, len);
    wire_script script = {.request = request, .len = (size_t)head + len, .piece = piece};
    heard = wire_talk(&script, ask_reply, sizeof ask_reply);
    CHECK(heard > 12);
    return atoi(ask_reply + 9);
}

static const codec_kind kinds[] = {CODEC_GZIP, CODEC_BROTLI, CODEC_ZSTD};

static void fill(size_t len)
{
    for (size_t i = 0; i < len; i++)
        plain[i] = (char)('a' + (i * 7 + i / 13 + i * i / 101) % 26);
}

TEST(models_and_raw_bodies_are_read_as_they_were_before_the_coding)
{
    open_with(tern_decompress());
    for (size_t i = 0; i < 3; i++) {
        const char *coding = codec_name(kinds[i]);
        strcpy(plain, "{\"title\":\"hello\"}");
        CHECK_SAID(200, send("/note", JSON, coding, pack(kinds[i], plain, 17), 0), "5 hello");
        CHECK_SAID(200, send("/whole", JSON, coding, pack(kinds[i], plain, 17), 0), "17 {\"title\":\" none none");
    }
}

TEST(streamed_bodies_are_decoded_as_they_arrive)
{
    char wanted[64];
    unsigned hash = 0;
    open_with(tern_decompress());
    fill(150000);
    for (size_t i = 0; i < 150000; i++)
        hash = hash * 31 + (unsigned char)plain[i];
    snprintf(wanted, sizeof wanted, "150000 %u", hash);
    for (size_t i = 0; i < 3; i++)
        CHECK_SAID(200, send("/pieces", "text/plain", codec_name(kinds[i]), pack(kinds[i], plain, 150000), 777), wanted);
}

TEST(a_form_with_a_file_is_decoded_too)
{
    static const char form[] = "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nann\r\n"
                               "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n12345\r\n--x--\r\n";
    open_with(tern_decompress());
    CHECK_SAID(200, send("/upload", "multipart/form-data; boundary=x", "gzip", pack(CODEC_GZIP, form, sizeof form - 1), 0),
               "ann 5");
}

TEST(deflate_is_read_with_and_without_its_frame)
{
    static const char framed[] = "x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15", bare[] = "\xcbH\xcd\xc9\xc9\x07\x00";
    open_with(tern_decompress());
    memcpy(packed, framed, sizeof framed - 1);
    CHECK_SAID(200, send("/whole", "text/plain", "deflate", sizeof framed - 1, 0), "5 hello none none");
    memcpy(packed, bare, sizeof bare - 1);
    CHECK_SAID(200, send("/whole", "text/plain", "deflate", sizeof bare - 1, 0), "5 hello none none");
}

TEST(several_members_of_gzip_are_one_body)
{
    open_with(tern_decompress());
    size_t len = pack(CODEC_GZIP, "hello ", 6);
    char first[64];
    memcpy(first, packed, len);
    const size_t second = pack(CODEC_GZIP, "world", 5);
    memmove(packed + len, packed, second);
    memcpy(packed, first, len);
    CHECK_SAID(200, send("/whole", "text/plain", "gzip", len + second, 0), "11 hello worl none none");
}

#define DETAIL(status_, title, text)                                                                                     \
    "{\"type\":\"about:blank\",\"title\":\"" title "\",\"status\":" #status_ ",\"detail\":\"" text "\"}"

TEST(threat_060_a_body_that_grows_too_large_is_a_413)
{
    open_with(tern_decompress(.max_ratio = 1000000));
    memset(plain, ' ', 2000000);
    for (size_t i = 0; i < 3; i++) {
        const size_t len = pack(kinds[i], plain, 2000000);
        CHECK_SAID(413, send("/whole", "text/plain", codec_name(kinds[i]), len, 0),
                   DETAIL(413, "Content Too Large", "the decoded body has more than 200000 bytes"));
        CHECK_SAID(413, send("/pieces", "text/plain", codec_name(kinds[i]), len, 0),
                   DETAIL(413, "Content Too Large", "the decoded body has more than 200000 bytes"));
    }
    CHECK_INT(send("/large", "text/plain", "gzip", pack(CODEC_GZIP, plain, 2000000), 0), 200);
}

TEST(threat_060_a_body_that_grows_too_much_is_a_413)
{
    open_with(tern_decompress());
    memset(plain, ' ', 2000000);
    for (size_t i = 0; i < 3; i++)
        CHECK_SAID(413, send("/large", "text/plain", codec_name(kinds[i]), pack(kinds[i], plain, 2000000), 0),
                   DETAIL(413, "Content Too Large", "the decoded body is more than 100 times as large as the encoded one"));
    CHECK_INT(send("/large", "text/plain", "gzip", pack(CODEC_GZIP, plain, 60000), 0), 200);
}

TEST(threat_060_nested_and_unknown_codings_are_a_415_with_the_known_ones)
{
    static const char *const codings[] = {"gzip, gzip", "gzip, br", "compress", "snappy, identity"};
    open_with(tern_decompress());
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
        CHECK_INT(send("/whole", "text/plain", codings[i], pack(CODEC_GZIP, "hello", 5), 0), 415);
        CHECK_TEXT(header("Accept-Encoding"), "gzip, deflate, br, zstd");
    }
    CHECK_INT(send("/whole", "text/plain", "GZIP, identity", pack(CODEC_GZIP, "hello", 5), 0), 200);
}

TEST(threat_060_without_the_middleware_an_encoded_body_is_a_415)
{
    open_with(tern_request_ids());
    CHECK_INT(send("/note", JSON, "gzip", pack(CODEC_GZIP, "{\"title\":\"a\"}", 13), 0), 415);
}

TEST(broken_and_cut_bodies_are_a_400)
{
    static const char *const paths[] = {"/whole", "/pieces"};
    open_with(tern_decompress());
    fill(5000);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            size_t len = pack(kinds[i], plain, 5000);
            CHECK_SAID(400, send(paths[k], "text/plain", codec_name(kinds[i]), len - 5, 0),
                       DETAIL(400, "Bad Request", "the encoded body ends too early"));
            packed[len] = 'x';
            CHECK_INT(send(paths[k], "text/plain", codec_name(kinds[i]), len + 1, 0), 400);
            memset(packed, 'x', len);
            CHECK_INT(send(paths[k], "text/plain", codec_name(kinds[i]), len, 0), 400);
        }
}

TEST(an_empty_body_has_nothing_to_decode)
{
    open_with(tern_decompress());
    CHECK_SAID(200, send("/whole", "text/plain", "gzip", 0, 0), "0  none 0");
    CHECK_SAID(200, send("/pieces", "text/plain", "gzip", 0, 0), "0 0");
}
