#include "invoker_volumes/volume_stager.h"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace invoker_volumes {
namespace {

class StagedVolumes final : public invoker::StagedFiles {
 public:
  void add(std::string path, std::unique_ptr<storage::OpenVolume> volume) {
    volumes_.push_back({std::move(path), std::move(volume)});
  }

  std::vector<invoker::Mount> take_mounts() override {
    std::vector<invoker::Mount> mounts;
    for (auto& [path, volume] : volumes_) {
      for (storage::VolumePart& part : volume->take_parts()) {
        const std::string target = part.target.empty() ? path : path + "/" + part.target;
        mounts.push_back(
            {target, std::move(part.tree), part.read_only, invoker::FileOwners::kContainer});
      }
    }
    return mounts;
  }

  // All at once: each volume is a transaction of its own, and none waits for another's bytes. Where
  // one fails the others' ends stand; the first failure in their order is told.
  base::Result<base::Json> finish(bool succeeded) override {
    std::vector<std::optional<base::Result<storage::VolumeReport>>> ends(volumes_.size());
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < volumes_.size(); ++i) {
        others.emplace_back([&, i] { ends[i] = volumes_[i].volume->finish(succeeded); });
      }
      if (!volumes_.empty()) ends[0] = volumes_[0].volume->finish(succeeded);
    }
    base::Json reports = base::Json::array();
    for (auto& report : ends) {
      if (!*report) return std::move(*report).error();
      reports.append(storage::to_json(**report));
    }
    return reports;
  }

 private:
  struct Staged {
    std::string path;  // inside the container
    std::unique_ptr<storage::OpenVolume> volume;
  };
  std::vector<Staged> volumes_;
};

}  // namespace

base::Result<std::unique_ptr<invoker::StagedFiles>> VolumeStager::stage(
    const invoker::StageRequest& request) {
  using Opened = base::Result<std::unique_ptr<storage::OpenVolume>>;
  std::vector<std::optional<Opened>> opened(request.volumes.size());
  {
    const auto open = [&](std::size_t i) {
      opened[i] =
          provider_.open(request.namespace_name, request.activation_id, request.volumes[i], uid_);
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < opened.size(); ++i) others.emplace_back(open, i);
    if (!opened.empty()) open(0);
  }
  auto staged = std::make_unique<StagedVolumes>();
  for (std::size_t i = 0; i < opened.size(); ++i) {
    TRY(auto volume, *std::move(opened[i]));
    staged->add(request.volumes[i].path, std::move(volume));
  }
  return std::unique_ptr<invoker::StagedFiles>(std::move(staged));
}

base::Status NoVolumes::ready() const {
  return base::Error{base::ErrorCode::kUnsupported, "this node has no volumes: " + reason_};
}

base::Result<std::unique_ptr<invoker::StagedFiles>> NoVolumes::stage(const invoker::StageRequest&) {
  return ready().error();
}

}  // namespace invoker_volumes
