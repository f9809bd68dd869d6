// What a node can do with hints, and the refusal of what it cannot.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "hints/hints.h"

namespace hints {

enum class RuleForm { kNone, kDirectories, kAnyPattern };

// Set by the program from what it was built and configured with. The default is a node without
// files and GPUs.
struct Capabilities {
  std::vector<Tier> tiers;  // empty: no volumes at all
  std::vector<Lifetime::Kind> lifetimes;
  std::vector<Isolation> isolations;  // that may be asked for
  int retry_max = 0;
  int copies_max = 1;
  bool quota = false;
  RuleForm rules = RuleForm::kNone;
  bool foreign_volumes = false;          // of another namespace
  std::vector<Visibility> visibilities;  // that may be asked for, as are the next three
  std::vector<Seal> seals;
  std::vector<FsyncMeans> fsyncs;
  std::vector<OpenAtEnd> open_at_ends;
  bool spill = false;
  bool locality = false;
  std::vector<GpuDevice> gpu_devices;  // empty: no GPUs
  int gpus_max = 0;
  std::vector<Delivery> deliveries = {Delivery::kAtMostOnce};
};

// A node whose volumes are plain directories of its own disk: both tiers, lifetimes `activation`
// and `volume`, no transactions, rules by directory.
Capabilities plain_directories();

// A node with files that live on nodes, and durable ones on which activations are transactions.
Capabilities transactional_volumes();

// Whether this node can keep every promise that `hints` asks for. `own_namespace` is the invoking
// one: volumes spelt with it as owner are its own.
// Threads: any; pure. Errors: kUnsupported with one sentence that names the first thing this node
// cannot do; kInvalidArgument when one volume is asked for under two spellings.
base::Status check(const Hints& hints, const Capabilities& capabilities,
                   std::string_view own_namespace = {});

}  // namespace hints
