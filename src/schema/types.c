/**
 * The types that are there without a model: C's own and Tern's values, each with its list and its map.
 */
#include <tern/model.h>

/* Their names are what a mistake at start calls them, so they are spelled as in a model. */
#define LIST_AND_MAP(Name, in_words)                                                                         \
    tern_type Name##_list_type = {                                                                           \
        .kind = TERN_LIST_KIND, .name = in_words, .size = sizeof(Name##_list), .item = &Name##_type};        \
    tern_type Name##_map_type = {                                                                            \
        .kind = TERN_MAP_KIND, .name = in_words, .size = sizeof(Name##_map), .item = &Name##_type};
#define ONE_TYPE(Name, its_kind, c_type, in_words)                                                           \
    tern_type Name##_type = {.kind = its_kind, .name = in_words, .size = sizeof(c_type)};                    \
    LIST_AND_MAP(Name, in_words)
#define BASE_TYPE(Name, its_kind, c_type)                                                                    \
    ONE_TYPE(Name, its_kind, c_type, #c_type)                                                                \
    LIST_AND_MAP(Name##_list, #Name "_list")

BASE_TYPE(tern_bool, TERN_BOOL, bool)
BASE_TYPE(tern_int8, TERN_INT, int8_t)
BASE_TYPE(tern_int16, TERN_INT, int16_t)
BASE_TYPE(tern_int32, TERN_INT, int32_t)
BASE_TYPE(tern_int64, TERN_INT, int64_t)
BASE_TYPE(tern_uint8, TERN_UINT, uint8_t)
BASE_TYPE(tern_uint16, TERN_UINT, uint16_t)
BASE_TYPE(tern_uint32, TERN_UINT, uint32_t)
BASE_TYPE(tern_uint64, TERN_UINT, uint64_t)
BASE_TYPE(tern_float, TERN_FLOAT, float)
BASE_TYPE(tern_double, TERN_FLOAT, double)
BASE_TYPE(tern_text, TERN_TEXT, const char *)
BASE_TYPE(tern_bytes, TERN_BYTES, tern_bytes)
BASE_TYPE(tern_uuid, TERN_UUID, tern_uuid)
BASE_TYPE(tern_date, TERN_DATE, tern_date)
BASE_TYPE(tern_time, TERN_TIME, tern_time)
BASE_TYPE(tern_datetime, TERN_DATETIME, tern_datetime)
BASE_TYPE(tern_duration, TERN_DURATION, tern_duration)
BASE_TYPE(tern_decimal, TERN_DECIMAL, tern_decimal)
BASE_TYPE(tern_any, TERN_ANY, tern_any)
ONE_TYPE(tern_upload, TERN_UPLOAD, tern_upload, "tern_upload")
