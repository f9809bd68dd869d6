// The settings of larder-storaged.
#pragma once

#include <filesystem>
#include <string>

#include "base/config.h"
#include "base/log.h"
#include "base/result.h"
#include "storage_ceph/ceph_store.h"
#include "storage_daemon/daemon.h"
#include "storage_fuse/session.h"

namespace storaged {

struct Settings {
  storage_daemon::DaemonOptions daemon;
  std::filesystem::path socket;
  enum class Store { kEmbedded, kCeph } store = Store::kEmbedded;
  std::filesystem::path embedded_directory;
  storage_ceph::CephOptions ceph;
  storage_fuse::SessionOptions session;
  base::LogConfig log;
};

// Every key, with its default.
base::Config settings();
base::Result<Settings> read(const base::Config& config);

}  // namespace storaged
