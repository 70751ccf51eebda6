// A dynamic lexer: each terminal is read by itself, so a text is in a set of places at once, which has a number.
#include <algorithm>

#include "compiled_grammar.h"

namespace structgen {

CompiledGrammar::Place CompiledGrammar::together(std::vector<Place> places) {
  std::vector<std::pair<u32, u32>> keys;
  for (const Place& p : places) keys.emplace_back(p.parse, p.fresh ? kNone : p.lexer);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::vector<u32> flat;
  for (const auto& [parse, lexer] : keys) flat.push_back(parse), flat.push_back(lexer);
  meter_.spend(keys.size());
  return {sets_.intern(flat), kDead, true};
}

std::vector<CompiledGrammar::Place> CompiledGrammar::places(const Place& p) const {
  if (!dynamic_) return {p};
  std::vector<Place> found;
  const Span set = sets_[p.parse];
  for (u32 i = 0; i < set.size; i += 2)
    found.push_back({set[i], set[i + 1] == kNone ? kDead : set[i + 1], set[i + 1] == kNone});
  return found;
}

// The set of places after a byte, each terminal read by itself; kNone if there is none.
u32 CompiledGrammar::read_places(u32 set, u8 byte) {
  const u64 key = (static_cast<u64>(set) << 8) | byte;
  u32 found = reads_.find(key);
  if (found != kNone) return found == kNone - 1 ? kNone : found;
  std::vector<Place> after_byte;
  auto read_one = [&](u32 parse, u32 from) {
    const u32 next = lexer_.next(from, byte);
    if (next == kDead || next == kBlocked) return next == kBlocked;
    after_byte.push_back(lexer_.ended(next) ? Place{after(parse, next), kDead, true} : Place{parse, next, false});
    return true;
  };
  for (Place p : places({set, kDead, true})) {
    if (!p.fresh) {
      if (read_one(p.parse, p.lexer) || !lexer_.accepting(p.lexer)) continue;
      p.parse = after(p.parse, p.lexer);
    }
    const std::vector<u32> singles = state(p.parse).singles;
    for (u32 single : singles) read_one(p.parse, single);
  }
  found = after_byte.empty() ? kNone : together(std::move(after_byte)).parse;
  reads_.put(key, found == kNone ? kNone - 1 : found);
  return found;
}

}  // namespace structgen
