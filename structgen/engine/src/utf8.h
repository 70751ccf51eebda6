// UTF-8 (RFC 3629) of sets of code points, as ranges of bytes.
#pragma once

#include <utility>
#include <vector>

#include "byte_set.h"

namespace structgen {

// The characters whose first byte is in the first range, the second byte in the second one, and so on.
using ByteRanges = std::vector<std::pair<u8, u8>>;

// Sorted; the first ranges of two of them are equal or disjoint, and so on below. Surrogates are left out.
std::vector<ByteRanges> utf8_ranges(const std::vector<std::pair<u32, u32>>& code_points);

}  // namespace structgen
