// Whether the host's root, without any capability, still gets what the kernel counts for each user.
#pragma once

namespace invoker_container {

enum class Probe { kInotify, kDescriptorsUnderWay, kPipePages, kQueue, kTimer, kProcess };

// Tries once, in a process of its own; gives 0 or the errno. A kernel without it counts as 0.
int host_root_fails_at(Probe probe);

}  // namespace invoker_container
