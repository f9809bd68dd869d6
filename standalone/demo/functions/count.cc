// The native function of the demo: counts the words of one partition of the shuffle.
//
// It speaks ActionLoop: a line of JSON in on stdin, {"value": {"run", "part"}, ...}, a line out on
// fd 3. A word is a run of ASCII letters, in lower case: what `tr -cs A-Za-z '\n' | tr A-Z a-z`
// makes of the bytes.
#include <rapidjson/document.h>
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

std::string member(const rapidjson::Value& object, const char* name) {
  if (!object.IsObject()) throw std::runtime_error("the parameters are no object");
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) {
    throw std::runtime_error("the parameter \"" + std::string(name) + "\" must be a string");
  }
  return {found->value.GetString(), found->value.GetStringLength()};
}

rapidjson::Document count_partition(const rapidjson::Value& value) {
  const fs::path run = fs::path("/mnt/shuffle") / member(value, "run");
  const std::string part = member(value, "part");
  Counts counts;
  std::uint64_t files = 0;
  for (const auto& entry : fs::directory_iterator(run / part)) {
    std::string text = read_file(entry.path());
    count_words(text, counts);
    ++files;
  }
  const std::uint64_t words = write_counts(run / (part + ".counts"), counts);
  std::cout << "counted " << words << " words in " << files << " files of " << part << '\n'
            << std::flush;

  rapidjson::Document answer(rapidjson::kObjectType);
  answer.AddMember("words", words, answer.GetAllocator());
  answer.AddMember("distinct", static_cast<std::uint64_t>(counts.size()), answer.GetAllocator());
  answer.AddMember("files", files, answer.GetAllocator());
  return answer;
}

rapidjson::Document failure(const std::string& message) {
  rapidjson::Document answer(rapidjson::kObjectType);
  answer.AddMember("error", rapidjson::Value(message.c_str(), answer.GetAllocator()),
                   answer.GetAllocator());
  return answer;
}

rapidjson::Document answer_to(const std::string& line) {
  try {
    rapidjson::Document request;
    if (request.Parse(line.data(), line.size()).HasParseError() || !request.IsObject() ||
        !request.HasMember("value")) {
      return failure("the line is no request");
    }
    return count_partition(request["value"]);
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
    const rapidjson::Document answer = answer_to(line);
    rapidjson::StringBuffer text;
    rapidjson::Writer<rapidjson::StringBuffer> writer(text);
    answer.Accept(writer);
    if (!write_line(text.GetString())) return 1;
  }
  return 0;
}
