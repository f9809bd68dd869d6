// larder-sandbox: started by the sandbox factory, never by a person. Serves orders on descriptor 3.
//
//   larder-sandbox
//   larder-sandbox stem LIBRARY INTERPRETER ARGUMENT...    becomes an interpreter that does the
//   same
#include <string_view>

#include "fd_message.h"
#include "serve.h"
#include "stem_program.h"

int main(int count, char** arguments) {
  if (count < 4 || std::string_view(arguments[1]) != "stem") return sandbox::serve_orders(nullptr);
  const base::Error error = sandbox::become_stem(arguments[2], {arguments + 3, arguments + count});
  // The factory does without, then.
  static_cast<void>(invoker_container::send_message(sandbox::kOrders, error.message, {}).ok());
  return 1;
}
