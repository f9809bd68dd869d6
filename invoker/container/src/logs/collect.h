// Taking one activation's log out of a buffer.
#pragma once

#include "base/clock.h"
#include "invoker/container.h"
#include "log_buffer.h"

namespace invoker_container {

// Lines up to the second sentinel, or what is there where no sentinels are waited for. Collection
// fails when no line comes for two seconds, or when it takes longer than two seconds for each
// megabyte of the limit (ten seconds at least).
invoker::CollectedLogs collect(LogBuffer& buffer, const invoker::LogRequest& request,
                               const base::Clock& clock);

}  // namespace invoker_container
