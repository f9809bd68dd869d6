// One function for each annotation: from its value to its part of the hints.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "hints/hints.h"

namespace hints {

base::Result<std::vector<Volume>> read_volumes(const base::Json& value);
base::Result<Locality> read_locality(const base::Json& value);
base::Result<std::optional<Gpu>> read_gpu(const base::Json& value);
base::Result<Delivery> read_delivery(const base::Json& value);

// The parts of read_volumes().
base::Result<Volume> read_volume(const std::string& place, const base::Json& value);
// "photos" or "team/photos" into name and owner.
base::Status read_volume_name(std::string_view place, const std::string& text, Volume& volume);
// Whether a volume may be mounted there.
base::Status check_path(std::string_view place, std::string_view path);
// Whether what the keys say makes sense together.
base::Status check_agreement(const std::string& place, const Volume& volume);

// Whether `inner` is `outer` or lies inside it; both are normal paths.
bool is_at_or_below(std::string_view inner, std::string_view outer);

}  // namespace hints
