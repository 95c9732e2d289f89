# libcurl, for calls to other services. The build needs its headers; the library is loaded at the first call, so
# programs that make none do not need it.
set(TERN_HAS_CURL OFF)
if(TERN_WITH_CURL AND PkgConfig_FOUND)
    pkg_check_modules(CURL QUIET IMPORTED_TARGET libcurl>=7.87)
    if(CURL_FOUND) # and is for the machine built for: a cross compiler may be shown its host's
        set(CMAKE_REQUIRED_LIBRARIES PkgConfig::CURL)
        check_symbol_exists(curl_multi_socket_action curl/curl.h TERN_LINKS_CURL)
        unset(CMAKE_REQUIRED_LIBRARIES)
    endif()
    if(TERN_LINKS_CURL)
        set(TERN_HAS_CURL ON)
        target_compile_definitions(tern_flags INTERFACE TERN_WITH_CURL=1)
    else()
        message(STATUS "libcurl 7.87 or newer (libcurl4-openssl-dev) is not there: tern_fetch will refuse every call")
    endif()
endif()
