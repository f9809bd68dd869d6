// What main() begins with.
#pragma once

#include <csignal>
#include <initializer_list>
#include <string>
#include <vector>

namespace base {

// "NAME=value" of every variable of this process.
std::vector<std::string> environment();

// Blocks the signals for this thread and for those that it starts later (a log has one): they are
// waited for, and interrupt nothing.
sigset_t hold_signals(std::initializer_list<int> signals);

}  // namespace base
