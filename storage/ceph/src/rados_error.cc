#include "rados_error.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace storage_ceph {
namespace {

using base::ErrorCode;

ErrorCode code_of(int errno_value) {
  switch (errno_value) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case ECANCELED:  // a comparison failed
    case ERANGE:     // the object is newer than the version asserted
    case EOVERFLOW:  // it is older
      return ErrorCode::kConflict;
    case ETIMEDOUT:
      return ErrorCode::kDeadlineExceeded;
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kNoSpace;
    case EINVAL:
    case EFBIG:     // beyond osd_max_object_size
    case EMSGSIZE:  // beyond osd_max_write_size
    case ENAMETOOLONG:
      return ErrorCode::kInvalidArgument;
    case EPERM:
    case EACCES:
      return ErrorCode::kPermissionDenied;
    case EOPNOTSUPP:
      return ErrorCode::kUnsupported;
    case EIO:  // what is stored does not fit its checksum, in every copy
      return ErrorCode::kDataLoss;
    default:
      return ErrorCode::kUnavailable;
  }
}

}  // namespace

base::Error error_from_rados(int result, std::string_view what) {
  const std::string words = std::generic_category().message(-result);
  return {code_of(-result), "Ceph, " + std::string(what) + ": " + words};
}

}  // namespace storage_ceph
