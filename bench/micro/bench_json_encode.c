/* How fast structs become JSON, beside copying the same bytes.
 *
 * Usage: bench_json_encode [MILLISECONDS]          measures each document (default: 300 ms) */
#include "../json/twins.h"

#include "base/clock.h"
#include "schema/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TERN_MODEL(Todo, (int64_t, id), (const char *, title), (bool, done))

enum { TODOS = 100, LENT_BYTES = 1 << 23 };

static char lent[LENT_BYTES], copied[LENT_BYTES];

/** Encodes once; the bytes written. */
static size_t encode(const tern_type *type, const void *value, const char **text)
{
    arena memory;
    json_out out;
    arena_init(&memory, lent, sizeof lent, 0);
    json_out_init(&out, &memory, 4096);
    if (!json_encode(type, value, &out)) {
        fprintf(stderr, "%s: encoding failed\n", type->name);
        exit(1);
    }
    *text = out.data;
    return out.len;
}

static void measure(const char *label, const tern_type *type, const void *value, uint64_t budget_ns)
{
    const char *text;
    size_t len = encode(type, value, &text), rounds = len < 100000 ? 100000 / len + 1 : 1;
    double best_ns = 1e18, copy_ns = 1e18;
    for (uint64_t begin = clock_ns(); clock_ns() - begin < budget_ns;) {
        uint64_t start = clock_ns();
        for (size_t i = 0; i < rounds; i++)
            encode(type, value, &text);
        double ns = (double)(clock_ns() - start) / (double)rounds;
        best_ns = ns < best_ns ? ns : best_ns;
        start = clock_ns();
        for (size_t i = 0; i < rounds; i++) {
            memcpy(copied, text, len);
            __asm__ volatile("" ::: "memory");
        }
        ns = (double)(clock_ns() - start) / (double)rounds;
        copy_ns = ns < copy_ns ? ns : copy_ns;
    }
    printf("%-10s %8zu bytes %10.0f ns %7.0f MB/s   memcpy %8.0f ns\n", label, len, best_ns,
           (double)len * 1e3 / best_ns, copy_ns);
}

static void prepare(tern_type *type)
{
    buf problems = {0};
    if (schema_prepare(type, &problems))
        return;
    fprintf(stderr, "%s", problems.data != NULL ? problems.data : "no memory\n");
    exit(1);
}

static void measure_todos(uint64_t budget_ns)
{
    static Todo todos[TODOS];
    for (int i = 0; i < TODOS; i++)
        todos[i] = (Todo){.id = i + 1, .title = "Buy milk and bread on the way", .done = i % 3 == 0};
    prepare(TERN_LIST(Todo));
    measure("todos", TERN_LIST(Todo), &(Todo_list){todos, TODOS}, budget_ns);
}

/** What a twin's document holds is decoded once, and encoded again and again. */
static void measure_twin(const twin *t, uint64_t budget_ns)
{
    static const place body = {NULL, "body", 0};
    buf text = {0};
    twin_value value;
    arena memory;
    tern_faults faults;
    prepare(t->type);
    arena_init(&memory, NULL, 0, SIZE_MAX);
    faults_init(&faults, &memory);
    if (!twin_make(t, &text) ||
        !json_decode(t->type, &value, (tern_str){text.data, text.len}, NULL, &body, &memory, &faults)) {
        fprintf(stderr, "%s: no memory\n", t->label);
        exit(1);
    }
    measure(t->label, t->type, &value, budget_ns);
    arena_free(&memory);
    buf_free(&text);
}

int main(int argc, char **argv)
{
    uint64_t budget_ns = (argc > 1 ? strtoull(argv[1], NULL, 10) : 300) * 1000000;
    measure_todos(budget_ns);
    for (size_t i = 0; i < TWINS; i++)
        measure_twin(&twins[i], budget_ns);
    return 0;
}
