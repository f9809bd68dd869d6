// Starting a program that inherits some descriptors, and nothing else.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace storage_fuse {

struct Process {
  pid_t pid = 0;
  base::UniqueFd handle;  // pidfd: readable when it has ended
};

// `setting` ("NAME=value") joins the environment, in place of others of that name. Descriptors keep
// their numbers. The child blocks no signals.
base::Result<Process> spawn(const std::string& program, const std::vector<std::string>& arguments,
                            const std::string& setting, std::span<const int> descriptors);

// "1 2 3" and back; empty where it is anything else.
std::string numbers_text(std::span<const int> numbers);
std::vector<int> parse_numbers(const char* text);

}  // namespace storage_fuse
