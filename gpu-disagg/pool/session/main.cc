// larder-gpu-session: one tenant's work on one GPU, in a process of its own. Started by larder-gpud
// with the descriptors of session_channel.h; not meant to be started by people.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <optional>
#include <string>

#include "confinement.h"
#include "devices.h"
#include "gpu_pool/folder_images.h"
#include "lease.h"

namespace gpu_session_program {
namespace {

namespace channel = gpu_pool::session_channel;
using base::UniqueFd;

constexpr std::uint64_t kImageBytesMax = 1ULL << 30;
constexpr std::size_t kMemoryImageBytesMax = 64 << 20;

struct Arguments {
  std::string device = "host";
  std::string images;
  unsigned uid = 0;
};

int fail(const base::Error& error) {
  std::fprintf(stderr, "larder-gpu-session: %s\n", error.message.c_str());
  return 1;
}

std::unique_ptr<gpu_session::Images> open_images(const std::string& folder) {
  if (folder.empty()) return std::make_unique<gpu_session::MemoryImages>(kMemoryImageBytesMax);
  return std::make_unique<gpu_pool::FolderImages>(folder, kImageBytesMax);
}

UniqueFd accept_from(const pollfd& listener) {
  if ((listener.revents & POLLIN) == 0) return UniqueFd();
  return UniqueFd(::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC));
}

class Program {
 public:
  Program(std::unique_ptr<gpu_device::Device> first, MakeDevice make_device,
          gpu_session::Images& images)
      : first_(std::move(first)), make_device_(std::move(make_device)), images_(images) {}

  // Until the daemon says End, or is gone. Tenants are met only after the lease.
  int run() {
    std::array<pollfd, 3> polled{pollfd{channel::kChannelFd, POLLIN, 0},
                                 pollfd{channel::kUnixListenerFd, POLLIN, 0},
                                 pollfd{channel::kTcpListenerFd, POLLIN, 0}};
    while (true) {
      if (::poll(polled.data(), tenancy_ ? polled.size() : 1, -1) < 0) continue;
      if (polled[0].revents != 0 && !hear()) return 0;
      if (!tenancy_) continue;
      for (const std::size_t listener : {1U, 2U}) {
        UniqueFd socket = accept_from(polled[listener]);
        if (socket.valid()) tenancy_->serve(std::move(socket));
      }
    }
  }

 private:
  // False: it is over. The process ends at once: work that is under way is nobody's any more.
  bool hear() {
    const auto packet = channel::receive(channel::kChannelFd);
    if (!packet.ok()) ::_exit(0);
    if (!packet->has_value()) return true;
    if (const auto* lease = std::get_if<channel::Lease>(&**packet); lease != nullptr && !tenancy_) {
      tenancy_.emplace(*lease, std::move(first_), make_device_, images_);
    }
    if (!std::holds_alternative<channel::End>(**packet)) return true;
    const gpu_pool::Usage usage = tenancy_ ? tenancy_->usage() : gpu_pool::Usage{};
    const auto said = channel::send(channel::kChannelFd, channel::Done{usage});
    ::_exit(said.ok() ? 0 : 1);
  }

  std::unique_ptr<gpu_device::Device> first_;
  const MakeDevice make_device_;
  gpu_session::Images& images_;
  std::optional<Tenancy> tenancy_;
};

int serve(const Arguments& arguments) {
  if (const auto bound = die_with_parent(); !bound) return fail(bound.error());
  auto make_device = device_maker(arguments.device);
  if (!make_device.ok()) return fail(make_device.error());
  // Before the device: the threads it starts are confined with their creator.
  const bool driver = arguments.device.starts_with("cuda");
  if (const auto confined = confine({.uid = arguments.uid, .device_files = driver}); !confined) {
    return fail(confined.error());
  }
  const auto images = open_images(arguments.images);
  auto first = (*make_device)();
  if (first == nullptr) {
    return fail(
        {base::ErrorCode::kUnavailable, "the device " + arguments.device + " is not there"});
  }
  const std::string name = first->properties().name;
  if (const auto told = channel::send(channel::kChannelFd, channel::Ready{name}); !told) {
    return fail(told.error());
  }
  return Program(std::move(first), *make_device, *images).run();
}

}  // namespace
}  // namespace gpu_session_program

int main(int argc, char** argv) {
  gpu_session_program::Arguments arguments;
  CLI::App app{"One tenant's work on one GPU. Started by larder-gpud."};
  app.add_option("--device", arguments.device, "host or null");
  app.add_option("--images", arguments.images, "Folder of code images that sessions share");
  app.add_option("--uid", arguments.uid, "User to become");
  CLI11_PARSE(app, argc, argv);
  return gpu_session_program::serve(arguments);
}
