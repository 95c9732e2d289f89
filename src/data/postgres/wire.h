/** Numbers in PostgreSQL's binary formats: big-endian. */
#ifndef POSTGRES_WIRE_H
#define POSTGRES_WIRE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Object ids of the types that Tern uses (pg_type.dat of PostgreSQL; they never change). */
enum {
    OID_UNKNOWN_YET = 0, /* of a parameter: the server infers it */
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_CHAR = 18,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_XML = 142,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_UNKNOWN = 705,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_INTERVAL = 1186,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_JSONB = 3802,
    OID_FIRST_OF_USERS = 16384 /* enums, domains' bases and extensions' types begin here */
};

/* Dates and times count from 2000-01-01. */
static const int64_t WIRE_EPOCH_DAYS = 10957;
static const int64_t WIRE_EPOCH_US = 10957 * INT64_C(86400) * 1000000;
static const int64_t WIRE_DAY_US = INT64_C(86400) * 1000000;

static inline void wire_put_32(char *to, uint32_t value)
{
    value = htobe32(value);
    memcpy(to, &value, sizeof value);
}

static inline void wire_put_64(char *to, uint64_t value)
{
    value = htobe64(value);
    memcpy(to, &value, sizeof value);
}

static inline uint16_t wire_get_16(const char *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof value);
    return be16toh(value);
}

static inline uint32_t wire_get_32(const char *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return be32toh(value);
}

static inline uint64_t wire_get_64(const char *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return be64toh(value);
}

#endif
