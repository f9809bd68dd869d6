// Annotations as an action document holds them, from text as a shell user types it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "hints/parse.h"

namespace hints_test {

// As `wsk ... -a KEY VALUE` does: a VALUE that is JSON stays JSON, everything else is a string.
inline base::Json annotations(
    std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  base::Json list = base::Json::array();
  for (const auto& [key, value] : pairs) {
    auto json = base::Json::parse(value);
    list.append(base::Json::object(
        {{"key", key}, {"value", json.ok() ? std::move(json).value() : base::Json(value)}}));
  }
  return list;
}

inline base::Result<hints::Hints> parse(std::string_view key, std::string_view value) {
  return hints::parse(annotations({{key, value}}));
}

inline std::string refusal(std::string_view key, std::string_view value) {
  const auto hints = parse(key, value);
  return hints.ok() ? "accepted" : hints.error().message;
}

// The one volume with these members beside name and path.
inline std::string volume_text(std::string_view members) {
  return R"({"name":"v","path":"/mnt/v")" + std::string(members.empty() ? "" : ",") +
         std::string(members) + "}";
}

}  // namespace hints_test
