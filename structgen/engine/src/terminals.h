// The terminals of a grammar, by number.
#pragma once

#include <algorithm>
#include <vector>

#include "expression.h"

namespace structgen {

// What reading a terminal does to the texts that must be unique (uniqueness_state.h).
enum Effect : u8 {
  None = 0,
  Record = 1,  // its text is recorded in the innermost scope
  Open = 2,    // a scope opens
  Close = 4,   // the innermost scope closes
  Items = 8,   // a scope of items opens
  Item = 16,   // an item ends, which must differ from those before it
  Roomy = 32,  // of Items: never more than ItemScopes::kRoomy items exclude all others of kSlack bytes more
};

struct Terminals {
  std::vector<ExprId> expressions;
  std::vector<int> priorities;
  std::vector<ExprId> guards;  // kEmpty: none
  std::vector<u8> effects;     // of Effect

  u32 size() const { return static_cast<u32>(expressions.size()); }
  // Some texts must be unique.
  bool has_unique_texts() const {
    for (u8 effect : effects)
      if (effect & (Record | Items)) return true;
    return false;
  }
};

// Bytes of the shortest text of a terminal, which is never empty; kFar if it has none.
inline u32 shortest_terminal_length(Languages& languages, ExprId e) {
  if (const u32 length = languages.shortest_length(e); length != 0) return length;
  u32 length = kFar;
  for (u32 b = 0; b < 256; b = languages.expressions().interval(e, static_cast<u8>(b)).second + 1u) {
    const u32 rest = languages.shortest_length(languages.expressions().derive(e, static_cast<u8>(b)));
    length = std::min(length, add_lengths(1, rest));
  }
  return length;
}

}  // namespace structgen
