// What is known of one answer while it arrives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "invoker/container.h"

namespace invoker_http {

class Call {
 public:
  explicit Call(const invoker::ResponseBounds& bounds) : bounds_(bounds) {}

  // One line of the head of the answer, the status line included.
  void header(std::string_view line);
  void body(std::string_view bytes);

  // The answer is complete: what it comes to.
  void finish(invoker::CallOutcome& outcome) &&;

 private:
  void status_line(std::string_view line);
  void member(std::string_view name, std::string_view value);
  bool has_length() const { return content_length_ >= 0 && !transformed_ && !bodiless(); }
  bool bodiless() const { return status_ < 200 || status_ == 204 || status_ == 304; }
  bool too_long() const { return content_length_ > bounds_.max_bytes; }
  std::int64_t keep_bytes() const {
    return too_long() ? bounds_.truncation_bytes : content_length_;
  }

  invoker::ResponseBounds bounds_;
  int status_ = 0;
  bool head_complete_ = false;
  std::int64_t content_length_ = -1;  // of the header; -1: none
  bool transformed_ = false;          // chunked or compressed: its length does not count
  std::string body_;
};

}  // namespace invoker_http
