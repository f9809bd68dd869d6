#include "ptx/parser.h"

#include <charconv>

#include "ptx/cursor.h"
#include "ptx/instruction.h"
#include "ptx/variable.h"

namespace gpu_host::ptx {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using base::Status;

constexpr int kBracesMost = 64;
constexpr std::size_t kSourceBytesMost = 64 << 20;

class Parser {
 public:
  explicit Parser(const std::vector<Token>& tokens) : cursor_(tokens) {}

  Result<Module> run() {
    while (!cursor_.done()) TRY_STATUS(one());
    if (module_.version == 0) return error_at(1, "no .version: this is not PTX");
    return std::move(module_);
  }

 private:
  Status one() {
    const Token token = cursor_.take();
    if (token.kind != TokenKind::kDotted) {
      if (token.is(';')) return {};
      return error_at(token.line, "expected a directive before \"" +
                                      std::string(token.text.substr(0, 40)) + "\"");
    }
    if (token.text == "version") return version();
    if (token.text == "target") return target();
    if (token.text == "address_size") return address_size();
    if (token.text == "extern") external_ = true;
    if (is_linking(token.text)) return {};
    if (token.text == "entry" || token.text == "func") return function(token.text == "entry");
    if (is_remark(token.text)) return remark(token.text);
    if (token.text == "section") return section();
    const auto space = space_of(token.text);
    if (!space || *space == Space::kParam || *space == Space::kLocal) {
      return unsupported_at(token.line,
                            "directive ." + std::string(token.text) + " is not built here");
    }
    return variables(*space);
  }

  static bool is_linking(std::string_view name) {
    return name == "extern" || name == "visible" || name == "weak" || name == "common";
  }

  static bool is_remark(std::string_view name) {
    return name == "file" || name == "loc" || name == "pragma";
  }

  // For debuggers and optimizers. Only .pragma has an end of its own; the others end with the line.
  Status remark(std::string_view name) {
    if (name != "pragma") {
      cursor_.skip_line();
      return {};
    }
    while (cursor_.now().kind == TokenKind::kString || cursor_.now().is(',')) cursor_.take();
    return cursor_.expect(';');
  }

  Status version() {
    const Token token = cursor_.take();
    const std::size_t dot = token.text.find('.');
    std::uint32_t major = 0, minor = 0;
    if (token.kind != TokenKind::kFloat64 || dot == std::string_view::npos) {
      return error_at(token.line, "expected a version such as 6.0");
    }
    const char* end = token.text.data() + token.text.size();
    std::from_chars(token.text.data(), end, major);
    std::from_chars(token.text.data() + dot + 1, end, minor);
    if (major == 0 || major > 99 || minor > 9) return error_at(token.line, "an unknown version");
    module_.version = major * 10 + minor;
    return {};
  }

  Status target() {
    do {
      TRY(const std::string_view name, cursor_.name());
      if (name.starts_with("sm_")) {
        std::from_chars(name.data() + 3, name.data() + name.size(), module_.target);
      }
    } while (cursor_.take_if(','));
    return {};
  }

  Status address_size() {
    const std::uint32_t line = cursor_.line();
    TRY(const std::uint64_t bits, cursor_.integer(64));
    if (bits != 64) return unsupported_at(line, "only 64-bit addresses are built here");
    return {};
  }

  // Debugging information, which nothing here reads.
  Status section() {
    while (!cursor_.done() && !cursor_.now().is('{')) cursor_.take();
    while (!cursor_.done() && !cursor_.now().is('}')) cursor_.take();
    return cursor_.expect('}');
  }

  Status variables(Space space) {
    TRY(auto found, parse_variables(cursor_, space));
    for (Variable& variable : found) {
      variable.external = external_;
      module_.variables.push_back(std::move(variable));
    }
    external_ = false;
    return {};
  }

