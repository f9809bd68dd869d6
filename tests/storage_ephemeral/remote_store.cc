#include "remote_store.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <utility>

#include "base/check.h"
#include "bytes.h"

namespace storage_ephemeral {
namespace {

enum : std::uint8_t { kWrite, kGet, kList, kWatch, kNotify };
constexpr std::size_t kTextMax = 64 << 20;
constexpr std::uint64_t kNews = 0;  // the number of what nobody asked for

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool receive_all(int fd, std::string& bytes) {
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t count = ::recv(fd, bytes.data() + have, bytes.size() - have, 0);
    if (count <= 0) return false;
    have += static_cast<std::size_t>(count);
  }
  return true;
}

bool send_message(int fd, std::string_view body) {
  return send_all(fd, ByteWriter().text(body).take());
}

bool receive_message(int fd, std::string& body) {
  std::string head(4, '\0');
  if (!receive_all(fd, head)) return false;
  body.resize(ByteReader(head).number<std::uint32_t>());
  return receive_all(fd, body);
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

void write_strings(ByteWriter& out, const std::vector<std::string>& strings) {
  out.number(static_cast<std::uint32_t>(strings.size()));
  for (const std::string& one : strings) out.text(one);
}
std::vector<std::string> read_strings(ByteReader& in) {
  std::vector<std::string> strings(in.number<std::uint32_t>());
  for (std::string& one : strings) one = in.text(kTextMax);
  return strings;
}

template <typename Pairs>
void write_pairs(ByteWriter& out, const Pairs& pairs) {
  out.number(static_cast<std::uint32_t>(pairs.size()));
  for (const auto& [key, value] : pairs) out.text(key).text(value);
}
std::vector<std::pair<std::string, std::string>> read_pairs(ByteReader& in) {
  std::vector<std::pair<std::string, std::string>> pairs(in.number<std::uint32_t>());
  for (auto& [key, value] : pairs) {
    key = in.text(kTextMax);
    value = in.text(kTextMax);
  }
  return pairs;
}

// 0 and the value, or the error's code after 0.
template <typename T, typename Value>
std::string encode_result(const base::Result<T>& result, Value value) {
  ByteWriter out;
  if (result.ok()) {
    out.number(std::uint8_t{0});
    value(out, *result);
  } else {
    out.number(static_cast<std::uint8_t>(1 + static_cast<int>(result.error().code)));
    out.text(result.error().message);
  }
  return out.take();
}

template <typename T, typename Value>
base::Result<T> decode_result(std::string_view bytes, Value value) {
  ByteReader in(bytes);
  const auto code = in.number<std::uint8_t>();
  if (!in.ok()) return base::Error{base::ErrorCode::kUnavailable, "the store is gone"};
  if (code == 0) return value(in);
  return base::Error{static_cast<base::ErrorCode>(code - 1), in.text(kTextMax)};
}

std::string encode_page(const base::Result<storage::OmapPage>& result) {
  return encode_result(result, [](ByteWriter& out, const storage::OmapPage& page) {
    write_pairs(out, page.entries);
    out.number(std::uint8_t{page.more}).number(page.version);
  });
}

base::Result<storage::OmapPage> decode_page(std::string_view bytes) {
  return decode_result<storage::OmapPage>(bytes, [](ByteReader& in) {
    storage::OmapPage page;
    for (auto& [key, value] : read_pairs(in)) page.entries[key] = value;
    page.more = in.number<std::uint8_t>() != 0;
    page.version = in.number<std::uint64_t>();
    return page;
  });
}

}  // namespace

struct StoreServer::Peer {
  base::UniqueFd socket;
  std::mutex mutex;  // guards sending
  std::vector<std::unique_ptr<storage::Watch>> watches;

  void tell(std::uint64_t number, std::string_view body) {
    const std::lock_guard lock(mutex);
    send_message(socket.get(), ByteWriter().number(number).raw(body).take());
  }
};

StoreServer::StoreServer(storage::ObjectStore& store, const std::string& path)
    : store_(store), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un address = address_of(path);
  CHECK(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(::listen(listener_.get(), 16) == 0);
  acceptor_ = std::thread([this] { accept_all(); });
}

StoreServer::~StoreServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  for (const auto& peer : peers_) ::shutdown(peer->socket.get(), SHUT_RDWR);
  for (std::thread& thread : threads_) thread.join();
}

void StoreServer::accept_all() {
  while (true) {
    const auto peer = std::make_shared<Peer>();
    peer->socket.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer->socket.valid()) return;
    const std::lock_guard lock(mutex_);
    peers_.push_back(peer);
    threads_.emplace_back([this, peer] { serve(store_, peer); });
  }
}

