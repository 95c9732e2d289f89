/**
 * The built-in types: C's and Tern's own values, each with its list and its map.
 */
#include <tern/model.h>

/* Errors at start print their names, so they are spelled as in a model. */
#define LIST_AND_MAP(Name, in_words)                                                                         \
    tern_type Name##_list_type = {                                                                           \
        .kind = TERN_KIND_LIST, .name = in_words, .size = sizeof(Name##_list), .item = &Name##_type};        \
    tern_type Name##_map_type = {                                                                            \
        .kind = TERN_KIND_MAP, .name = in_words, .size = sizeof(Name##_map), .item = &Name##_type};
#define ONE_TYPE(Name, its_kind, c_type, in_words)                                                           \
    tern_type Name##_type = {.kind = its_kind, .name = in_words, .size = sizeof(c_type)};                    \
    LIST_AND_MAP(Name, in_words)
#define BASE_TYPE(Name, its_kind, c_type)                                                                    \
    ONE_TYPE(Name, its_kind, c_type, #c_type)                                                                \
    LIST_AND_MAP(Name##_list, #Name "_list")

BASE_TYPE(tern_bool, TERN_KIND_BOOL, bool)
BASE_TYPE(tern_int8, TERN_KIND_INT, int8_t)
BASE_TYPE(tern_int16, TERN_KIND_INT, int16_t)
BASE_TYPE(tern_int32, TERN_KIND_INT, int32_t)
BASE_TYPE(tern_int64, TERN_KIND_INT, int64_t)
BASE_TYPE(tern_uint8, TERN_KIND_UINT, uint8_t)
BASE_TYPE(tern_uint16, TERN_KIND_UINT, uint16_t)
BASE_TYPE(tern_uint32, TERN_KIND_UINT, uint32_t)
BASE_TYPE(tern_uint64, TERN_KIND_UINT, uint64_t)
BASE_TYPE(tern_float, TERN_KIND_FLOAT, float)
BASE_TYPE(tern_double, TERN_KIND_FLOAT, double)
BASE_TYPE(tern_text, TERN_KIND_TEXT, const char *)
BASE_TYPE(tern_bytes, TERN_KIND_BYTES, tern_bytes)
BASE_TYPE(tern_uuid, TERN_KIND_UUID, tern_uuid)
BASE_TYPE(tern_date, TERN_KIND_DATE, tern_date)
BASE_TYPE(tern_time, TERN_KIND_TIME, tern_time)
BASE_TYPE(tern_datetime, TERN_KIND_DATETIME, tern_datetime)
BASE_TYPE(tern_duration, TERN_KIND_DURATION, tern_duration)
BASE_TYPE(tern_decimal, TERN_KIND_DECIMAL, tern_decimal)
BASE_TYPE(tern_any, TERN_KIND_ANY, tern_any)
ONE_TYPE(tern_upload, TERN_KIND_UPLOAD, tern_upload, "tern_upload")
