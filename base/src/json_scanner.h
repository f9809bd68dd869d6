// The tokens of JSON text that are more than one character: strings, numbers, words, blanks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// Reads from the front of UTF-8 text. After a function returned false, fault() says why, and at()
// is where.
class JsonScanner {
 public:
  JsonScanner(std::string_view text, bool comments) : text_(text), comments_(comments) {}

  std::size_t at() const { return at_; }
  const char* fault() const { return fault_; }
  bool fail(const char* why) {
    fault_ = why;
    return false;
  }

  // The next character, '\0' at the end; a NUL in the text is told apart by done().
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool done() const { return at_ == text_.size(); }
  // Steps over `c` if it is next.
  bool take(char c);

  bool skip_blanks();                     // and comments, where they are allowed
  bool take_word(std::string_view word);  // "true", "false", "null"
  bool take_number(std::string_view& number);
  bool take_string(std::string& string);

 private:
  bool skip_comment();
  bool take_digits();
  bool take_escape(std::string& string);
  bool take_unicode(std::string& string);
  bool take_hex(unsigned& code);

  std::string_view text_;
  std::size_t at_ = 0;
  bool comments_;
  const char* fault_ = nullptr;
};

}  // namespace base
