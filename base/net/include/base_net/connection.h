// One connection between two programs of ours: introduces both sides, then carries frames.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "base_net/event_loop.h"
#include "base_net/identity.h"
#include "base_net/introduction.h"

namespace base_net {

class Channel;

// What is done with it. Called on the loop's thread.
class ConnectionUser {
 public:
  virtual ~ConnectionUser() = default;
  // The peer is who it must be; nothing else comes before this.
  virtual void ready(const std::string& peer) = 0;
  // Type and body; it points into a buffer that is gone afterwards. Errors: what came is not to be
  // borne; the connection is closed().
  virtual base::Status take_frame(std::string_view frame) = 0;
  // All that was sent is on its way.
  virtual void drained() = 0;
  // Once, and nothing comes after it.
  virtual void closed(const std::string& why) = 0;
};

struct ConnectionSettings {
  Protocol protocol;
  Side side = Side::kCaller;
  std::string self;
  std::string peer;  // kCaller: whom it must reach
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
  // Frames with their lengths.
  void send(std::string bytes);
  // The same, of bytes that stay where they are until drained(), or until it is closed.
  void send_borrowed(std::string_view bytes);
  bool idle() const { return output_.empty(); }
  // Another user takes it over; both are between two frames.
  void hand_to(ConnectionUser& user) { user_ = &user; }
  // Without telling the user.
  void close();
  // The peer is not to be borne: closes it and tells the user.
  void fail(const std::string& why);
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
  base::Status introduce(std::string_view frame);
  base::Status hear_hello(const HelloFrame& hello);
  base::Status hear_proof(const ProofFrame& proof);
  void prove();
  void introduced();
  void write_more();
  void enqueue(Output output);
  void expect_events();

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

}  // namespace base_net
