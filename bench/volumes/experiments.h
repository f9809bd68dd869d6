// What is measured. Each takes the world and leaves figures in its report; README.md has the list.
#pragma once

#include "world.h"

namespace volumes_bench {

void idle_memory(World& world);
void producer_and_consumer(World& world);  // F1, F2, F3
void reading_while_writing(World& world);  // F4, F5
void fan_out_and_in(World& world);         // F6
void sizes(World& world);                  // F8
void pipelines(World& world);              // P1, P2, P4
void log_pipeline(World& world);           // P3
void databases(World& world);              // P5
void small_files(World& world);            // M1, M2, M4
void commits(World& world);                // M3
void attaching(World& world);              // A1
void durable_bytes(World& world);          // F7
void data_path(World& world);              // sequential and random, beside the bare disk
void known_names(World& world);            // memory of a daemon that knows a million

// After the others.
void print_results(World& world);

}  // namespace volumes_bench
