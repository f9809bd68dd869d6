// What files hold.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include <csignal>
#include <cstring>

#include "check.h"

namespace posix {
namespace {

std::string bytes_at(int fd, off_t offset, std::size_t size) {
  std::string bytes(size, '?');
  const long got = OK(::pread(fd, bytes.data(), size, offset));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

void put_at(int fd, const std::string& bytes, off_t offset) {
  SAME(::pwrite(fd, bytes.data(), bytes.size(), offset), bytes.size());
}

void add_sizes(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"data", says, body}); };
  add("behind the end reads as nothing", [] {
    const int fd = make("file");
    put_at(fd, "abc", 0);
    SAME(bytes_at(fd, 3, 10).size(), 0U);
    SAME(bytes_at(fd, 1000, 10).size(), 0U);
    HOLDS(bytes_at(fd, 2, 10) == "c");
  });
  add("left out is zeroes", [] {
    const int fd = make("file");
    put_at(fd, "x", 100000);
    HOLDS(bytes_at(fd, 0, 100001) == std::string(100000, '\0') + "x");
  });
  add("can be at an offset of one tebibyte", [] {
    const int fd = make("file");
    const off_t far = off_t{1} << 40;
    put_at(fd, "far", far);
    SAME(stat_of(fd).st_size, far + 3);
    HOLDS(bytes_at(fd, far - 1, 4) == std::string("\0far", 4));
    HOLDS(stat_of(fd).st_blocks < 10000);
  });
  add("cut off stays cut off when the file grows again", [] {
    const int fd = make("file");
    put_at(fd, std::string(10000, 'x'), 0);
    OK(::ftruncate(fd, 5000));
    OK(::ftruncate(fd, 10000));
    HOLDS(bytes_at(fd, 0, 10000) == std::string(5000, 'x') + std::string(5000, '\0'));
  });
  add("of a directory, and to a negative size, is not cut: EISDIR, EINVAL", [] {
    OK(::mkdir("d", 0755));
    put("file", "");
    FAILS(EISDIR, ::truncate("d", 0));
    FAILS(EINVAL, ::truncate("file", -1));
  });
  add("over the process's limit is EFBIG", [] {
    const int fd = make("file");
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    OK(::setrlimit(RLIMIT_FSIZE, &limit));
    put_at(fd, std::string(990, 'x'), 0);
    SAME(::pwrite(fd, std::string(100, 'y').data(), 100, 950), 50);
    FAILS(EFBIG, ::pwrite(fd, "z", 1, 1000));
    FAILS(EFBIG, ::ftruncate(fd, 2000));
  });
  add("of a megabyte comes back as it was", [] {
    std::string pattern(1 << 20, '\0');
    for (std::size_t i = 0; i < pattern.size(); ++i)
      pattern[i] = static_cast<char>(i * 7 + i / 251);
    put("file", pattern);
    HOLDS(content_of("file") == pattern);
  });
  add("in pieces of many sizes comes back as it was", [] {
    const int fd = make("file");
    std::string all;
    for (const std::size_t size : {1U, 4095U, 4096U, 4097U, 131072U, 131073U, 3U}) {
      const std::string piece(size, static_cast<char>('a' + all.size() % 26));
      SAME(::write(fd, piece.data(), piece.size()), piece.size());
      all += piece;
    }
    HOLDS(content_of("file") == all);
  });
  add("of vectors is as if in one piece", [] {
    const int fd = make("file");
    char one[] = "ab", two[] = "cde";
    const iovec parts[] = {{one, 2}, {two, 3}};
    SAME(::writev(fd, parts, 2), 5);
    HOLDS(content_of("file") == "abcde");
  });
}

