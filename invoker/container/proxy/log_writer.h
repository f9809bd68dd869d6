// What the proxy itself writes into the log of the action.
#pragma once

#include <string_view>

namespace proxy {

// Into standard output.
void write_log_line(std::string_view line);

// The line behind the log of one activation, into standard output and standard error.
void write_sentinels();

}  // namespace proxy
