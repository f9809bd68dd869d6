// Taking one activation's log out of a buffer.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "invoker/container.h"
#include "log_buffer.h"

namespace invoker_container {

// How long docker's json-file driver would make this line, its line end included: that is what
// OpenWhisk counts against the log limit.
std::int64_t docker_line_bytes(const invoker::LogLine& line);

// Lines up to the second sentinel, or what is there where no sentinels are waited for. Collection
// fails when no line comes for two seconds, or when it takes longer than two seconds for each
// megabyte of the limit (ten at least).
invoker::CollectedLogs collect(LogBuffer& buffer, const invoker::LogRequest& request,
                               const base::Clock& clock);

}  // namespace invoker_container
