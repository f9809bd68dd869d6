#include "couch.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "database.h"

namespace couch_tests {

using base::Json;
using invoker_couchdb::CouchSettings;
using invoker_couchdb::encode_segment;

namespace {

std::string first_line(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

CouchSettings settings_in(const std::string& folder) {
  const std::string address = first_line(folder + "/address");
  const std::string credentials = first_line(folder + "/credentials");
  const auto colon = address.find(':');
  if (colon == std::string::npos) throw std::runtime_error("no database in " + folder);
  CouchSettings settings;
  settings.host = address.substr(0, colon);
  settings.port = std::stoi(address.substr(colon + 1));
  settings.username = credentials.substr(0, credentials.find(':'));
  settings.password = credentials.substr(credentials.find(':') + 1);
  return settings;
}

CouchSettings shared_settings() {
  const char* const folder = std::getenv("SERVICES_FOLDER");
  if (folder == nullptr) throw std::runtime_error("SERVICES_FOLDER is not set");
  return settings_in(std::string(folder) + "/couchdb");
}

Couch::Couch(const CouchSettings& settings)
    : actions(settings.actions),
      activations(settings.activations),
      subjects(settings.subjects),
      client_({.root = "http://" + settings.host + ":" + std::to_string(settings.port),
               .username = settings.username,
               .password = settings.password}) {}

Json Couch::ask(const std::string& method, const std::string& path, const std::string& body,
                const std::string& type) {
  const auto answer = client_.send({.method = method,
                                    .path = path,
                                    .headers = {"Content-Type: " + type},
                                    .body = body,
                                    .answer_bytes_max = 64 << 20},
                                   std::chrono::seconds(20));
  if (!answer) throw std::runtime_error(answer.error().message);
  if (answer->status == 404) return {};
  if (answer->status >= 300) throw std::runtime_error(path + ": " + answer->body);
  return Json::parse(answer->body).value();
}

std::string Couch::put(const std::string& database, const std::string& id, Json document) {
  document.set("_id", id);
  return ask("PUT", "/" + database + "/" + encode_segment(id), document.to_string())
      .find("rev")
      ->as_string();
}

std::string Couch::put_attachment(const std::string& id, const std::string& revision,
                                  const std::string& name, const std::string& type,
                                  const std::string& bytes) {
  return ask("PUT", "/" + actions + "/" + encode_segment(id) + "/" + name + "?rev=" + revision,
             bytes, type)
      .find("rev")
      ->as_string();
}

void Couch::remove(const std::string& database, const std::string& id,
                   const std::string& revision) {
  ask("DELETE", "/" + database + "/" + encode_segment(id) + "?rev=" + revision);
}

Json Couch::get(const std::string& database, const std::string& id) {
  return ask("GET", "/" + database + "/" + encode_segment(id));
}

std::int64_t Couch::count(const std::string& database) {
  return ask("GET", "/" + database).find("doc_count")->as_int64().value();
}

Json action(const std::string& id, Json code, bool binary) {
  const auto slash = id.rfind('/');
  Json exec = Json::object({{"kind", "python:3"}, {"binary", binary}});
  exec.set("code", std::move(code));
  return Json::object({{"entityType", "action"},
                       {"namespace", id.substr(0, slash)},
                       {"name", id.substr(slash + 1)},
                       {"exec", std::move(exec)},
                       {"parameters", Json::array()},
                       {"limits", Json::object({{"timeout", 60'000}, {"memory", 256}})},
                       {"version", "0.0.1"},
                       {"publish", false},
                       {"annotations", Json::array()},
                       {"updated", std::int64_t{1'711'533'500'000}}});
}

OwnService::OwnService() {
  std::string name = (std::filesystem::temp_directory_path() / "couch-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  folder_ = name;
  call("start");
}

OwnService::~OwnService() {
  call("stop");
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

bool OwnService::runs() const { return std::filesystem::exists(folder_ + "/address"); }

void OwnService::call(const std::string& what) {
  const std::string command =
      std::string(LARDER_COUCHDB_SCRIPT) + " " + what + " " + folder_ + " >/dev/null";
  if (std::system(command.c_str()) != 0) throw std::runtime_error(command);  // NOLINT(cert-env33-c)
}

}  // namespace couch_tests
