#include "worker_native.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <cctype>
#include <optional>
#include <utility>

#include "base/json.h"
#include "child.h"
#include "code.h"
#include "log_writer.h"
#include "paths.h"

namespace proxy {
namespace {

constexpr const char* kProgram = "/action/exec";
constexpr std::size_t kArgumentBytesMax = (128 << 10) - 1;  // the kernel's limit for one argument
constexpr const char* kNotAnObject = "The action did not return a dictionary or array.";

std::string as_variable_name(const std::string& key) {
  std::string name = "__OW_";
  for (const char letter : key) {
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  }
  return name;
}

// The context of a call as variables, for a program that is started by that call.
void add_context(const base::Json& request, Variables& environment) {
  for (const auto& [key, value] : request.members()) {
    if (key == "value" || !value.is_string() || key.find('=') != std::string::npos) continue;
    if ((key + value.as_string()).find('\0') != std::string::npos) continue;
    const std::string name = as_variable_name(key);
    std::erase_if(environment, [&](const auto& variable) { return variable.first == name; });
    environment.emplace_back(name, value.as_string());
  }
}

class NativeWorker final : public Worker {
 public:
  explicit NativeWorker(int children) : children_(children) {}

  Answer initialize(InitRequest request) override {
    environment_ = std::move(request.environment);
    const base::UniqueFd directory(open(kActionFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto stored = store_code(request, {"exec", true}, directory.get());
    if (stored.ok()) return {200, R"({"ok":true})"};
    return {502, error_body(stored.error().message)};
  }

  Answer run(std::string line) override {
    if (!child_) {
      const auto started = start(line);
      if (!started.ok()) return {502, error_body(started.error().message)};
    }
    const Child::Answer answer = child_->exchange(std::move(line));
    if (answer.end == Child::End::kUnasked) return {503, error_body(kUnaskedAnswer)};
    if (answer.end == Child::End::kTooMany) return {502, error_body(kTooManyAnswers)};
    if (answer.end == Child::End::kLine) return loop_answer(answer.line);
    if (!spoken_) return single_answer();
    child_->read_output();
    forward_everything();
    return {500, "", true};
  }

  std::array<int, 2> idle_fds() const override {
    return {children_, child_ ? child_->output_fd() : -1};
  }
  bool tend() override {
    if (!child_) {
      reap_orphans(children_);
      return true;
    }
    const bool alive = child_->tend();
    alive ? forward_lines() : forward_everything();
    return alive;
  }

 private:
  base::Status start(const std::string& line) {
    ChildOptions options;
    options.arguments = {kProgram};
    options.environment = environment_;
    options.directory = kActionFolder;
    options.capture_stdout = true;
    const auto request = base::Json::parse(line);
    if (request.ok() && request->is_object()) {
      const base::Json* value = request->find("value");
      std::string argument = value == nullptr ? "{}" : value->to_string();
      if (argument.size() < kArgumentBytesMax) options.arguments.push_back(std::move(argument));
      add_context(*request, options.environment);
    }
    TRY(child_, Child::start(options, children_));
    return {};
  }

  Answer loop_answer(const std::string& line) {
    spoken_ = true;
    child_->read_output();
    forward_lines();
    if (is_object_or_array(line)) return {200, line};
    return {502, error_body(kNotAnObject)};
  }

  // The older convention. Nobody writes any more once the program has ended, save a process that it
  // left behind; what such a one writes later is lost.
  Answer single_answer() {
    child_->wait_for_end();
    child_->read_output();
    if (WIFSIGNALED(child_->wait_status())) {
      forward_everything();
      return {500, "", true};
    }
    std::string last;
    while (auto line = child_->output().take_line()) {
      if (!last.empty()) write_log_line(last);
      last = std::move(*line);
    }
    if (std::string rest = child_->output().take_rest(); !rest.empty()) {
      if (!last.empty()) write_log_line(last);
      last = std::move(rest);
    }
    child_.reset();
    if (is_object_or_array(last) && base::Json::parse(last).ok()) return {200, std::move(last)};
    if (!last.empty()) write_log_line(last);
    return {502, error_body(kNotAnObject)};
  }

  void forward_lines() {
    while (auto line = child_->output().take_line()) write_log_line(*line);
  }

  void forward_everything() {
    forward_lines();
    if (const std::string rest = child_->output().take_rest(); !rest.empty()) write_log_line(rest);
  }

  const int children_;
  Variables environment_;
  std::optional<Child> child_;
  bool spoken_ = false;  // on descriptor 3
};

}  // namespace

std::unique_ptr<Worker> make_native_worker(int children) {
  return std::make_unique<NativeWorker>(children);
}

}  // namespace proxy
