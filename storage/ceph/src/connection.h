// A connected client of RADOS and its two pools.
#pragma once

#include <memory>
#include <rados/librados.hpp>
#include <string>

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
  const std::string& name_of(storage::Pool pool) const {
    return pool == storage::Pool::kMetadata ? metadata_name_ : data_name_;
  }
  librados::Rados& cluster() { return cluster_; }

 private:
  base::Status configure(const CephOptions& options);
  base::Status open_pool(const std::string& name, librados::IoCtx& pool);

  librados::Rados cluster_;
  librados::IoCtx metadata_, data_;
  std::string metadata_name_, data_name_;
};

}  // namespace storage_ceph
