// One connection that another node opened: answers its questions, one after the other.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "context.h"
#include "net.h"
#include "transfer.h"

namespace storage_ephemeral {

// By the loop's thread alone.
class ServeSession final : public ConnectionUser,
                           public std::enable_shared_from_this<ServeSession> {
 public:
  // Gives the volume's files; nothing where this node does not serve that volume just now.
  using Find = std::function<std::shared_ptr<FileSource>(const std::string& volume)>;

  ServeSession(Context& context, Find find, std::function<void(ServeSession*)> over);

  void start(base::UniqueFd socket);
  void stop();

  void ready(const NodeName& peer) override;
  void received(const Frame& frame) override;
  void drained() override;
  void closed(const std::string& why) override;

 private:
  struct Serving {
    std::shared_ptr<FileSource> source;
    FetchFrame asked;
    FileSource::Stream stream;
    std::uint64_t offset = 0;
    bool told_end = false;
  };

  void fetch(const FetchFrame& asked);
  void keep(const KeepFrame& asked);
  void pump();
  void send_some(const SourceView& view);
  void send_bytes(std::uint64_t length);
  void tell_end(const SourceView& view);
  void finish(const Frame& last);
  void hang_up();
  void leave();
  void beat();

  Context& context_;
  Find find_;
  std::function<void(ServeSession*)> over_;
  std::shared_ptr<Connection> connection_;
  NodeName peer_;
  bool introduced_ = false;
  std::optional<Serving> serving_;
  bool keeping_ = false;
  std::unique_ptr<char[]> buffer_;  // of the frame that is on its way
  base::Instant moved_{};           // when the peer last took something
  EventLoop::Timer heartbeat_;
};

}  // namespace storage_ephemeral
