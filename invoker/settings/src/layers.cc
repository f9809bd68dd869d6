#include "layers.h"

namespace invoker_settings {

void Layers::set(const std::string& path, Value value) {
  erase_above(path);
  erase_below(path);
  if (value.value.is_null()) {
    values_.erase(path);
  } else {
    values_.insert_or_assign(path, std::move(value));
  }
}

void Layers::erase_above(std::string_view path) {
  for (std::size_t dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
    const auto above = values_.find(path.substr(0, dot));
    if (above != values_.end()) values_.erase(above);
  }
}

void Layers::erase_below(const std::string& path) {
  const std::string prefix = path + ".";
  auto at = values_.lower_bound(prefix);
  while (at != values_.end() && at->first.starts_with(prefix)) at = values_.erase(at);
}

const Value* Layers::find(std::string_view path) const {
  const auto found = values_.find(path);
  return found == values_.end() ? nullptr : &found->second;
}

std::vector<std::pair<std::string, const Value*>> Layers::below(std::string_view path) const {
  const std::string prefix = std::string(path) + ".";
  std::vector<std::pair<std::string, const Value*>> result;
  for (auto at = values_.lower_bound(prefix); at != values_.end() && at->first.starts_with(prefix);
       ++at) {
    result.emplace_back(at->first.substr(prefix.size()), &at->second);
  }
  return result;
}

}  // namespace invoker_settings
