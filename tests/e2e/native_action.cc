// A native action that speaks the ActionLoop convention: the size of a file of the shared volume.
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <string>

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::string key = "\"file\":\"";
    const auto begin = line.find(key) + key.size();
    const std::string path = "/mnt/shared/" + line.substr(begin, line.find('"', begin) - begin);
    struct stat info{};
    const long long bytes = stat(path.c_str(), &info) == 0 ? info.st_size : -1;
    const std::string answer = "{\"bytes\":" + std::to_string(bytes) + "}\n";
    if (write(3, answer.data(), answer.size()) < 0) return 1;
  }
}