void add_holes(std::vector<Check>& checks) {
  const auto add = [&](const char* group, const char* says, auto body) {
    checks.push_back({group, says, body});
  };
  add("lseek", "finds data and holes", [] {
    const int fd = make("file");
    put_at(fd, std::string(4096, 'x'), 1 << 20);
    HOLDS(::lseek(fd, 0, SEEK_DATA) <= (1 << 20));
    const long hole = OK(::lseek(fd, 1 << 20, SEEK_HOLE));
    HOLDS(hole >= (1 << 20) + 4096);
    FAILS(ENXIO, ::lseek(fd, 2 << 20, SEEK_DATA));
    SAME(::lseek(fd, 0, SEEK_END), (1 << 20) + 4096);
    FAILS(EINVAL, ::lseek(fd, -1, SEEK_SET));
  });
  add("fallocate", "makes a file longer, or not", [] {
    const int fd = make("file");
    if (::fallocate(fd, 0, 0, 10000) != 0) {
      SAME(errno, EOPNOTSUPP);
      return;
    }
    SAME(stat_of(fd).st_size, 10000);
    OK(::fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50000));
    SAME(stat_of(fd).st_size, 10000);
    HOLDS(bytes_at(fd, 0, 10000) == std::string(10000, '\0'));
  });
  add("fallocate", "punches holes", [] {
    const int fd = make("file");
    put_at(fd, std::string(16384, 'x'), 0);
    if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192) != 0) {
      SAME(errno, EOPNOTSUPP);
      return;
    }
    SAME(stat_of(fd).st_size, 16384);
    HOLDS(bytes_at(fd, 4095, 8194) == "x" + std::string(8192, '\0') + "x");
  });
  add("copy_file_range", "copies", [] {
    put("from", "0123456789");
    const int from = static_cast<int>(OK(::open("from", O_RDONLY)));
    const int to = make("to");
    off64_t in = 2, out = 5;
    SAME(::copy_file_range(from, &in, to, &out, 4, 0), 4);
    HOLDS(content_of("to") == std::string(5, '\0') + "2345");
  });
  add("sendfile", "copies", [] {
    put("from", std::string(200000, 's'));
    const int from = static_cast<int>(OK(::open("from", O_RDONLY)));
    const int to = make("to");
    for (long left = 200000; left > 0;) {
      left -= OK(::sendfile(to, from, nullptr, static_cast<std::size_t>(left)));
    }
    HOLDS(content_of("to") == std::string(200000, 's'));
  });
}

char* map(int fd, std::size_t size, int protection, int flags) {
  void* at = ::mmap(nullptr, size, protection, flags, fd, 0);
  HOLDS(at != MAP_FAILED);
  return static_cast<char*>(at);
}

void add_maps(std::vector<Check>& checks) {
  const auto add = [&](const char* says, auto body) { checks.push_back({"mmap", says, body}); };
  add("shared shows writes, and is shown by reads", [] {
    const int fd = make("file");
    OK(::ftruncate(fd, 8192));
    char* at = map(fd, 8192, PROT_READ | PROT_WRITE, MAP_SHARED);
    put_at(fd, "written", 100);
    HOLDS(std::memcmp(at + 100, "written", 7) == 0);
    std::memcpy(at + 5000, "mapped", 6);
    HOLDS(bytes_at(fd, 5000, 6) == "mapped");
    OK(::msync(at, 8192, MS_SYNC));
    OK(::munmap(at, 8192));
    HOLDS(content_of("file").substr(5000, 6) == "mapped");
  });
  add("shared is shared between processes", [] {
    const int fd = make("file");
    OK(::ftruncate(fd, 4096));
    char* at = map(fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
    in_child([] {
      const int other = static_cast<int>(OK(::open("file", O_RDWR)));
      map(other, 4096, PROT_READ | PROT_WRITE, MAP_SHARED)[7] = 'c';
    });
    SAME(int{at[7]}, 'c');
  });
  add("private does not reach the file", [] {
    put("file", "content");
    const int fd = static_cast<int>(OK(::open("file", O_RDONLY)));
    char* at = map(fd, 7, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    at[0] = 'X';
    HOLDS(content_of("file") == "content");
  });
  add("holds the file when its name and descriptor are gone", [] {
    const int fd = make("file");
    put_at(fd, "content", 0);
    char* at = map(fd, 7, PROT_READ, MAP_SHARED);
    OK(::close(fd));
    OK(::unlink("file"));
    HOLDS(std::memcmp(at, "content", 7) == 0);
  });
  add("shared for writing needs a descriptor for both: EACCES", [] {
    put("file", "content");
    const int fd = static_cast<int>(OK(::open("file", O_RDONLY)));
    HOLDS(::mmap(nullptr, 7, PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
    SAME(errno, EACCES);
  });
  add("writes change the time of the file by the time it is synced", [] {
    const int fd = make("file");
    OK(::ftruncate(fd, 4096));
    const auto before = stat_of("file").st_mtim;
    let_time_pass();
    char* at = map(fd, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
    at[0] = 'x';
    OK(::msync(at, 4096, MS_SYNC));
    OK(::munmap(at, 4096));
    OK(::close(fd));
    const auto after = stat_of("file").st_mtim;
    HOLDS(after.tv_sec != before.tv_sec || after.tv_nsec != before.tv_nsec);
  });
}

}  // namespace

void add_data(std::vector<Check>& checks) {
  add_sizes(checks);
  add_holes(checks);
  add_maps(checks);
  checks.push_back({"fsync", "works on files, also without names", [] {
                      const int fd = make("file");
                      put_at(fd, "content", 0);
                      OK(::fsync(fd));
                      OK(::fdatasync(fd));
                      OK(::unlink("file"));
                      OK(::fsync(fd));
                    }});
}

}  // namespace posix