  Status function(bool is_entry) {
    Function function;
    function.line = cursor_.line();
    function.is_entry = is_entry;
    external_ = false;
    if (!is_entry) {
      TRY(function.results, parse_parameters(cursor_));
    }
    TRY(function.name, cursor_.name());
    TRY(function.parameters, parse_parameters(cursor_));
    TRY_STATUS(tuning(function));
    if (!cursor_.take_if(';')) {
      TRY_STATUS(cursor_.expect('{'));
      TRY_STATUS(body(function));
    }
    module_.functions.push_back(std::move(function));
    return {};
  }

  // What stands between the parameters and the body.
  Status tuning(Function& function) {
    while (cursor_.now().kind == TokenKind::kDotted) {
      const Token token = cursor_.take();
      if (token.text == "maxntid") {
        TRY_STATUS(dimensions(function.threads_most));
      } else if (token.text == "reqntid") {
        TRY_STATUS(dimensions(function.threads_required));
      } else if (token.text == "minnctapersm" || token.text == "maxnctapersm" ||
                 token.text == "maxnreg") {
        TRY_STATUS(cursor_.integer(1 << 20));
      } else if (token.text == "pragma") {
        TRY_STATUS(remark(token.text));
      } else if (token.text != "noreturn") {
        return unsupported_at(token.line,
                              "directive ." + std::string(token.text) + " is not built here");
      }
    }
    return {};
  }

  Status dimensions(std::array<std::uint32_t, 3>& three) {
    three = {1, 1, 1};
    for (std::uint32_t& one : three) {
      TRY(const std::uint64_t number, cursor_.integer(1024));
      one = static_cast<std::uint32_t>(number);
      if (!cursor_.take_if(',')) break;
    }
    return {};
  }

  Status body(Function& function) {
    function.has_body = true;
    for (int open = 1; open > 0;) {
      if (cursor_.done()) return cursor_.error("a body without an end");
      if (cursor_.take_if('{')) {
        if (++open > kBracesMost) return cursor_.error("too many braces within braces");
        function.body.emplace_back(Brace::kOpen);
      } else if (cursor_.take_if('}')) {
        if (--open > 0) function.body.emplace_back(Brace::kClose);
      } else {
        TRY_STATUS(statement(function.body));
      }
    }
    return {};
  }

  Status statement(std::vector<Statement>& body) {
    const Token token = cursor_.now();
    if (token.kind == TokenKind::kDotted) return declaration(body);
    if (token.kind == TokenKind::kName && cursor_.ahead().is(':')) {
      cursor_.take();
      cursor_.take();
      body.emplace_back(Label{token.line, token.text});
      return {};
    }
    if (cursor_.take_if(';')) return {};
    TRY(Instruction instruction, parse_instruction(cursor_));
    body.emplace_back(std::move(instruction));
    return {};
  }

  Status declaration(std::vector<Statement>& body) {
    const Token token = cursor_.take();
    if (is_remark(token.text)) return remark(token.text);
    if (token.text == "reg") {
      TRY(const auto found, parse_registers(cursor_));
      body.insert(body.end(), found.begin(), found.end());
      return {};
    }
    const auto space = space_of(token.text);
    if (!space) {
      return unsupported_at(token.line,
                            "directive ." + std::string(token.text) + " is not built here");
    }
    TRY(auto found, parse_variables(cursor_, *space));
    for (Variable& variable : found) {
      if (*space == Space::kGlobal || *space == Space::kConst) {
        module_.variables.push_back(std::move(variable));
      } else {
        body.emplace_back(std::move(variable));
      }
    }
    return {};
  }

  Cursor cursor_;
  Module module_;
  bool external_ = false;
};

}  // namespace

Result<Module> parse(std::string_view source) {
  if (source.size() > kSourceBytesMost) {
    return Error{ErrorCode::kInvalidArgument, "PTX of more than 64 MiB is not taken"};
  }
  TRY(const std::vector<Token> tokens, lex(source));
  return Parser(tokens).run();
}

}  // namespace gpu_host::ptx
