// The native function of the demo: counts the words of one partition of the shuffle.
//
// It speaks ActionLoop: a line of JSON in on stdin, {"value": {"run", "part"}, ...}, a line out on
// fd 3. A word is a run of ASCII letters, in lower case: what `tr -cs A-Za-z '\n' | tr A-Z a-z`
// makes of the bytes.
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

namespace fs = std::filesystem;

// Looked up by string_view, so that a word that is known already costs no allocation.
struct WordHash : std::hash<std::string_view> {
  using is_transparent = void;
};
using Counts = std::unordered_map<std::string, std::uint64_t, WordHash, std::equal_to<>>;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void add_word(std::string_view word, Counts& counts) {
  const auto known = counts.find(word);
  if (known != counts.end()) {
    ++known->second;
  } else {
    counts.emplace(word, 1);
  }
}

void count_words(std::string& text, Counts& counts) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_letter(text[i])) {
      text[i] = static_cast<char>(text[i] | 0x20);
      continue;
    }
    if (i > begin) add_word(std::string_view(text).substr(begin, i - begin), counts);
    begin = i + 1;
  }
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(fs::file_size(path), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return text;
}

// Sorted, so that the merger can walk all partitions side by side.
std::uint64_t write_counts(const fs::path& path, const Counts& counts) {
  std::vector<std::pair<std::string_view, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end());
  std::ofstream file(path, std::ios::binary);
  std::uint64_t words = 0;
  for (const auto& [word, count] : sorted) {
    file << word << '\t' << count << '\n';
    words += count;
  }
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
  return words;
}

// Collects the texts that are members of "value". (Reading a document would be simpler, but clang
// 19 refuses document.h.)
class RequestReader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, RequestReader> {
 public:
  bool StartObject() { return open(); }
  bool EndObject(rapidjson::SizeType /*members*/) { return close(); }
  bool StartArray() { return open(); }
  bool EndArray(rapidjson::SizeType /*items*/) { return close(); }
  bool Key(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    if (depth_ == 1) in_value_ = std::string_view(text, size) == "value";
    if (depth_ == 2) name_.assign(text, size);
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool /*copy*/) {
    if (depth_ == 2 && in_value_) texts_[name_].assign(text, size);
    return true;
  }

  const std::string& text(const std::string& name) const {
    const auto found = texts_.find(name);
    if (found != texts_.end()) return found->second;
    throw std::runtime_error("the parameter \"" + name + "\" must be a string");
  }

 private:
  bool open() {
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  bool in_value_ = false;
  std::string name_;
  std::unordered_map<std::string, std::string> texts_;
};

struct Counted {
  std::uint64_t words = 0;
  std::uint64_t distinct = 0;
  std::uint64_t files = 0;
};

Counted count_partition(const RequestReader& request) {
  const fs::path run = fs::path("/mnt/shuffle") / request.text("run");
  const std::string& part = request.text("part");
  Counts counts;
  Counted counted;
  for (const auto& entry : fs::directory_iterator(run / part)) {
    std::string text = read_file(entry.path());
    count_words(text, counts);
    ++counted.files;
  }
  counted.words = write_counts(run / (part + ".counts"), counts);
  counted.distinct = counts.size();
  std::cout << "counted " << counted.words << " words in " << counted.files << " files of " << part
            << '\n'
            << std::flush;
  return counted;
}

std::string to_json(const Counted& counted) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartObject();
  for (const auto& [name, number] : {std::pair("words", counted.words),
                                     {"distinct", counted.distinct},
                                     {"files", counted.files}}) {
    writer.Key(name);
    writer.Uint64(number);
  }
  writer.EndObject();
  return text.GetString();
}

std::string failure(const std::string& message) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartObject();
  writer.Key("error");
  writer.String(message.c_str());
  writer.EndObject();
  return text.GetString();
}

std::string answer_to(const std::string& line) {
  try {
    RequestReader request;
    rapidjson::StringStream stream(line.c_str());
    if (rapidjson::Reader().Parse(stream, request).IsError()) {
      return failure("the line is no request");
    }
    return to_json(count_partition(request));
  } catch (const std::exception& error) {
    return failure(error.what());
  }
}

bool write_line(std::string line) {
  line += '\n';
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t wrote = ::write(3, line.data() + done, line.size() - done);
    if (wrote < 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace

int main() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  if (std::getenv("__OW_WAIT_FOR_ACK") != nullptr && !write_line(R"({"ok":true})")) return 1;
  for (std::string line; std::getline(std::cin, line);) {
    if (!write_line(answer_to(line))) return 1;
  }
  return 0;
}
