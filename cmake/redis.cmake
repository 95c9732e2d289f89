# hiredis, whose reader takes the replies of Redis. The build needs its headers; the library is loaded at the first
# command, so programs that send none do not need it.
tern_optional_library(REDIS HIREDIS hiredis 0.14 hiredis/hiredis.h redisReaderCreateWithFunctions
    "hiredis 0.14 or newer (libhiredis-dev) is not there: tern_redis will refuse every command")
list(TRANSFORM HIREDIS_INCLUDE_DIRS REPLACE "/hiredis$" "") # we include <hiredis/hiredis.h>
