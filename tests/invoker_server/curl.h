// curl and openssl as an operator would type them, with what they said.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

#include "base/check.h"

struct Said {
  int status = 0;  // of the command
  std::string text;
};

inline Said run(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  CHECK(pipe != nullptr);
  Said said;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    said.text.append(buffer.data(), count);
  }
  said.status = WEXITSTATUS(::pclose(pipe));
  return said;
}

struct HttpAnswer {
  int curl = 0;    // curl's own status: 0 when there was an answer
  int status = 0;  // of HTTP
  std::string headers{};
  std::string body{};

  // The value of `name: `, as it was sent; empty when there is none.
  std::string header(const std::string& name) const {
    const std::size_t at = headers.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 4;
    return headers.substr(begin, headers.find("\r\n", begin) - begin);
  }
};

// `arguments`: as on curl's command line.
inline HttpAnswer curl(const std::string& arguments) {
  const Said said = run("curl -q -s -i --max-time 20 --noproxy '*' " + arguments + " 2>&1");
  HttpAnswer answer;
  answer.curl = said.status;
  const std::size_t end = said.text.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  answer.headers = said.text.substr(0, end + 2);
  answer.body = said.text.substr(end + 4);
  answer.status = std::stoi(answer.headers.substr(answer.headers.find(' ')));
  return answer;
}
