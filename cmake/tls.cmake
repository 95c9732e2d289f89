# src/tls: OpenSSL 3. Its libraries are loaded when a listener speaks TLS, so programs without one do not need them;
# its headers are needed here. Without them src/tls/without.c stands for the whole layer.
set(TERN_HAS_TLS OFF)
find_package(PkgConfig QUIET)
if(TERN_WITH_TLS AND PkgConfig_FOUND)
    pkg_check_modules(OPENSSL QUIET IMPORTED_TARGET openssl>=3.0)
    if(OPENSSL_FOUND) # and is for the machine built for: a cross compiler may be shown its host's
        set(CMAKE_REQUIRED_LIBRARIES PkgConfig::OPENSSL)
        check_symbol_exists(SSL_read_ex openssl/ssl.h TERN_LINKS_OPENSSL)
        unset(CMAKE_REQUIRED_LIBRARIES)
    endif()
    if(TERN_LINKS_OPENSSL)
        set(TERN_HAS_TLS ON)
        target_compile_definitions(tern_flags INTERFACE TERN_WITH_TLS=1)
    else()
        message(STATUS "OpenSSL 3 (libssl-dev, pkg-config) is not there: https listeners will be refused")
    endif()
endif()
