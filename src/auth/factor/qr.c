/** QR codes, by libqrencode, which is loaded by the first one. */
#include <tern/log.h>
#include <tern/totp.h>

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BYTES = 1000, MARGIN = 4 /* of ISO 18004 */, LEVEL_M = 1, MODE_8 = 2 };

/** libqrencode's QRcode, since its version 3. */
typedef struct qr_code {
    int version, width;
    unsigned char *data; /* width * width; bit 0: dark */
} qr_code;

static struct {
    qr_code *(*encode)(const char *text, int version, int level, int hint, int is_case_sensitive);
    void (*free)(qr_code *code);
} library;

static bool load(void)
{
    static bool is_missing; /* looked for once */
    if (library.encode != NULL || is_missing)
        return library.encode != NULL;
    void *opened = dlopen("libqrencode.so.4", RTLD_NOW | RTLD_LOCAL);
    if (opened != NULL) {
        *(void **)&library.free = dlsym(opened, "QRcode_free");
        *(void **)&library.encode = dlsym(opened, "QRcode_encodeString");
    }
    is_missing = library.encode == NULL || library.free == NULL;
    if (is_missing) {
        library.encode = NULL;
        tern_log(TERN_LOG_WARN,
                 "QR codes: the library libqrencode.so.4 is missing: install libqrencode4; until then "
                 "pages show the text");
    }
    return !is_missing;
}

/** One path: a rectangle for each run of dark squares of a row. */
static const char *draw(tern_ctx *c, const qr_code *code)
{
    enum { RUN_BYTES = 24 };
    int width = code->width, size = width + 2 * MARGIN;
    char *svg = tern_alloc(c, 300 + (size_t)width * (size_t)(width / 2 + 1) * RUN_BYTES);
    char *at = svg + sprintf(svg,
                             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
                             "shape-rendering=\"crispEdges\"><title>QR code</title>"
                             "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
                             size, size, size, size);
    for (int y = 0; y < width; y++)
        for (int x = 0, run; x < width; x += run) {
            const unsigned char *row = code->data + (size_t)y * (size_t)width;
            for (run = 1; x + run < width && (row[x + run] & 1) == (row[x] & 1);)
                run++;
            if ((row[x] & 1) != 0)
                at += sprintf(at, "M%d %dh%dv1h-%dz", x + MARGIN, y + MARGIN, run, run);
        }
    memcpy(at, "\"/></svg>", sizeof "\"/></svg>");
    return svg;
}

static void free_code(void *code)
{
    library.free(code);
}

const char *tern_qr_svg(tern_ctx *c, const char *text)
{
    if (strnlen(text, MOST_BYTES + 1) > MOST_BYTES)
        tern_fail(c, 500, "a QR code has at most %d bytes of text", MOST_BYTES);
    if (!load())
        return NULL;
    qr_code *code = library.encode(text, 0, LEVEL_M, MODE_8, 1);
    if (code == NULL && errno == ENOMEM)
        tern_fail(c, 503, "out of memory");
    if (code == NULL)
        tern_fail(c, 500, "the text cannot be a QR code");
    tern_defer(c, free_code, code);
    return draw(c, code);
}
