/* How fast JSON becomes structs, validation and all.
 *
 * Usage: bench_json_decode [MILLISECONDS [DOCUMENT]]   measures each document (default: 500 ms), or that one
 *        bench_json_decode --write FOLDER               writes the documents, for other programs to read */
#include "../json/twins.h"

#include "base/clock.h"
#include "schema/json/json.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 1 << 20 };

/** Copies of one document, since decoding changes its text. */
typedef struct batch {
    char *copies;
    size_t len, count; /* of one; of them */
} batch;

/** Decodes every copy; nanoseconds of one, without the copying. */
static double decode_batch(const batch *b, const twin *t, const char *text)
{
    static char lent[1 << 16];
    static const place body = {NULL, "body", 0};
    for (size_t i = 0; i < b->count; i++)
        memcpy(b->copies + i * (b->len + 1), text, b->len + 1);
    uint64_t start = clock_ns();
    for (size_t i = 0; i < b->count; i++) {
        twin_value value;
        arena memory;
        tern_faults faults;
        arena_init(&memory, lent, sizeof lent, SIZE_MAX);
        faults_init(&faults, &memory);
        tern_str copy = {b->copies + i * (b->len + 1), b->len};
        if (!json_decode(t->type, &value, copy, NULL, &body, &memory, &faults)) {
            fprintf(stderr, "%s: %s\n", t->label, faults.first != NULL ? faults.first->message : "no memory");
            exit(1);
        }
        arena_free(&memory);
    }
    return (double)(clock_ns() - start) / (double)b->count;
}

static void measure(const twin *t, const char *text, size_t len, uint64_t budget_ns)
{
    batch b = {.len = len, .count = len < BATCH_BYTES ? BATCH_BYTES / (len + 1) : 1};
    b.copies = malloc(b.count * (len + 1));
    if (b.copies == NULL)
        abort();
    double best_ns = 1e18;
    for (uint64_t start = clock_ns(); clock_ns() - start < budget_ns;) {
        double ns = decode_batch(&b, t, text);
        best_ns = ns < best_ns ? ns : best_ns;
    }
    printf("%-10s %8zu bytes %12.0f ns %8.0f MB/s\n", t->label, len, best_ns, (double)len * 1e3 / best_ns);
    free(b.copies);
}

static void write_file(const char *folder, const char *label, const buf *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.json", folder, label);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(text->data, 1, text->len, file) != text->len || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    /* Memory that was touched once stays at hand, as it does where memory is a block that is used again. */
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    bool writes = argc > 2 && strcmp(argv[1], "--write") == 0;
    uint64_t budget_ns = (argc > 1 && !writes ? strtoull(argv[1], NULL, 10) : 500) * 1000000;
    for (size_t i = 0; i < TWINS; i++) {
        buf text = {0}, problems = {0};
        if (!schema_prepare(twins[i].type, &problems) || !twin_make(&twins[i], &text) ||
            !buf_add(&text, "", 1)) {
            fprintf(stderr, "%s: %s\n", twins[i].label, problems.data != NULL ? problems.data : "no memory");
            return 1;
        }
        text.len--; /* the NUL */
        if (writes)
            write_file(argv[2], twins[i].label, &text);
        else if (argc < 3 || strcmp(argv[2], twins[i].label) == 0)
            measure(&twins[i], text.data, text.len, budget_ns);
        buf_free(&text);
        buf_free(&problems);
    }
    return 0;
}
