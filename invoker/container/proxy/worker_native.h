// Native programs, of both conventions that are in use.
//
// The program is started by the first /run, with the request's line in its standard input and the
// value of the request as its first argument. One that answers with a line on descriptor 3 speaks
// the ActionLoop convention and goes on serving. One that ends without a word there is of the older
// convention: the last line of its standard output is the answer, the lines before are log, and
// each /run starts it anew.
#pragma once

#include <memory>

#include "base/result.h"
#include "worker.h"

namespace proxy {

std::unique_ptr<Worker> make_native_worker(int children);

}  // namespace proxy
