# The contents of `cmake --install` and of the package: headers, both libraries, a pkg-config file and a CMake package.
include(CMakePackageConfigHelpers)

install(TARGETS tern tern_dynamic EXPORT TernTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/tern.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/tern DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

install(PROGRAMS scripts/tern-embed DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES scripts/tern.gdb DESTINATION ${CMAKE_INSTALL_DATADIR}/tern)

# The pkg-config file derives its prefix from its own location, so that a tree can be installed anywhere.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
# `tern` is the static library, so that a program is one file and runs where it was put; `tern-shared` is for those who
# share one library between programs.
foreach(name IN ITEMS tern tern-shared)
    configure_file(cmake/${name}.pc.in ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
# A compiler that knows the headers as the system's leaves out what happens inside their macros: ten lines of an error
# instead of a hundred. Not so under /usr: its include folder is the system's already, and C++ needs it at its place.
install(CODE "
    foreach(name IN ITEMS tern tern-shared)
        set(file \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/\${name}.pc\")
        if(NOT CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
            file(READ \${file} text)
            string(REPLACE \"-I\\\${includedir}\" \"-isystem \\\${includedir}\" text \"\${text}\")
            file(WRITE \${file} \"\${text}\")
        endif()
    endforeach()")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Tern)
install(EXPORT TernTargets NAMESPACE Tern:: DESTINATION ${package_dir})
configure_package_config_file(cmake/TernConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/TernConfig.cmake
    INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/TernConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/TernConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/TernConfigVersion.cmake
    cmake/TernEmbed.cmake DESTINATION ${package_dir})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libtern-dev)
set(CPACK_PACKAGE_CONTACT "The Tern project")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "${deb_depends}")
# Loaded by programs that use what they are for.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libssl3, libcurl4, libnghttp2-14, libpq5, libhiredis0.14, libsodium23, libqrencode4, zlib1g, libbrotli1, libzstd1, libdeflate0")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_STRIP_FILES ON)
include(CPack)
