#include <tern/model.h>

#include "check.h"

#define ROW(Name, c_type, its_kind)                                                                          \
    {                                                                                                        \
#Name, &Name##_type, &Name##_list_type, &Name##_map_type, its_kind, sizeof(c_type),                  \
            _Alignof(c_type), offsetof(Name##_entry, value)                                                  \
    }

static const struct {
    const char *name;
    const tern_type *type, *list, *map;
    tern_kind kind;
    size_t size, alignment, entry_offset;
} rows[] = {
    ROW(tern_bool, bool, TERN_KIND_BOOL),
    ROW(tern_int8, int8_t, TERN_KIND_INT),
    ROW(tern_int16, int16_t, TERN_KIND_INT),
    ROW(tern_int32, int32_t, TERN_KIND_INT),
    ROW(tern_int64, int64_t, TERN_KIND_INT),
    ROW(tern_uint8, uint8_t, TERN_KIND_UINT),
    ROW(tern_uint16, uint16_t, TERN_KIND_UINT),
    ROW(tern_uint32, uint32_t, TERN_KIND_UINT),
    ROW(tern_uint64, uint64_t, TERN_KIND_UINT),
    ROW(tern_float, float, TERN_KIND_FLOAT),
    ROW(tern_double, double, TERN_KIND_FLOAT),
    ROW(tern_text, const char *, TERN_KIND_TEXT),
    ROW(tern_bytes, tern_bytes, TERN_KIND_BYTES),
    ROW(tern_uuid, tern_uuid, TERN_KIND_UUID),
    ROW(tern_date, tern_date, TERN_KIND_DATE),
    ROW(tern_time, tern_time, TERN_KIND_TIME),
    ROW(tern_datetime, tern_datetime, TERN_KIND_DATETIME),
    ROW(tern_duration, tern_duration, TERN_KIND_DURATION),
    ROW(tern_decimal, tern_decimal, TERN_KIND_DECIMAL),
    ROW(tern_any, tern_any, TERN_KIND_ANY),
    ROW(tern_upload, tern_upload, TERN_KIND_UPLOAD),
};

TEST(types_have_the_kind_and_size_of_their_c_type_and_lists_and_maps_of_themselves)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(rows[i].type->kind, rows[i].kind);
        CHECK_INT(rows[i].type->size, rows[i].size);
        CHECK_INT(rows[i].list->kind, TERN_KIND_LIST);
        CHECK_INT(rows[i].list->size, sizeof(tern_text_list));
        CHECK(rows[i].list->item == rows[i].type);
        CHECK_INT(rows[i].map->kind, TERN_KIND_MAP);
        CHECK_INT(rows[i].map->size, sizeof(tern_text_map));
        CHECK(rows[i].map->item == rows[i].type);
    }
}

TEST(types_are_named_as_a_model_spells_them)
{
    CHECK_TEXT(tern_bool_type.name, "bool");
    CHECK_TEXT(tern_text_type.name, "const char *");
    CHECK_TEXT(tern_int64_list_type.name, "int64_t");
}

/* Readers and writers of maps step from entry to entry without knowing the value's type. */
TEST(types_of_maps_have_the_value_right_after_the_key)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_INT(rows[i].entry_offset, sizeof(char *));
}

/* Every way to spell a built-in C type, of up to three words, finds its description. */
TERN_MODEL(Spelled,
    (bool, a),
    (signed char, b),
    (short, c),
    (int, d),
    (long, e),
    (long long, f),
    (unsigned char, g),
    (unsigned short, h),
    (unsigned, i),
    (unsigned int, j),
    (unsigned long, k),
    (unsigned long long, l),
    (size_t, m),
    (float, n),
    (double, o),
    (const char *, p),
    (int8_t, q),
    (uint64_t, r),
    (short int, s),
    (long long int, t),
    (signed, u),
    (tern_uuid, v),
    (tern_text_list, w),
    (tern_int64_map, x))

TEST(types_are_found_from_every_spelling)
{
    static tern_type *const want[] = {
        &tern_bool_type,   &tern_int8_type,   &tern_int16_type,     &tern_int32_type,    &tern_int64_type,
        &tern_int64_type,  &tern_uint8_type,  &tern_uint16_type,    &tern_uint32_type,   &tern_uint32_type,
        &tern_uint64_type, &tern_uint64_type, &tern_uint64_type,    &tern_float_type,    &tern_double_type,
        &tern_text_type,   &tern_int8_type,   &tern_uint64_type,    &tern_int16_type,    &tern_int64_type,
        &tern_int32_type,  &tern_uuid_type,   &tern_text_list_type, &tern_int64_map_type};
    CHECK_INT(Spelled_type.field_count, sizeof want / sizeof *want);
    for (unsigned i = 0; i < Spelled_type.field_count; i++)
        CHECK(Spelled_type.fields[i].type == want[i]);
}

TERN_ENUM(Size, small, large);
TERN_MODEL(Sized, (Size, size))

TEST(types_of_enums_know_their_names)
{
    CHECK_INT(Size_type.kind, TERN_KIND_ENUM);
    CHECK_INT(Size_type.name_count, 2);
    CHECK_TEXT(Size_type.names[1].name, "large");
    CHECK_INT(Size_type.names[1].value, Size_large);
    CHECK(Sized_type.fields[0].type == &Size_type);
}
