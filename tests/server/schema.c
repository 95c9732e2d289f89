/*
 * test_schema.py runs this on real engines: `schema sqlite|postgres` prints the SQL of these models' tables.
 */
#include "base/buf.h"
#include "data/ddl/ddl.h"
#include "data/table/table.h"

#include <stdio.h>
#include <string.h>

TERN_ENUM(Mood, calm, angry)
TERN_MODEL(Address, (const char *, street))

TERN_MODEL_WITH(Person, (.table = "user"),
    (int64_t, id, .key = true),
    (const char *, email, .unique = true, .max_length = 5))

/* Every field except the key is optional, so that a row can be wrong in only one field. */
TERN_MODEL_WITH(Thing, (.unique_together = TERN_COLUMNS("a, b", "d where k")),
    (int64_t, id, .key = true),
    (int8_t, a, .optional = true),
    (int16_t, b, .optional = true, .max = 9),
    (int32_t, c, .optional = true, .multiple_of = 5),
    (int64_t, d, .optional = true, .min = 1),
    (uint8_t, e, .optional = true),
    (uint16_t, f, .optional = true),
    (uint32_t, g, .optional = true),
    (uint64_t, h, .optional = true),
    (float, i, .optional = true, .max = 0.1),
    (double, j, .optional = true, .min = 0.5),
    (bool, k, .optional = true),
    (const char *, l, .optional = true, .choices = TERN_CHOICES("it's", "no")),
    (tern_bytes, m, .optional = true, .min_length = 2),
    (tern_uuid, n, .optional = true),
    (tern_date, o, .optional = true),
    (tern_time, p, .optional = true),
    (tern_datetime, q, .optional = true),
    (tern_duration, r, .optional = true),
    (tern_decimal, s, .optional = true, .min = 0.1),
    (tern_any, t, .optional = true),
    (Mood, u, .optional = true),
    (Address, v, .optional = true),
    (const char *, w, .optional = true, .min_length = 2, .max_length = 3, .pattern = "^[a-z\xc3\xa4]*$"),
    (const char *, x, .optional = true, .pattern = "^[a-z]+(-[a-z]+)*$"),
    (int64_t, owner, .optional = true, .references = TERN_TYPE(Person)),
    (int64_t, heir, .optional = true, .references = TERN_TYPE(Person), .on_delete = TERN_SET_NULL),
    (int64_t, maker, .optional = true, .references = TERN_TYPE(Person), .on_delete = TERN_CASCADE))

/* Defaults of every kind. */
TERN_MODEL(Plain,
    (int32_t, id, .key = true),
    (int8_t, a, .fallback = "-5"),
    (uint64_t, h, .fallback = "7"),
    (float, i, .fallback = "0.5"),
    (double, j, .fallback = "1.5"),
    (bool, k, .fallback = "true"),
    (const char *, l, .fallback = "it's"),
    (tern_bytes, m, .fallback = "AP8="),
    (tern_uuid, n, .fallback = "01234567-89ab-cdef-0123-456789abcdef"),
    (tern_date, o, .fallback = "2026-11-24"),
    (tern_time, p, .fallback = "17:30:00.25"),
    (tern_datetime, q, .fallback = "2026-11-24T17:30:00+01:00"),
    (tern_duration, r, .fallback = "PT1.5S"),
    (tern_decimal, s, .fallback = "12.30"),
    (tern_text_list, u, .fallback = "[]"),
    (Mood, v, .fallback = "angry"))

/* Limits that exclude their own value, and limits in time. */
TERN_MODEL(Limit,
    (int64_t, id, .key = true),
    (int32_t, a, .optional = true, .above = 0),
    (double, b, .optional = true, .below = 2.5),
    (tern_decimal, c, .optional = true, .above = 0.1),
    (tern_decimal, d, .optional = true, .at_most = "1234567890123456.78"),
    (tern_date, e, .optional = true, .at_least = "2020-01-01", .at_most = "today"),
    (tern_time, f, .optional = true, .at_least = "08:00:00", .at_most = "17:30:00"),
    (tern_datetime, g, .optional = true, .at_most = "2030-01-01T00:00:00Z"),
    (tern_duration, h, .optional = true, .at_least = "PT1S"))

static tern_type Ring_type;
TERN_MODEL(Circle, (int64_t, id, .key = true), (int64_t, next, .optional = true, .references = &Ring_type))
TERN_MODEL(Ring,
    (int64_t, id, .key = true),
    (int64_t, next, .optional = true, .references = TERN_TYPE(Circle)))

TERN_MODEL(Pair, (tern_uuid, one, .key = true), (int32_t, two, .key = true))

int main(int argc, char **argv)
{
    tern_type *const models[] = {TERN_TYPE(Thing),  TERN_TYPE(Person), TERN_TYPE(Plain), TERN_TYPE(Limit),
                                 TERN_TYPE(Circle), TERN_TYPE(Ring),   TERN_TYPE(Pair),  NULL};
    arena memory = {.limit_bytes = SIZE_MAX};
    buf problems = {0}, sql = {0};
    const ddl_schema *schema = NULL;
    if (data_tables_make(models, &problems))
        schema = ddl_of_models(&memory, &problems);
    if (schema != NULL)
        ddl_add_schema(&sql, argc > 1 && strcmp(argv[1], "sqlite") == 0 ? DATA_SQLITE : DATA_POSTGRES,
                       schema);
    else
        fputs(problems.data, stderr);
    fputs(sql.data != NULL ? sql.data : "", stdout);
    buf_free(&sql);
    buf_free(&problems);
    arena_free(&memory);
    data_tables_forget();
    schema_forget();
    return schema == NULL;
}
