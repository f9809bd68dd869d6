#include "volume_stager.h"

#include <utility>
#include <vector>

namespace program {
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

  // Every volume is finished, also after one of them failed.
  base::Result<base::Json> finish(bool succeeded) override {
    base::Json reports = base::Json::array();
    base::Status failure;
    for (auto& [path, volume] : volumes_) {
      auto report = volume->finish(succeeded);
      if (report) {
        reports.append(storage::to_json(*report));
      } else if (failure) {
        failure = std::move(report).error();
      }
    }
    TRY_STATUS(std::move(failure));
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
  auto staged = std::make_unique<StagedVolumes>();
  for (const hints::Volume& volume : request.volumes) {
    TRY(auto opened, provider_.open(request.namespace_name, request.activation_id, volume, uid_));
    staged->add(volume.path, std::move(opened));
  }
  return std::unique_ptr<invoker::StagedFiles>(std::move(staged));
}

}  // namespace program
