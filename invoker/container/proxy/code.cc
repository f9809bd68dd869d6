#include "code.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "archive.h"
#include "base/unique_fd.h"
#include "base64.h"

namespace proxy {
namespace {

base::Error refused(const std::string& sentence) {
  return base::Error{base::ErrorCode::kInvalidArgument, sentence};
}

base::Status write_code(const std::string& text, const CodeForm& form, int directory) {
  const mode_t mode = form.executable ? 0755 : 0644;
  const base::UniqueFd file(
      openat(directory, form.source_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file.valid()) return base::error_from_errno(errno, "writing the code");
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(file.get(), text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::error_from_errno(errno, "writing the code");
    done += static_cast<std::size_t>(written);
  }
  return {};
}

base::Status unpack_program(const std::string& zip, const CodeForm& form, int directory) {
  TRY_STATUS(unpack(zip, directory));
  if (!form.executable) return {};
  if (fchmodat(directory, form.source_name.c_str(), 0755, 0) == 0) return {};
  return refused("The zip archive has no file '" + form.source_name + "' at its root.");
}

}  // namespace

base::Status store_code(InitRequest& request, const CodeForm& form, int directory) {
  std::string code = std::move(request.code);
  request.code.clear();
  if (request.binary) {
    if (const auto place = decode_base64(code)) {
      return refused("cannot decode the request: illegal base64 data at input byte " +
                     std::to_string(*place));
    }
    if (looks_like_zip(code)) return unpack_program(code, form, directory);
    if (!form.executable) return refused("The binary code of the action is not a zip archive.");
  } else if (form.executable && !code.starts_with("#!")) {
    return refused("The code is neither a program nor a script that begins with '#!'.");
  }
  return write_code(code, form, directory);
}

}  // namespace proxy
