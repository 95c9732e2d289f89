# hiredis, whose reader takes the replies of Redis. The build needs its headers; the library is loaded at the first
# command, so programs that send none do not need it.
set(TERN_HAS_REDIS OFF)
if(TERN_WITH_REDIS AND PkgConfig_FOUND)
    pkg_check_modules(HIREDIS QUIET IMPORTED_TARGET hiredis>=0.14)
    if(HIREDIS_FOUND) # and is for the machine built for: a cross compiler may be shown its host's
        list(TRANSFORM HIREDIS_INCLUDE_DIRS REPLACE "/hiredis$" "") # we include <hiredis/hiredis.h>
        set(CMAKE_REQUIRED_LIBRARIES PkgConfig::HIREDIS)
        check_symbol_exists(redisReaderCreateWithFunctions hiredis/hiredis.h TERN_LINKS_HIREDIS)
        unset(CMAKE_REQUIRED_LIBRARIES)
    endif()
    if(TERN_LINKS_HIREDIS)
        set(TERN_HAS_REDIS ON)
        target_compile_definitions(tern_flags INTERFACE TERN_WITH_REDIS=1)
    else()
        message(STATUS "hiredis 0.14 or newer (libhiredis-dev) is not there: tern_redis will refuse every command")
    endif()
endif()
