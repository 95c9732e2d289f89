# tern_optional_library(FEATURE MODULE PACKAGE VERSION HEADER SYMBOL MISSING): a library that Tern does without where it
# is not installed. FEATURE is the word of TERN_WITH_FEATURE, which the user may turn off; MODULE is the prefix of what
# pkg-config finds (MODULE_INCLUDE_DIRS, PkgConfig::MODULE). Sets TERN_HAS_FEATURE, and defines TERN_WITH_FEATURE=1 for the
# sources; MISSING is the status line without the library.
include(CheckSymbolExists)
find_package(PkgConfig QUIET)
macro(tern_optional_library feature module package version header symbol missing)
    set(TERN_HAS_${feature} OFF)
    if(TERN_WITH_${feature} AND PkgConfig_FOUND)
        pkg_check_modules(${module} QUIET IMPORTED_TARGET ${package}>=${version})
        if(${module}_FOUND) # and is for the machine built for: a cross compiler may be shown its host's
            set(CMAKE_REQUIRED_LIBRARIES PkgConfig::${module})
            check_symbol_exists(${symbol} ${header} TERN_LINKS_${module})
            unset(CMAKE_REQUIRED_LIBRARIES)
        endif()
        if(TERN_LINKS_${module})
            set(TERN_HAS_${feature} ON)
            target_compile_definitions(tern_flags INTERFACE TERN_WITH_${feature}=1)
        else()
            message(STATUS "${missing}")
        endif()
    endif()
endmacro()
