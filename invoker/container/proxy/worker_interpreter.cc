#include "worker_interpreter.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "base/json.h"
#include "paths.h"

namespace proxy {
namespace {

class InterpreterWorker final : public Worker {
 public:
  InterpreterWorker(Child child, CodeForm form, int children)
      : child_(std::move(child)), form_(std::move(form)), children_(children) {}

  Answer initialize(InitRequest request) override {
    const base::UniqueFd directory(open(kActionFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto stored = store_code(request, form_, directory.get());
    if (!stored.ok()) return {502, error_body(stored.error().message)};
    base::Json environment = base::Json::object();
    for (auto& [name, value] : request.environment) environment.set(name, std::move(value));
    const base::Json order =
        base::Json::object({{"init", base::Json::object({{"main", request.main},
                                                         {"source", form_.source_name},
                                                         {"binary", request.binary},
                                                         {"env", std::move(environment)}})}});
    return translate(child_.exchange(order.to_string() + "\n"));
  }

  Answer run(std::string line) override { return translate(child_.exchange(std::move(line))); }

  std::array<int, 2> idle_fds() const override { return {children_, -1}; }
  bool tend() override { return child_.tend(); }

 private:
  static Answer translate(Child::Answer answer) {
    if (answer.end == Child::End::kUnasked) return {503, error_body(kUnaskedAnswer)};
    if (answer.end == Child::End::kTooMany) return {502, error_body(kTooManyAnswers)};
    if (answer.end != Child::End::kLine) return {500, "", true};
    if (answer.line.starts_with('!')) return {502, answer.line.substr(1)};
    if (is_object_or_array(answer.line)) return {200, std::move(answer.line)};
    return {502, error_body("The action did not return a dictionary or array.")};
  }

  Child child_;
  const CodeForm form_;
  const int children_;
};

}  // namespace

base::Result<std::unique_ptr<Worker>> make_interpreter_worker(std::vector<std::string> arguments,
                                                              CodeForm form, int children) {
  ChildOptions options;
  options.arguments = std::move(arguments);
  options.directory = kActionFolder;
  TRY(Child child, Child::start(options, children));
  return make_interpreter_worker(std::move(child), std::move(form), children);
}

std::unique_ptr<Worker> make_interpreter_worker(Child interpreter, CodeForm form, int children) {
  return std::make_unique<InterpreterWorker>(std::move(interpreter), std::move(form), children);
}

}  // namespace proxy
