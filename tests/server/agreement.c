/* The server for test_agreement.py: one route for each kind, presence and rule of a field, which echoes what
 * it was sent, and a resource. */
#include <tern.h>

/* clang-format off */

TERN_ENUM(Tone, low, high)
TERN_MODEL(Inner, (int, n, .min = 0), (const char *, note, .optional = true, .nullable = false, .max_length = 3))

/* A field that is required, that may be missing or null, that may only be missing, and that may only be
 * null. */
#define PRESENCES(X, name, T, ...)                                                                           \
    X(name##_must, (T, v __VA_OPT__(, ) __VA_ARGS__))                                                        \
    X(name##_may, (T, v, .optional = true __VA_OPT__(, ) __VA_ARGS__))                                       \
    X(name##_leave, (T, v, .optional = true, .nullable = false __VA_OPT__(, ) __VA_ARGS__))                  \
    X(name##_null, (T, v, .nullable = true __VA_OPT__(, ) __VA_ARGS__))

#define CASES(X)                                                                                             \
    PRESENCES(X, flag, bool)                                                                                 \
    PRESENCES(X, i8, int8_t)                                                                                 \
    PRESENCES(X, i16, int16_t)                                                                               \
    PRESENCES(X, i32, int32_t)                                                                               \
    PRESENCES(X, i64, int64_t)                                                                               \
    PRESENCES(X, u8, uint8_t)                                                                                \
    PRESENCES(X, u16, uint16_t)                                                                              \
    PRESENCES(X, u32, uint32_t)                                                                              \
    PRESENCES(X, u64, uint64_t)                                                                              \
    PRESENCES(X, small, float)                                                                               \
    PRESENCES(X, real, double)                                                                               \
    PRESENCES(X, text, const char *)                                                                         \
    PRESENCES(X, data, tern_bytes)                                                                           \
    PRESENCES(X, uuid, tern_uuid)                                                                            \
    PRESENCES(X, day, tern_date)                                                                             \
    PRESENCES(X, hour, tern_time)                                                                            \
    PRESENCES(X, moment, tern_datetime)                                                                      \
    PRESENCES(X, span, tern_duration)                                                                        \
    PRESENCES(X, exact, tern_decimal)                                                                        \
    PRESENCES(X, any, tern_any)                                                                              \
    PRESENCES(X, tone, Tone)                                                                                 \
    PRESENCES(X, inner, Inner)                                                                               \
    PRESENCES(X, texts, tern_text_list)                                                                      \
    PRESENCES(X, numbers, tern_int32_list)                                                                   \
    PRESENCES(X, exacts, tern_decimal_list)                                                                  \
    PRESENCES(X, tones, Tone_list)                                                                           \
    PRESENCES(X, inners, Inner_list)                                                                         \
    PRESENCES(X, by_name, tern_int64_map)                                                                    \
    PRESENCES(X, inner_by_name, Inner_map)                                                                   \
    X(min_zero, (int, v, .min = 0))                                                                          \
    X(max_zero, (int, v, .optional = true, .max = 0))                                                        \
    X(range_i64, (int64_t, v, .min = -5, .max = 127))                                                        \
    X(above, (int, v, .above = 0, .below = 128))                                                             \
    X(multiple, (int, v, .multiple_of = 5))                                                                  \
    X(real_range, (double, v, .min = -1.5, .below = 128))                                                    \
    X(real_above, (double, v, .above = 0))                                                                   \
    X(exact_range, (tern_decimal, v, .min = 0, .max = 127.5))                                                \
    X(exact_cents, (tern_decimal, v, .multiple_of = 0.01))                                                   \
    X(short_text, (const char *, v, .min_length = 1, .max_length = 3))                                       \
    X(empty_text, (const char *, v, .max_length = 0))                                                        \
    X(choice, (const char *, v, .choices = TERN_CHOICES("a", "abc")))                                        \
    X(choice_may, (const char *, v, .optional = true, .choices = TERN_CHOICES("a", "abc")))                  \
    X(choice_leave, (const char *, v, .optional = true, .nullable = false, .choices = TERN_CHOICES("a")))    \
    X(uuid_text, (const char *, v, .format = "uuid"))                                                        \
    X(date_text, (const char *, v, .format = "date"))                                                        \
    X(mail, (const char *, v, .format = "email"))                                                            \
    X(address, (const char *, v, .format = "ipv4"))                                                          \
    X(bytes_some, (tern_bytes, v, .min_length = 3, .max_length = 6))                                         \
    X(few, (tern_text_list, v, .min_items = 1, .max_items = 2))                                              \
    X(unique, (tern_text_list, v, .unique_items = true))                                                     \
    X(unique_numbers, (tern_int32_list, v, .unique_items = true))                                            \
    X(limited, (tern_int32_list, v, .items = TERN_RULES(.min = 0, .max = 127)))                              \
    X(limited_texts, (tern_text_list, v, .items = TERN_RULES(.max_length = 1)))                              \
    X(keyed, (tern_int64_map, v, .keys = TERN_RULES(.max_length = 1), .items = TERN_RULES(.min = 1)))        \
    X(few_keys, (tern_int64_map, v, .min_items = 1, .max_items = 1))                                         \
    X(fallback_int, (int, v, .fallback = "5"))                                                               \
    X(fallback_null, (int, v, .fallback = "5", .nullable = true))                                            \
    X(fallback_text, (const char *, v, .fallback = "a"))                                                     \
    X(fallback_tone, (Tone, v, .fallback = "low"))                                                           \
    X(fallback_list, (tern_text_list, v, .fallback = "[]"))                                                  \
    X(hidden, (const char *, v, .write_only = true))                                                         \
    X(shown, (int, v, .read_only = true))                                                                    \
    X(renamed, (int, inside, .json = "v"))                                                                   \
    X(several, (int, a), (const char *, v, .optional = true, .nullable = false), (Tone, z, .nullable = true))

#define DECLARE(name, ...)                                                                                   \
    TERN_MODEL(name, __VA_ARGS__)                                                                            \
    TERN_HANDLER(echo_##name, name, in)                                                                      \
    {                                                                                                        \
        return tern_json(c, name, in);                                                                       \
    }
#define REGISTER(name, ...) tern_post(app, "/echo/" #name, echo_##name, .returns = TERN_TYPE(name));

CASES(DECLARE)

TERN_MODEL(Thing,
    (int64_t,        id,     .key = true, .read_only = true),
    (const char *,   title,  .min_length = 1, .max_length = 3),
    (int,            stars,  .min = 0, .max = 5, .fallback = "0"),
    (const char *,   note,   .optional = true),
    (const char *,   tag,    .optional = true, .nullable = false, .max_length = 3),
    (tern_date,      due,    .nullable = true),
    (Tone,           tone,   .fallback = "low"),
    (tern_decimal,   price,  .optional = true, .nullable = false, .min = 0),
    (tern_text_list, labels, .fallback = "[]", .max_items = 2),
    (Inner,          inner,  .optional = true),
    (const char *,   secret, .write_only = true, .optional = true, .max_length = 3))

/* clang-format on */

TERN_HANDLER(reset)
{
    tern_sql_run(c, "delete from thing");
    Thing thing = {.title = "abc", .tern_state = {.due = TERN_STATE_NULL}};
    tern_insert(c, Thing, &thing);
    return tern_textf(c, "%lld", (long long)thing.id);
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Agreement", .version = "1.0");
    CASES(REGISTER)
    tern_database_with(app, (.url = "sqlite::memory:"), TERN_TYPE(Thing));
    tern_resource(app, "/things", TERN_TYPE(Thing));
    tern_post(app, "/reset", reset, .hidden = true);
    return tern_run(app, argc, argv);
}
