// The characters of a HOCON text: blanks, comments, texts in and without quotes.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace invoker_settings {

class HoconScanner {
 public:
  explicit HoconScanner(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  // Steps over `c` if that is next.
  bool take(char c);
  // Steps over an `include` with what it includes.
  bool take_include();

  void skip_blanks();            // within the line
  void skip_blanks_and_lines();  // and comments
  void skip_separators();        // and commas
  // A line end, a comma, a closing bracket, a comment or the end; blanks before it are skipped.
  bool at_separator();

  base::Result<std::string> key_part();
  // A text, number, true, false or null up to the end of the value.
  base::Result<base::Json> scalar();

  // "line 7: what"
  base::Error bad(const std::string& what) const;
  std::string shown_next() const;

 private:
  bool at_comment() const;
  bool ends_value() const;
  void skip_line();
  base::Result<std::string> quoted_text();
  base::Result<std::string> triple_quoted_text();
  base::Result<std::string> unquoted_text();

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace invoker_settings
