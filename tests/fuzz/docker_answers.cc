// What a Docker daemon answers: versions, containers, lists, events, pulls, names of images.
#include <cstdint>
#include <string_view>

#include "answers.h"
#include "base/check.h"
#include "image_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invoker_docker;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto version = parse_version(text); version.ok())
    static_cast<void>(choose_api(*version).ok());
  if (const auto found = parse_inspected(text, "bridge"); found.ok()) CHECK(!found->id.empty());
  if (const auto list = parse_list(text); list.ok()) {
    for (const Listed& container : *list) CHECK(!container.id.empty());
  }
  static_cast<void>(parse_created(text).ok());
  static_cast<void>(parse_bridge(text).ok());
  static_cast<void>(parse_event(text));
  static_cast<void>(pull_error(text));
  CHECK(failure_of(text).size() <= 1024);

  // A name that was understood reads the same again.
  if (const auto image = parse_image_name(text); image.ok()) {
    const auto again = parse_image_name(image->text());
    CHECK(again.ok() && again->text() == image->text());
  }
  return 0;
}
