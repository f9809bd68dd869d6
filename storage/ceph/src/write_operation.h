// A change as one compound operation of RADOS.
#pragma once

#include <rados/librados.hpp>

#include "storage/object_store.h"

namespace storage_ceph {

// `operation` was made just now. The change has passed check_write(). Errors: of its source.
base::Status fill(librados::ObjectWriteOperation& operation, const storage::ObjectWrite& change);

}  // namespace storage_ceph
