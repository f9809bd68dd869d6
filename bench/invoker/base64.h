// Standard base64, for handing a program over as an action's code.
#pragma once

#include <string>
#include <string_view>

namespace bench {

std::string encode_base64(std::string_view bytes);

}  // namespace bench
