// The program `larder`.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/program.h"
#include "doctor_command.h"
#include "standalone_command.h"
#include "standalone_config.h"
#include "volume_command.h"

namespace {

constexpr const char* kEnvironmentPrefix = "LARDER_";

struct Arguments {
  std::string port, data_dir, config_file;
  std::vector<std::string> settings;
  bool clean = false;
  bool print_config = false;
};

base::Status fill(base::Config& config, const Arguments& arguments) {
  if (!arguments.config_file.empty()) TRY_STATUS(config.read_file(arguments.config_file));
  TRY_STATUS(config.add_environment(base::environment(), kEnvironmentPrefix));
  std::vector<std::string> settings = arguments.settings;
  if (!arguments.port.empty()) settings.push_back("port=" + arguments.port);
  if (!arguments.data_dir.empty()) settings.push_back("data-dir=" + arguments.data_dir);
  return config.add_command_line(settings);
}

int fail(const base::Error& error) {
  std::fprintf(stderr, "larder: %s\n", error.message.c_str());
  return 2;
}

int start_standalone(const Arguments& arguments) {
  base::Config config = program::standalone_settings();
  if (const auto filled = fill(config, arguments); !filled) return fail(filled.error());
  auto options = program::standalone_options(config);
  if (!options) return fail(options.error());
  if (arguments.print_config) {
    std::fputs(config.describe().c_str(), stdout);
    return 0;
  }
  options->clean = arguments.clean;
  return program::run_standalone(*options);
}

void add_standalone(CLI::App& app, Arguments& arguments) {
  CLI::App* command = app.add_subcommand(
      "standalone", "Run the whole platform on this machine, as root, until Ctrl-C.");
  command->add_option("-p,--port", arguments.port, "Port of the REST API (3233)");
  command->add_option("-d,--data-dir", arguments.data_dir,
                      "Where everything is kept (~/.larder/standalone)");
  command->add_option("-c,--config", arguments.config_file, "JSON file with settings");
  command->add_option("-s,--set", arguments.settings, "One setting: KEY=VALUE; may be repeated");
  command->add_flag("--clean", arguments.clean, "Remove everything in the data directory first");
  command->add_flag("--print-config", arguments.print_config,
                    "Print every setting with where it comes from, and stop");
  command->footer(
      "Settings also come from the environment: LARDER_POOL_USER_MEMORY=4g is "
      "pool.user-memory.\nThe command line wins over the environment, that over the "
      "file.");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Larder: serverless functions with files. An OpenWhisk platform in one program."};
  app.set_version_flag("--version", "larder " LARDER_VERSION);
  app.require_subcommand(1);
  Arguments arguments;
  add_standalone(app, arguments);
  CLI::App* doctor =
      app.add_subcommand("doctor",
                         "Try on this machine what the platform needs, and say what is "
                         "missing.");
  program::VolumeCommand volume;
  volume.add_to(app);
  CLI11_PARSE(app, argc, argv);
  if (volume.parsed()) return volume.run();
  return doctor->parsed() ? program::run_doctor() : start_standalone(arguments);
}
