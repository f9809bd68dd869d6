// How the code of one kind is set up and called.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "init_request.h"

namespace proxy {

struct Answer {
  int status = 200;
  std::string body;
  bool dead = false;  // there is nobody left who could answer: the proxy ends without a word
};

// For a child that broke the convention of one line for each line. Unasked: the call has not begun,
// so the invoker may give it to another container; in both cases this one is done for.
inline constexpr const char* kUnaskedAnswer = "The action answered before it was asked.";
inline constexpr const char* kTooManyAnswers =
    "The action wrote more than one line to descriptor 3.";

class Worker {
 public:
  virtual ~Worker() = default;

  virtual Answer initialize(InitRequest request) = 0;
  // `line` is the body of /run on one line, with its line end.
  virtual Answer run(std::string line) = 0;

  // To be polled while nothing runs, -1 for none; then tend() is called, which is false when the
  // code has ended by itself.
  virtual std::array<int, 2> idle_fds() const = 0;
  virtual bool tend() = 0;
};

// {"error": sentence}
std::string error_body(std::string_view sentence);

// Whether `text` has the outline of a JSON object or array.
bool is_object_or_array(std::string_view text);

}  // namespace proxy
