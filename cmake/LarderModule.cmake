# How a module of Larder is declared, so that all are declared alike.

# The warnings that every file of ours is compiled with.
add_library(larder_warnings INTERFACE)
target_compile_options(larder_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # From -O2 on, g++ 12 sees uninitialised members in every moved std::variant and overlaps in
  # `"text" + string` that are not there. clang-tidy and the sanitizers look for the real ones.
  target_compile_options(larder_warnings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized -Wno-restrict>)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # g++ looks at every file first; clang alone objects to a lambda that captures a structured binding by its name,
  # and to the macros of libseccomp and librdkafka.
  target_compile_options(larder_warnings INTERFACE
    -Wno-shadow -Wno-c99-extensions -Wno-missing-field-initializers
    -Wno-gnu-statement-expression-from-macro-expansion)
endif()

# The warnings, and the sanitizers of this build.
add_library(larder_flags INTERFACE)
target_link_libraries(larder_flags INTERFACE larder_warnings)
if(LARDER_SANITIZE)
  target_compile_options(larder_flags INTERFACE -fsanitize=${LARDER_SANITIZE})
  target_link_options(larder_flags INTERFACE -fsanitize=${LARDER_SANITIZE})
endif()

if(LARDER_FUZZ)
  # libFuzzer is led by what it sees of the code under test, not of the fuzz target alone.
  target_compile_options(larder_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# larder_module(NAME [SOURCES file...] [HEADERS file...] [USES library...] [PRIVATE library...])
#
# A static library NAME with its public headers under ./include, each of which must compile alone.
function(larder_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;HEADERS;USES;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_include_directories(${name} PRIVATE src)
  target_link_libraries(${name} PUBLIC ${arg_USES} PRIVATE larder_flags ${arg_PRIVATE})
endfunction()

# larder_program(NAME SOURCES file... [USES library...])
function(larder_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE larder_flags ${arg_USES})
endfunction()
