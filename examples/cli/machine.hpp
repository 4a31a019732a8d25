// The machine that a speed was measured on, and its limits.
#pragma once

#include <cstdint>
#include <string>

namespace cli {

// "AMD EPYC 9B45"; the architecture where the system does not tell.
std::string processor_name();

// Bytes of main memory that so many threads read a second: the limit of decoding, which reads every
// weight once a token. The best of several passes, as other programs only make it lower; takes half
// a second, and half a gigabyte while it runs.
double read_bandwidth(std::int32_t threads);

// Memory of this process, mapped files included, as the system counts it; 0: it does not tell.
std::uint64_t resident_bytes();

// Makes the system forget the content of a file, or of the files in a directory, so that the next
// program to read it waits for the disk. Of a split checkpoint all parts, by the name of one.
// Throws std::runtime_error where the system cannot, or where another program holds the file in
// memory.
void drop_from_page_cache(const std::string& path);

}  // namespace cli
