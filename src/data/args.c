/* Makes bound values from C's types: TERN_ARG calls these functions. */
#include <tern/data.h>

#include <string.h>

tern_arg tern_arg_null(const void *unused)
{
    (void)unused;
    return (tern_arg){.kind = TERN_ARG_NULL, .is_null = true};
}

tern_arg tern_arg_bool(bool value)
{
    return (tern_arg){.kind = TERN_ARG_BOOL, .boolean = value};
}

tern_arg tern_arg_int(int64_t value)
{
    return (tern_arg){.kind = TERN_ARG_INT, .integer = value};
}

tern_arg tern_arg_uint(uint64_t value)
{
    if (value <= INT64_MAX)
        return tern_arg_int((int64_t)value);
    return (tern_arg){.kind = TERN_ARG_TOO_BIG};
}

tern_arg tern_arg_double(double value)
{
    return (tern_arg){.kind = TERN_ARG_DOUBLE, .real = value};
}

tern_arg tern_arg_text(const char *text)
{
    return (tern_arg){
        .kind = TERN_ARG_TEXT, .is_null = text == NULL, .text = {text, text != NULL ? strlen(text) : 0}};
}

tern_arg tern_arg_slice(tern_str text)
{
    return (tern_arg){.kind = TERN_ARG_TEXT, .is_null = text.data == NULL, .text = text};
}

tern_arg tern_arg_bytes(tern_bytes bytes)
{
    return (tern_arg){
        .kind = TERN_ARG_BYTES, .is_null = bytes.data == NULL, .text = {(const char *)bytes.data, bytes.len}};
}

tern_arg tern_arg_uuid(tern_uuid value)
{
    return (tern_arg){.kind = TERN_ARG_UUID, .uuid = value};
}

tern_arg tern_arg_date(tern_date value)
{
    return (tern_arg){.kind = TERN_ARG_DATE, .date = value};
}

tern_arg tern_arg_time(tern_time value)
{
    return (tern_arg){.kind = TERN_ARG_TIME, .time = value};
}

tern_arg tern_arg_datetime(tern_datetime value)
{
    return (tern_arg){.kind = TERN_ARG_DATETIME, .datetime = value};
}

tern_arg tern_arg_duration(tern_duration value)
{
    return (tern_arg){.kind = TERN_ARG_DURATION, .duration = value};
}

tern_arg tern_arg_decimal(tern_decimal value)
{
    return (tern_arg){.kind = TERN_ARG_DECIMAL, .decimal = value};
}

tern_arg tern_arg_json(tern_any json)
{
    return (tern_arg){.kind = TERN_ARG_JSON, .is_null = json.data == NULL, .text = {json.data, json.len}};
}

tern_arg tern_arg_self(tern_arg value)
{
    return value;
}
