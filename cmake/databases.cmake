# The engines of src/data: SQLite (linked into the program, if its static library exists) and PostgreSQL (libpq is
# loaded when a postgres:// URL asks for it, so programs that use none do not need it).
set(TERN_SQLITE_FOR_STATIC "")
set(package_finds_sqlite "")
tern_optional_library(SQLITE SQLITE sqlite3 3.40 sqlite3.h sqlite3_open_v2
    "SQLite (libsqlite3-dev, pkg-config) is not there: sqlite: URLs will be refused")
if(TERN_HAS_SQLITE)
    find_library(TERN_SQLITE_ARCHIVE libsqlite3.a)
    if(TERN_SQLITE_ARCHIVE)
        string(APPEND pc_libs " -l:libsqlite3.a")
        set(TERN_SQLITE_FOR_STATIC -l:libsqlite3.a)
    else()
        string(APPEND pc_requires "Requires: sqlite3\n")
        set(TERN_SQLITE_FOR_STATIC PkgConfig::SQLITE)
        string(CONCAT package_finds_sqlite
            "find_dependency(PkgConfig)\n"
            "pkg_check_modules(SQLITE REQUIRED QUIET IMPORTED_TARGET sqlite3)\n")
    endif()
    string(APPEND deb_depends ", libsqlite3-dev")
endif()
tern_optional_library(POSTGRES POSTGRES libpq 14 libpq-fe.h PQenterPipelineMode
    "libpq (libpq-dev, pkg-config) is not there: postgres: URLs will be refused")
