// Putting the code of an action where it will run.
#pragma once

#include <string>

#include "base/result.h"
#include "init_request.h"

namespace proxy {

// What a kind expects.
struct CodeForm {
  std::string source_name;  // the file that source text goes to
  bool executable = false;  // the code itself may be a program
};

// Unpacks or writes `request.code`, which is used up, into the folder `directory`.
// Errors: kInvalidArgument and kNoSpace with a sentence for the developer of the action.
base::Status store_code(InitRequest& request, const CodeForm& form, int directory);

}  // namespace proxy
