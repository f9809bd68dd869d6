# Writes OUT: a C++ header that holds the launchers of FOLDER as texts.
set(entries "")
foreach(name python.py nodejs.js python_stem.py)
  file(READ ${FOLDER}/${name} text)
  string(APPEND entries "    {\"${name}\", R\"launcher(${text})launcher\"},\n")
endforeach()
file(WRITE ${OUT} "#pragma once

#include <string_view>

namespace sandbox {

struct Launcher {
  const char* name;
  std::string_view text;
};

inline constexpr Launcher kLaunchers[] = {
${entries}};

}  // namespace sandbox
")
