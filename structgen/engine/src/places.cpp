#include "places.h"

#include <algorithm>

namespace structgen {

const Places::Start& Places::start(u32 parse) {
  if (parse >= starts_.size()) starts_.resize(std::max<std::size_t>(parse + 1, starts_.size() * 2));
  Start& s = starts_[parse];
  if (s.ready) return s;
  std::vector<u32> found = parser_.terminals(parse);
  std::stable_sort(found.begin(), found.end(),
                   [this](u32 a, u32 b) { return terminals_.expressions[a] < terminals_.expressions[b]; });
  std::vector<ExprId> parts, guards;
  std::vector<u32> singles;
  for (u32 t : found) {
    const ExprId part = terminals_.expressions[t], guard = terminals_.guards[t];
    const std::vector<ExprId> own(guard != kEmpty, guard);
    if (dynamic_) singles.push_back(lexer_.renumbered(lexer_.state({part}, own), {static_cast<u32>(parts.size())}));
    parts.push_back(part);
    guards.insert(guards.end(), own.begin(), own.end());
  }
  std::sort(guards.begin(), guards.end());
  guards.erase(std::unique(guards.begin(), guards.end()), guards.end());
  s.lexer = lexer_.state(parts, guards);
  s.terminals = std::move(found);
  s.singles = std::move(singles);
  s.ready = true;
  return s;
}

bool Places::read(Place& p, std::string_view bytes) {
  if (!p.fresh && bytes.size() > 1)
    if (const auto next = store_.walks.read_counted(p.lexer, bytes)) {
      p.lexer = *next;
      return true;
    }
  return std::all_of(bytes.begin(), bytes.end(), [&](char c) { return read(p, static_cast<u8>(c)); });
}

bool Places::stops(const Place& p) {
  if (!dynamic_) return stops_one(p);
  const std::vector<Place> all = members(p);
  return std::any_of(all.begin(), all.end(), [this](const Place& one) { return stops_one(one); });
}

bool Places::stops_one(const Place& p) {
  if (p.fresh) return parser_.accepts(p.parse);
  return lexer_.accepting(p.lexer) && parser_.accepts(after(p.parse, p.lexer));
}

std::vector<u32> Places::accepting(u32 lexer) const {
  std::vector<u32> indices;
  for (u32 i = 0; i < lexer_.members(lexer); ++i)
    if (store_.expressions.nullable(lexer_.rest(lexer, i))) indices.push_back(lexer_.index(lexer, i));
  return indices;
}

std::vector<u32> Places::accepting(u32 lexer, u32 accept) const {
  std::vector<u32> indices;
  for (u32 member : store_.walks.accept_set(accept)) indices.push_back(lexer_.index(lexer, member));
  return indices;
}

std::vector<u32> Places::handed(u32 parse, const std::vector<u32>& indices) {
  const std::vector<u32>& terminals = start(parse).terminals;
  int best = INT32_MIN;
  for (u32 i : indices) best = std::max(best, terminals_.priorities[terminals[i]]);
  std::vector<u32> found;
  for (u32 i : indices)
    if (terminals_.priorities[terminals[i]] == best) found.push_back(terminals[i]);
  std::sort(found.begin(), found.end());
  return found;
}

u32 Places::after(u32 parse, const std::vector<u32>& indices) { return parser_.next(parse, handed(parse, indices)); }

u32 Places::after(u32 parse, u32 lexer) {
  const u64 key = pair_key(parse, lexer);
  u32 found = after_.find(key);
  if (found == kNone) {
    found = after(parse, accepting(lexer));
    after_.put(key, found);
  }
  return found;
}

Place Places::canonical(const Place& p) {
  auto widened = [this](Place one) {
    one.parse = parser_.canonical(one.parse);
    if (!one.fresh) one.lexer = lexer_.clipped(one.lexer, store_.trie.longest());
    return one;
  };
  if (!dynamic_) return widened(p);
  std::vector<Place> wide = members(p);
  for (Place& one : wide) one = widened(one);
  return together(std::move(wide));
}

u32 Places::min_remaining_bytes(const Place& p) {
  if (!dynamic_) return min_remaining_bytes_of_one(p);
  u32 best = kFar;
  for (const Place& one : members(p)) best = std::min(best, min_remaining_bytes_of_one(one));
  return best;
}

Place Places::nearest(const Place& p) {
  if (!dynamic_) return p;
  Place found;
  u32 best = kNone;
  for (const Place& one : members(p))
    if (const u32 bytes = min_remaining_bytes_of_one(one); bytes < best) best = bytes, found = one;
  return found;
}

u32 Places::min_remaining_bytes_of_one(const Place& p) {
  if (p.fresh) return parser_.shortest(p.parse);
  u32 best = kFar;
  for (u32 i = 0; i < lexer_.members(p.lexer); ++i) {
    const u32 word = store_.languages.shortest_length(lexer_.rest(p.lexer, i));
    const u32 parse = parser_.next(p.parse, {terminal(p, p.lexer, i)});
    best = std::min(best, add_lengths(word, parser_.shortest(parse)));
  }
  return best;
}

std::vector<u32> Places::live_terminals(const Place& p) {
  std::vector<u32> found;
  for (const Place& one : members(p)) {
    const std::vector<u32>& terminals = start(one.parse).terminals;
    if (one.fresh) found.insert(found.end(), terminals.begin(), terminals.end());
    for (u32 i = 0; i < lexer_.members(one.lexer); ++i) found.push_back(terminals[lexer_.index(one.lexer, i)]);
  }
  return found;
}

// Sets of places, of a dynamic lexer.

Place Places::together(std::vector<Place> places) {
  std::vector<std::pair<u32, u32>> keys;
  for (const Place& p : places) keys.emplace_back(p.parse, p.fresh ? kNone : p.lexer);
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  std::vector<u32> flat;
  for (const auto& [parse, lexer] : keys) flat.push_back(parse), flat.push_back(lexer);
  meter_.spend(keys.size());
  return {sets_.intern(flat), kDead, true};
}

std::vector<Place> Places::members(const Place& p) const {
  if (!dynamic_) return {p};
  std::vector<Place> found;
  const Span set = sets_[p.parse];
  for (u32 i = 0; i < set.size; i += 2)
    found.push_back({set[i], set[i + 1] == kNone ? kDead : set[i + 1], set[i + 1] == kNone});
  return found;
}

// The set of places after a byte; kNone if there is none.
u32 Places::read_set(u32 set, u8 byte) {
  constexpr u32 kRefused = kNone - 1;  // in the memo, which cannot hold kNone
  const u64 key = (static_cast<u64>(set) << 8) | byte;
  u32 found = reads_.find(key);
  if (found != kNone) return found == kRefused ? kNone : found;
  std::vector<Place> next_places;
  auto goes_on = [&](u32 parse, u32 from) {
    const u32 next = lexer_.next(from, byte);
    if (next == kDead || next == kBlocked) return next == kBlocked;
    next_places.push_back(lexer_.ended(next) ? Place{after(parse, next), kDead, true} : Place{parse, next, false});
    return true;
  };
  for (Place p : members({set, kDead, true})) {
    if (!p.fresh) {
      if (goes_on(p.parse, p.lexer) || !lexer_.accepting(p.lexer)) continue;
      p.parse = after(p.parse, p.lexer);
    }
    const std::vector<u32> singles = start(p.parse).singles;
    for (u32 single : singles) goes_on(p.parse, single);
  }
  found = next_places.empty() ? kNone : together(std::move(next_places)).parse;
  reads_.put(key, found == kNone ? kRefused : found);
  return found;
}

}  // namespace structgen
