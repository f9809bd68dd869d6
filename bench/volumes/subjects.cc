#include "subjects.h"

#include <cstdio>
#include <sstream>

namespace volumes_bench {
namespace {

using base::Status;

void say(const base::Error& error) {
  std::printf("  %s\n", error.message.c_str());
  std::fflush(stdout);
}

hints::Volume volume(const std::string& name, hints::Tier tier) {
  hints::Volume volume;
  volume.name = name;
  volume.tier = tier;
  return volume;
}

Status start_larder(World& world, const Services& services) {
  const Path conf = services.folder_of("ceph") / "data" / "larder.conf";
  for (const auto& [node, name, address] :
       {std::tuple(kNodeA, "a", "127.0.0.1"), {kNodeB, "b", "127.0.0.2"}}) {
    const std::vector<std::string> settings{"store=ceph", "ceph.user=larder",
                                            "ceph.conf=" + conf.native(),
                                            "ephemeral.listen=" + std::string(address) + ":0"};
    TRY(world.nodes.at(node), LarderNode::start(world.scratch / "larder" / name, name, settings));
  }
  world.subjects.push_back(larder_subject(kEphemeral, {.ours = true}, world.nodes,
                                          volume("fast", hints::Tier::kEphemeral)));
  world.subjects.push_back(larder_subject(kDurable, {.ours = true, .transactional = true},
                                          world.nodes, volume("safe", hints::Tier::kDurable)));
  return {};
}

void start_peer(World& world, Services& services, const std::string& service,
                const std::string& name) {
  const auto mounts = services.start(service);
  if (!mounts) return say(mounts.error());
  std::istringstream words(*mounts);
  std::string a, b;
  words >> a >> b;
  world.subjects.push_back(mounted_subject(name, {}, a, b));
}

}  // namespace

void start_subjects(World& world, Services& services, bool with_peers) {
  const Path disk = world.scratch / "native";
  std::filesystem::create_directories(disk);
  world.subjects.push_back(
      mounted_subject(kNative, {.two_nodes = false, .ours = true}, disk, disk));
  const auto ceph = services.start("ceph");
  if (!ceph) say(ceph.error());
  if (ceph) {
    world.rados = RadosFloor{(services.folder_of("ceph") / "data" / "larder.conf").native()};
    if (const auto started = start_larder(world, services); !started) say(started.error());
  }
  if (!with_peers) return;
  for (const auto& [service, name] : {std::pair("cephfs", kCephFs.c_str()),
                                      {"s3fs", "s3fs"},
                                      {"glusterfs", "GlusterFS"},
                                      {"moosefs", "MooseFS"}})
    start_peer(world, services, service, name);
}

}  // namespace volumes_bench
