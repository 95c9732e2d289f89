# libsodium, for sealed and signed values, sessions and passwords. The build needs its headers; the library is loaded when
# an application declares that it needs it.
set(TERN_HAS_SODIUM OFF)
if(TERN_WITH_SODIUM AND PkgConfig_FOUND)
    pkg_check_modules(SODIUM QUIET IMPORTED_TARGET libsodium>=1.0.18)
    if(SODIUM_FOUND) # and is for the machine built for: a cross compiler may be shown its host's
        set(CMAKE_REQUIRED_LIBRARIES PkgConfig::SODIUM)
        check_symbol_exists(sodium_init sodium.h TERN_LINKS_SODIUM)
        unset(CMAKE_REQUIRED_LIBRARIES)
    endif()
    if(TERN_LINKS_SODIUM)
        set(TERN_HAS_SODIUM ON)
        target_compile_definitions(tern_flags INTERFACE TERN_WITH_SODIUM=1)
    else()
        message(STATUS "libsodium 1.0.18 or newer (libsodium-dev) is not there: sessions and sealed values will be refused")
    endif()
endif()
