/**
 * What it costs to find a field by its key: the plan's perfect hash against a linear search.
 *
 * Usage: bench_plan. Keys are looked up in a scrambled order, so that neither the branch predictor nor the
 * search can know what comes; nanoseconds for one look-up, the best of several rounds.
 */
#include "base/clock.h"
#include "schema/plan/plan.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 20, STEPS = 1 << 18, ORDER = 4096, MOST_FIELDS = 128 };

static const char *const words[] = {
    "id",   "title", "created_at", "price",       "description", "is_done", "owner", "quantity",
    "tags", "email", "street",     "postal_code", "latitude",    "status",  "url",   "kind"};

static char names[MOST_FIELDS][32];
static tern_field fields[MOST_FIELDS];
static tern_type model = {.kind = TERN_KIND_MODEL, .name = "Bench", .size = 8, .fields = fields};
static unsigned char order[ORDER];
static volatile int sink;

static int find_linear(const type_plan *plan, const char *key, size_t len)
{
    for (unsigned i = 0; i < plan->type->field_count; i++) {
        const field_plan *field = &plan->fields[i];
        if (field->key_len == len && memcmp(field->key, key, len) == 0)
            return (int)i;
    }
    return -1;
}

static double best_ns(const type_plan *plan, int (*find)(const type_plan *, const char *, size_t))
{
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        int sum = 0;
        uint64_t began = clock_ns();
        for (unsigned i = 0; i < STEPS; i++) {
            const field_plan *field = &plan->fields[order[i % ORDER]];
            sum += find(plan, field->key, field->key_len);
        }
        uint64_t took = clock_ns() - began;
        if (took < best)
            best = took;
        sink = sum;
    }
    return (double)best / STEPS;
}

static void measure(unsigned count)
{
    uint32_t random = 1;
    for (unsigned i = 0; i < count; i++) {
        unsigned word = i % (sizeof words / sizeof *words);
        if (i == word)
            snprintf(names[i], sizeof names[i], "%s", words[word]);
        else
            snprintf(names[i], sizeof names[i], "%s_%u", words[word], i);
        fields[i] = (tern_field){.name = names[i], .type = &tern_int32_type, .written = ""};
    }
    for (unsigned i = 0; i < ORDER; i++) {
        random = random * 1664525 + 1013904223;
        order[i] = (unsigned char)((random >> 16) % count);
    }
    model.field_count = count;
    buf problems = {0};
    if (!schema_prepare(&model, &problems)) {
        printf("%s", problems.data);
        return;
    }
    const type_plan *plan = plan_of(&model);
    double hashed = best_ns(plan, plan_find), searched = best_ns(plan, find_linear);
    printf("%3u fields: perfect hash %5.1f ns (%u slots), linear search %5.1f ns\n", count, hashed,
           plan->mask + 1, searched);
    schema_forget();
}

int main(void)
{
    static const unsigned counts[] = {3, 10, 40, 128};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        measure(counts[i]);
    return 0;
}
