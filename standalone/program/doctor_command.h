// `larder doctor`: tries what the platform needs, instead of guessing from versions.
#pragma once

namespace program {

// Prints a line for each part: it works, with how fast, or what is missing and what to do.
// The exit status: 0 when functions can run here, 1 when they cannot.
int run_doctor();

}  // namespace program
