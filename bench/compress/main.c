/** Tern's side of bench/compressing.py: one body, compressed for each client. */
#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *body;
static size_t body_len;

TERN_HANDLER(json)
{
    return tern_bytes_reply(c, "application/json", body, body_len);
}

static bool read_body(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    body = malloc(16 * 1024 * 1024);
    body_len = body != NULL ? fread(body, 1, 16 * 1024 * 1024, file) : 0;
    fclose(file);
    return body_len != 0;
}

static int level_of(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? atoi(value) : 0;
}

int main(int argc, char **argv)
{
    const char *path = getenv("BODY");
    if (path == NULL || !read_body(path)) {
        fprintf(stderr, "BODY must name a file\n");
        return 1;
    }
    tern_app *app = tern_app_new();
    tern_use(app, tern_compress(.gzip_level = level_of("GZIP"), .brotli_level = level_of("BROTLI"),
                                .zstd_level = level_of("ZSTD")));
    tern_get(app, "/json", json);
    return tern_run(app, argc, argv);
}
