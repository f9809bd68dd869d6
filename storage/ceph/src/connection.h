// A connected client of RADOS and its two pools.
#pragma once

#include <rados/librados.hpp>

#include "base/result.h"
#include "storage/object_store.h"
#include "storage_ceph/ceph_store.h"

namespace storage_ceph {

class Connection {
 public:
  static base::Result<std::unique_ptr<Connection>> open(const CephOptions& options);
  // Waits for callbacks of librados that run.
  ~Connection() { cluster_.shutdown(); }

  // One of its own for each request: an IoCtx that two share would share its namespace.
  librados::IoCtx pool(storage::Pool pool, const std::string& space) const;
  librados::IoCtx pool(const storage::ObjectId& object) const {
    return pool(object.pool, object.space);
  }
  librados::Rados& cluster() { return cluster_; }

 private:
  base::Status configure(const CephOptions& options);
  base::Status open_pool(const std::string& name, librados::IoCtx& pool);

  librados::Rados cluster_;
  librados::IoCtx metadata_, data_;
};

}  // namespace storage_ceph
