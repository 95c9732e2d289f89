/* Tern's side of scripts/bench-json, which says what all the programs beside this one do:
 *
 *     json_tern FOLDER DOCUMENT decode|encode MILLISECONDS     prints nanoseconds of CPU for one document
 *     json_tern --write FOLDER                                 writes the documents */
#include "twins.h"

#include "schema/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_BYTES = 1 << 20, LENT_BYTES = 1 << 23 };

static char lent[LENT_BYTES];

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void die(const char *label, const char *why)
{
    fprintf(stderr, "json_tern: %s: %s\n", label, why);
    exit(1);
}

static void decode(const twin *t, twin_value *value, char *text, size_t len, arena *memory)
{
    static const place body = {NULL, "body", 0};
    tern_faults faults;
    faults_init(&faults, memory);
    if (!json_decode(t->type, value, (tern_str){text, len}, NULL, &body, memory, &faults))
        die(t->label, faults.first != NULL ? faults.first->message : "no memory");
}

/** Decoding changes the text, so each document of a batch is a copy; making it is not timed. */
static double measure_decode(const twin *t, const buf *text, uint64_t budget_ns)
{
    size_t step = text->len + 1, batch = text->len < BATCH_BYTES ? BATCH_BYTES / step : 1;
    char *copies = malloc(batch * step);
    if (copies == NULL)
        die(t->label, "no memory");
    uint64_t spent = 0, documents = 0;
    for (bool is_warm = false; spent < budget_ns; is_warm = true) {
        for (size_t i = 0; i < batch; i++)
            memcpy(copies + i * step, text->data, step);
        uint64_t start = cpu_ns();
        for (size_t i = 0; i < batch; i++) {
            twin_value value;
            arena memory;
            arena_init(&memory, lent, sizeof lent, SIZE_MAX);
            decode(t, &value, copies + i * step, text->len, &memory);
            arena_free(&memory);
        }
        if (is_warm) {
            spent += cpu_ns() - start;
            documents += batch;
        }
    }
    free(copies);
    return (double)spent / (double)documents;
}

static double measure_encode(const twin *t, buf *text, uint64_t budget_ns, size_t *bytes)
{
    twin_value value;
    arena kept;
    arena_init(&kept, NULL, 0, SIZE_MAX);
    decode(t, &value, text->data, text->len, &kept);
    size_t batch = BATCH_BYTES / text->len + 1;
    uint64_t spent = 0, documents = 0;
    for (bool is_warm = false; spent < budget_ns; is_warm = true) {
        uint64_t start = cpu_ns();
        for (size_t i = 0; i < batch; i++) {
            arena memory;
            json_out out;
            arena_init(&memory, lent, sizeof lent, 0);
            json_out_init(&out, &memory, 4096);
            if (!json_encode(t->type, &value, &out))
                die(t->label, "encoding failed");
            *bytes = out.len;
            arena_free(&memory);
        }
        if (is_warm) {
            spent += cpu_ns() - start;
            documents += batch;
        }
    }
    arena_free(&kept);
    return (double)spent / (double)documents;
}

static void write_file(const char *folder, const char *label, const buf *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.json", folder, label);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(text->data, 1, text->len, file) != text->len || fclose(file) != 0)
        die(path, "cannot be written");
}

static void make(const twin *t, buf *text)
{
    if (!twin_make(t, text) || !buf_add(text, "", 1))
        die(t->label, "no memory");
    text->len--; /* the NUL */
}

int main(int argc, char **argv)
{
    bool writes = argc == 3 && strcmp(argv[1], "--write") == 0;
    if (!writes && argc != 5)
        die("usage", "FOLDER DOCUMENT decode|encode MILLISECONDS, or --write FOLDER");
    for (size_t i = 0; i < TWINS; i++) {
        buf text = {0}, problems = {0};
        if (!writes && strcmp(argv[2], twins[i].label) != 0)
            continue;
        make(&twins[i], &text);
        if (writes) {
            write_file(argv[2], twins[i].label, &text);
        } else {
            if (!schema_prepare(twins[i].type, &problems))
                die(twins[i].label, problems.data != NULL ? problems.data : "no memory");
            uint64_t budget_ns = strtoull(argv[4], NULL, 10) * 1000000;
            size_t bytes = text.len;
            double ns = strcmp(argv[3], "decode") == 0 ? measure_decode(&twins[i], &text, budget_ns)
                                                       : measure_encode(&twins[i], &text, budget_ns, &bytes);
            printf("%.1f %zu\n", ns, bytes);
        }
        buf_free(&text);
        buf_free(&problems);
    }
    return 0;
}
