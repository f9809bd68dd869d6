// HTTPS as Ansible configures it: a PKCS#12 keystore, and clients that must show a certificate.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "curl.h"
#include "invoker_server/control_server.h"

namespace {

using invoker_server::ControlServer;
using invoker_server::TlsOptions;
namespace fs = std::filesystem;

// Keys and certificates, made once for all tests here.
class Keys {
 public:
  Keys() {
    std::string name = (fs::temp_directory_path() / "larder-keys-XXXXXX").string();
    CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    // As Ansible's script does it: a key, a self-signed certificate, both in a keystore.
    self_signed("invoker");
    self_signed("stranger");
    self_signed("authority");
    openssl(
        "pkcs12 -export -name invoker -passout pass:openwhisk -in invoker.crt -inkey "
        "invoker.key -out invoker.p12");
    openssl("req -new -key invoker.key -subj /CN=client -out client.csr");
    openssl(
        "x509 -req -in client.csr -CA authority.crt -CAkey authority.key -CAcreateserial "
        "-days 2 -out client.crt");
    openssl(
        "pkcs12 -export -passout pass:openwhisk -in invoker.crt -inkey invoker.key -certfile "
        "authority.crt -out trusting.p12");
    openssl("pkcs12 -export -nokeys -passout pass:openwhisk -in invoker.crt -out keyless.p12");
    // Keystores of old: RC2 for the certificate, Triple DES for the key.
    openssl(
        "pkcs12 -export -legacy -passout pass:openwhisk -in invoker.crt -inkey invoker.key "
        "-out legacy.p12");
    std::ofstream(file("garbage.p12")) << "no keystore at all";
    std::ofstream(file("java.jks")) << "\xfe\xed\xfe\xed and so on";
  }
  ~Keys() { fs::remove_all(folder_); }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  std::string file(const std::string& name) const { return (folder_ / name).string(); }

 private:
  void self_signed(const std::string& name) {
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout " + name +
            ".key -out " + name + ".crt");
  }
  void openssl(const std::string& arguments) {
    const Said said = run("cd " + folder_.string() + " && openssl " + arguments + " 2>&1");
    CHECK(said.status == 0);
  }

  fs::path folder_;
};

const Keys& keys() {
  static const Keys made;
  return made;
}

base::Result<std::unique_ptr<ControlServer>> serve(const std::string& keystore,
                                                   const std::string& password,
                                                   bool client_certificate) {
  invoker_server::ControlOptions options;
  options.address = "127.0.0.1";
  options.port = 0;
  options.tls = TlsOptions{keys().file(keystore), password, client_certificate};
  invoker_server::ControlCallbacks callbacks;
  callbacks.metrics = [] { return std::string(1 << 20, 'm'); };
  return ControlServer::start(options, callbacks);
}

std::string fault_of(const std::string& keystore, const std::string& password) {
  const auto server = serve(keystore, password, true);
  return server.ok() ? "none" : server.error().message;
}

HttpAnswer ping(const ControlServer& server, const std::string& arguments) {
  return curl(arguments + " https://127.0.0.1:" + std::to_string(server.port()) + "/ping");
}

std::string client(const std::string& name, const std::string& key) {
  return "-k --cert " + keys().file(name + ".crt") + " --key " + keys().file(key + ".key");
}

TEST(Tls, Trap54PingIsServedOverHttpsToAClientWithTheCertificateOfTheKeystore) {
  const auto server = serve("invoker.p12", "openwhisk", true).value();
  const auto answer = ping(*server, client("invoker", "invoker"));
  EXPECT_EQ(answer.curl, 0);
  EXPECT_EQ(answer.body, "pong");
  const auto checked =
      ping(*server, "--cacert " + keys().file("invoker.crt") + " --cert " +
                        keys().file("invoker.crt") + " --key " + keys().file("invoker.key"));
  EXPECT_EQ(checked.body, "pong");
}

TEST(Tls, AClientWithoutACertificateIsRefusedInTheHandshake) {
  const auto server = serve("invoker.p12", "openwhisk", true).value();
  for (const char* version : {"--tls-max 1.2", "--tlsv1.3"}) {
    const auto answer = ping(*server, std::string("-k ") + version);
    EXPECT_NE(answer.curl, 0) << version;
    EXPECT_EQ(answer.status, 0) << version;
  }
}

TEST(Tls, AClientWithAForeignCertificateIsRefusedInTheHandshake) {
  const auto server = serve("invoker.p12", "openwhisk", true).value();
  for (const char* version : {" --tls-max 1.2", " --tlsv1.3"}) {
    EXPECT_EQ(ping(*server, client("stranger", "stranger") + version).status, 0) << version;
    EXPECT_EQ(ping(*server, client("client", "invoker") + version).status, 0) << version;
  }
}

TEST(Tls, AClientWhoseAuthorityIsInTheKeystoreIsServed) {
  const auto server = serve("trusting.p12", "openwhisk", true).value();
  EXPECT_EQ(ping(*server, client("client", "invoker")).body, "pong");
  EXPECT_EQ(ping(*server, client("stranger", "stranger")).status, 0);
}

TEST(Tls, WithoutClientAuthNobodyNeedsACertificate) {
  const auto server = serve("invoker.p12", "openwhisk", false).value();
  EXPECT_EQ(ping(*server, "-k").body, "pong");
  EXPECT_EQ(ping(*server, client("stranger", "stranger")).body, "pong");
}

TEST(Tls, PlainHttpAndOldVersionsAreRefused) {
  const auto server = serve("invoker.p12", "openwhisk", false).value();
  const std::string at = "://127.0.0.1:" + std::to_string(server->port()) + "/ping";
  EXPECT_EQ(curl("http" + at).status, 0);
  EXPECT_EQ(curl("-k --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 https" + at).status, 0);
}

TEST(Tls, AServerThatRefusedManyGoesOnServing) {
  const auto server = serve("invoker.p12", "openwhisk", true).value();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ping(*server, "-k").status, 0);
  const auto answer = curl(client("invoker", "invoker") +
                           " https://127.0.0.1:" + std::to_string(server->port()) + "/metrics");
  EXPECT_EQ(answer.body.size(), 1u << 20);
}

TEST(Tls, AKeystoreWithTheOldCiphersIsRead) {
  EXPECT_EQ(fault_of("legacy.p12", "openwhisk"), "none");
}

TEST(Tls, AWrongPasswordIsToldAtStartAndNotRepeated) {
  const std::string fault = fault_of("invoker.p12", "guessed");
  EXPECT_NE(fault.find("invoker.p12"), std::string::npos);
  EXPECT_NE(fault.find("password"), std::string::npos);
  EXPECT_NE(fault.find("wrong"), std::string::npos);
  EXPECT_EQ(fault.find("guessed"), std::string::npos);
}

TEST(Tls, AFileThatIsNoKeystoreIsToldAtStart) {
  EXPECT_NE(fault_of("garbage.p12", "openwhisk").find("no PKCS#12"), std::string::npos);
  EXPECT_NE(fault_of("java.jks", "openwhisk").find("keytool"), std::string::npos);
  EXPECT_NE(fault_of("keyless.p12", "openwhisk").find("private key"), std::string::npos);
  EXPECT_NE(fault_of("missing.p12", "openwhisk").find("No such file"), std::string::npos);
  EXPECT_NE(fault_of("", "openwhisk").find("keystore"), std::string::npos);
}

}  // namespace
