// One connection between two nodes: introduces both sides, then carries frames.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "channel.h"
#include "event_loop.h"
#include "frame.h"
#include "identity.h"

namespace storage_ephemeral {

// What is done with it. Called on the loop's thread.
class ConnectionUser {
 public:
  virtual ~ConnectionUser() = default;
  // The peer is who it must be; nothing else comes before this.
  virtual void ready(const NodeName& peer) = 0;
  // `frame` points into a buffer that is gone afterwards.
  virtual void received(const Frame& frame) = 0;
  // All that was sent is on its way.
  virtual void drained() = 0;
  // Once, and nothing comes after it.
  virtual void closed(const std::string& why) = 0;
};

struct ConnectionSettings {
  Side side = Side::kCaller;
  NodeName self;
  NodeName peer;  // kCaller: whom it must reach
  std::chrono::milliseconds introduction{5000};
};

// By the loop's thread alone. Its user must outlive it or close() it before.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(EventLoop& loop, base::UniqueFd socket, std::shared_ptr<const Identity> identity,
             ConnectionSettings settings, ConnectionUser& user);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void send(std::string bytes);
  // The same, of bytes that stay where they are until drained(), or until it is closed.
  void send_borrowed(std::string_view bytes);
  bool idle() const { return output_.empty(); }
  // Another user takes it over; both are between two frames.
  void hand_to(ConnectionUser& user) { user_ = &user; }
  // Without telling the user.
  void close();
  bool open() const { return socket_.valid(); }

 private:
  enum class Stage : std::uint8_t { kChannel, kHello, kProof, kReady };
  struct Output {
    std::string own;
    std::string_view borrowed;  // where `own` is empty
    std::size_t offset = 0;
  };

  void on_events(std::uint32_t events);
  void shake();
  void greet();
  void read_more();
  void make_room();
  void grow_input(std::size_t size);
  void take_frames();
  void introduce(const Frame& frame);
  void hear_hello(const HelloFrame& hello);
  void hear_proof(const ProofFrame& proof);
  void introduced();
  void write_more();
  void enqueue(Output output);
  void expect_events();
  void fail(const std::string& why);

  EventLoop& loop_;
  base::UniqueFd socket_;
  std::shared_ptr<const Identity> identity_;
  ConnectionSettings settings_;
  ConnectionUser* user_;
  std::unique_ptr<Channel> channel_;
  Stage stage_ = Stage::kChannel;
  Greeting greeting_;
  std::unique_ptr<char[]> input_;
  std::size_t input_size_ = 0, input_used_ = 0, input_filled_ = 0;
  std::deque<Output> output_;
  std::uint32_t events_ = 0;
  bool handshake_wants_write_ = true;
  bool writing_ = false;
  EventLoop::Timer deadline_;
};

}  // namespace storage_ephemeral
