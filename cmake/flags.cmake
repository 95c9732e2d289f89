# Compiler settings shared by the library, its tests, the examples and the benchmarks.

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2 -g -DNDEBUG")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
if(TERN_FUZZ) # nobody steps through it: lines are enough, and compile and link faster
    set(CMAKE_C_FLAGS_DEBUG "-O1 -gline-tables-only -fno-omit-frame-pointer")
endif()

add_library(tern_flags INTERFACE)
target_compile_definitions(tern_flags INTERFACE _GNU_SOURCE)
target_compile_options(tern_flags INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wformat=2 -Wundef -Wvla -Werror)
target_compile_options(tern_flags INTERFACE -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=) # no build path in binaries
target_compile_options(tern_flags INTERFACE -ffunction-sections -fdata-sections) # see --gc-sections in CMakeLists.txt

if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # A waiting coroutine queues a link on its own stack, and removes it before it continues.
    target_compile_options(tern_flags INTERFACE -Wno-dangling-pointer)
endif()

if(CMAKE_C_COMPILER_ID MATCHES "Clang")
    target_compile_options(tern_flags INTERFACE -Wno-string-concatenation) # tables of cases have long strings in pieces
endif()

# What programs are compiled with, too (tern.pc, Tern::tern): a frame touches its pages in order, so that the guard
# below a coroutine's stack catches it however large it is, and is not this large by mistake.
set(TERN_STACK_FLAGS -fstack-clash-protection -Wframe-larger-than=65536)
list(JOIN TERN_STACK_FLAGS " " pc_stack_flags)
# A program that sets the property TERN_NO_STACK_FLAGS on its target goes without, as one that says
# `pkg-config --define-variable=stack_flags=` does. A clang for ARM that has no probes would warn of the flag.
set(has_stack_flags "$<AND:$<COMPILE_LANG_AND_ID:C,GNU,Clang>,$<NOT:$<BOOL:$<TARGET_PROPERTY:TERN_NO_STACK_FLAGS>>>>")
set(TERN_STACK_FLAGS_FOR_PROGRAMS "$<${has_stack_flags}:${TERN_STACK_FLAGS}>")
set(pc_link_flags "")
set(TERN_SANITIZE_FLAGS_FOR_PROGRAMS "")
if(TERN_SANITIZE) # an installed sanitizer build links its sanitizers
    set(TERN_STACK_FLAGS_FOR_PROGRAMS "")
    set(TERN_SANITIZE_FLAGS_FOR_PROGRAMS -fsanitize=address,undefined)
    set(pc_stack_flags "-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer")
    set(pc_link_flags " -fsanitize=address,undefined")
endif()
if(NOT TERN_SANITIZE) # which enlarges frames, and checks them itself
    target_compile_options(tern_flags INTERFACE ${TERN_STACK_FLAGS})
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(tern_flags INTERFACE
        -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        target_compile_options(tern_flags INTERFACE -fcf-protection)
    endif()
    target_link_options(tern_flags INTERFACE
        $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie> -Wl,-z,relro,-z,now,-z,noexecstack)
endif()

if(TERN_SANITIZE)
    target_compile_options(tern_flags INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(tern_flags INTERFACE -fsanitize=address,undefined)
endif()
if(TERN_FUZZ)
    target_compile_options(tern_flags INTERFACE -fsanitize=fuzzer-no-link) # guides libFuzzer by branches
endif()
if(TERN_COVERAGE)
    target_compile_options(tern_flags INTERFACE --coverage)
    target_link_options(tern_flags INTERFACE --coverage)
endif()
if(TERN_VALGRIND)
    target_compile_definitions(tern_flags INTERFACE TERN_VALGRIND=1)
endif()
if(TERN_CORO_UCONTEXT)
    target_compile_definitions(tern_flags INTERFACE TERN_CORO_UCONTEXT=1)
endif()
if(TERN_FAULTS)
    target_compile_definitions(tern_flags INTERFACE TERN_FAULTS=1)
endif()
