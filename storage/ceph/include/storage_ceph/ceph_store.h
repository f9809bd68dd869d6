// Objects in RADOS, the store under Ceph.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "storage/object_store.h"

namespace storage_ceph {

struct CephOptions {
  std::string conf_file;  // "": where Ceph's own programs look ($CEPH_CONF, /etc/ceph/ceph.conf)
  std::string monitors;   // "": as the file says; with both "" and no such file: kInvalidArgument
  std::string user;       // cephx: "larder" is client.larder
  std::string keyring_file;  // "": as the file says
  std::string key;           // the secret itself, in base64, in place of a keyring
  std::string metadata_pool = "larder.metadata";  // replicated
  std::string data_pool = "larder.data";          // may be erasure-coded
  // Ceph's own defaults wait for ever, for ever, and for five minutes.
  std::chrono::seconds request_timeout{30};
  std::chrono::seconds monitor_timeout{10};
  std::chrono::seconds connect_timeout{10};
  // librados blocks at 1024 requests and 100 MiB.
  std::size_t requests_max = 512;
  std::size_t bytes_max = 64 << 20;
};

// Connects, and finds both pools. The store's destructor waits for the requests that are under way;
// watches must be gone by then.
//
// Time: up to the time-outs for connecting and for monitors.
// Errors: kInvalidArgument for a file that cannot be read; kPermissionDenied for a wrong key;
// kNotFound with the name of the pool that is not there; kDeadlineExceeded, kUnavailable.
base::Result<std::unique_ptr<storage::ObjectStore>> connect(const CephOptions& options);

}  // namespace storage_ceph
