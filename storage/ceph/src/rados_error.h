// What librados answers, as errors of ours.
#pragma once

#include <string_view>

#include "base/result.h"

namespace storage_ceph {

// `result` is what librados gave, below zero.
base::Error error_from_rados(int result, std::string_view what);

}  // namespace storage_ceph