void StoreServer::serve(storage::ObjectStore& store, const std::shared_ptr<Peer>& peer) {
  std::string body;
  while (receive_message(peer->socket.get(), body)) {
    ByteReader in(body);
    const auto number = in.number<std::uint64_t>();
    const auto what = in.number<std::uint8_t>();
    const storage::ObjectId object{storage::Pool::kMetadata, in.text(kTextMax), in.text(kTextMax)};
    if (what == kWrite) {
      storage::ObjectWrite change;
      change.absent = in.number<std::uint8_t>() != 0;
      change.omap_equals = read_pairs(in);
      change.omap_remove = read_strings(in);
      for (auto& [key, value] : read_pairs(in)) change.omap_set[key] = value;
      store.write(object, std::move(change), [peer, number](auto result) {
        peer->tell(number, encode_result(result, [](ByteWriter& out, std::uint64_t version) {
                     out.number(version);
                   }));
      });
    } else if (what == kGet) {
      store.omap_get(object, read_strings(in),
                     [peer, number](auto page) { peer->tell(number, encode_page(page)); });
    } else if (what == kList) {
      const std::string after = in.text(kTextMax);
      const std::string prefix = in.text(kTextMax);
      store.omap_list(object, after, prefix, in.number<std::uint64_t>(),
                      [peer, number](auto page) { peer->tell(number, encode_page(page)); });
    } else if (what == kWatch) {
      auto watch = store.watch(
          object,
          [weak = std::weak_ptr(peer)](std::string_view bytes) {
            if (const auto alive = weak.lock()) alive->tell(kNews, bytes);
          },
          [] {});
      if (watch.ok()) peer->watches.push_back(std::move(*watch));
      peer->tell(number, std::string(1, '\0'));
    } else {
      store.notify(object, in.text(kTextMax));
    }
  }
  peer->watches.clear();
}

struct RemoteStore::Watching final : storage::Watch {
  RemoteStore* store = nullptr;
  std::uint64_t number = 0;
  ~Watching() override {
    const std::lock_guard lock(store->mutex_);
    store->watches_.erase(number);
  }
};

RemoteStore::RemoteStore(const std::string& path)
    : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_un address = address_of(path);
  CHECK(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
        0);
  listener_ = std::thread([this] { listen(); });
}

RemoteStore::~RemoteStore() {
  ::shutdown(socket_.get(), SHUT_RDWR);
  listener_.join();
}

void RemoteStore::ask(std::uint8_t what, const storage::ObjectId& object, std::string arguments,
                      Answer answer) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = ++next_;
  if (answer) waiting_[number] = std::move(answer);
  ByteWriter out;
  out.number(number).number(what).text(object.space).text(object.name).raw(arguments);
  send_message(socket_.get(), out.take());
}

void RemoteStore::listen() {
  std::string body;
  while (receive_message(socket_.get(), body)) {
    ByteReader in(body);
    const auto number = in.number<std::uint64_t>();
    Answer answer;
    {
      const std::lock_guard lock(mutex_);
      if (number == kNews) {
        for (const auto& [id, heard] : watches_) heard(in.rest());
      } else if (const auto found = waiting_.find(number); found != waiting_.end()) {
        answer = std::move(found->second);
        waiting_.erase(found);
      }
    }
    if (answer) answer(in.rest());
  }
}

void RemoteStore::write(const storage::ObjectId& object, storage::ObjectWrite change,
                        Done<storage::ObjectVersion> done) {
  ByteWriter out;
  out.number(std::uint8_t{change.absent});
  write_pairs(out, change.omap_equals);
  write_strings(out, change.omap_remove);
  write_pairs(out, change.omap_set);
  ask(kWrite, object, out.take(), [done = std::move(done)](std::string_view bytes) {
    done(decode_result<std::uint64_t>(bytes,
                                      [](ByteReader& in) { return in.number<std::uint64_t>(); }));
  });
}

void RemoteStore::omap_get(const storage::ObjectId& object, std::vector<std::string> keys,
                           Done<storage::OmapPage> done) {
  ByteWriter out;
  write_strings(out, keys);
  ask(kGet, object, out.take(),
      [done = std::move(done)](std::string_view bytes) { done(decode_page(bytes)); });
}

void RemoteStore::omap_list(const storage::ObjectId& object, const std::string& after,
                            const std::string& prefix, std::size_t most,
                            Done<storage::OmapPage> done) {
  ask(kList, object, ByteWriter().text(after).text(prefix).number(std::uint64_t{most}).take(),
      [done = std::move(done)](std::string_view bytes) { done(decode_page(bytes)); });
}

base::Result<std::unique_ptr<storage::Watch>> RemoteStore::watch(
    const storage::ObjectId& object, std::function<void(std::string_view)> heard,
    std::function<void()>) {
  auto watching = std::make_unique<Watching>();
  watching->store = this;
  {
    const std::lock_guard lock(mutex_);
    watching->number = ++next_;
    watches_[watching->number] = std::move(heard);
  }
  ask(kWatch, object, {}, [](std::string_view) {});
  return std::unique_ptr<storage::Watch>(std::move(watching));
}

void RemoteStore::notify(const storage::ObjectId& object, std::string bytes) {
  ask(kNotify, object, ByteWriter().text(bytes).take(), nullptr);
}

namespace {
base::Error not_here() { return {base::ErrorCode::kUnsupported, "not over the socket"}; }
}  // namespace

void RemoteStore::read(const storage::ObjectId&, std::uint64_t, std::uint64_t,
                       Done<std::string> done) {
  done(not_here());
}
void RemoteStore::stat(const storage::ObjectId&, Done<storage::ObjectStat> done) {
  done(not_here());
}
base::Result<std::vector<std::string>> RemoteStore::list(storage::Pool, const std::string&,
                                                         std::string&, std::size_t) {
  return not_here();
}

}  // namespace storage_ephemeral
