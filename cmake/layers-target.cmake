# Every layer's library depends on this target, so an upward include fails the build. It checks again only when a source
# or header has changed.
file(GLOB_RECURSE layered CONFIGURE_DEPENDS include/*.h src/*.[chS])
add_custom_command(
    OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/layers.stamp
    COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_CURRENT_SOURCE_DIR} -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/layers.cmake
    COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_CURRENT_BINARY_DIR}/layers.stamp
    DEPENDS ${layered} ${CMAKE_CURRENT_SOURCE_DIR}/cmake/layers.cmake
    COMMENT "Checking that no layer includes one above it"
    VERBATIM)
add_custom_target(tern_layers DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/layers.stamp)
