#include "configurations.h"

#include <utility>

namespace structgen {

namespace {

constexpr std::size_t kMostAdvances = 4'000'000;  // that are remembered

}  // namespace

Configurations::Configurations(const Trie& trie, Places& places, Meter& meter, std::vector<u32> end_tokens)
    : trie_(trie), places_(places), meter_(meter), end_tokens_(std::move(end_tokens)) {
  const u32 finished[] = {kNone, kNone};
  keys_.intern(finished, 2);
  entries_.push_back({.canonical = kFinished, .stop = Yes});
  published_.store(1, std::memory_order_release);
}

u32 Configurations::intern(const Place& p) {
  const u32 key[] = {p.parse, p.fresh ? kNone : p.lexer};
  if (const u32 known = keys_.find(key, 2); known != kNone) return known;
  meter_.states(entries_.size() + 1);
  entries_.push_back({.parse = p.parse, .lexer = p.fresh ? kDead : p.lexer, .fresh = p.fresh});
  published_.store(entries_.size(), std::memory_order_release);
  return keys_.intern(key, 2);
}

u32 Configurations::advance(u32 configuration, u32 token) {
  const u64 key = pair_key(configuration, token);
  if (const u32 known = advances_.find(key); known != kNone) return known;
  u32 found = kNone;
  if (is_end(token)) {
    if (can_stop(configuration)) found = kFinished;
  } else if (configuration != kFinished && token < trie_.tokens() && !trie_.bytes(token).empty()) {
    Place p = place(configuration);
    if (places_.read(p, trie_.bytes(token))) found = intern(p);
  }
  if (found != kNone) {
    if (advances_.size() > kMostAdvances) advances_.clear();
    advances_.put(key, found);
  }
  return found;
}

bool Configurations::can_stop(u32 configuration) {
  if (entries_[configuration].stop == Unknown) {
    const bool found = places_.stops(place(configuration));
    entries_[configuration].stop = found ? Yes : No;
  }
  return entries_[configuration].stop == Yes;
}

u32 Configurations::canonical(u32 configuration) {
  if (entries_[configuration].canonical == kNone) {
    const u32 found = intern(places_.canonical(place(configuration)));
    entries_[configuration].canonical = found;
    entries_[found].canonical = found;
  }
  return entries_[configuration].canonical;
}

bool Configurations::is_fresh(u32 configuration) const {
  if (configuration == kFinished) return true;
  const std::vector<Place> all = places_.members(place(configuration));
  return std::all_of(all.begin(), all.end(), [](const Place& p) { return p.fresh; });
}

std::vector<u32> Configurations::live_terminals(u32 configuration) {
  if (configuration == kFinished) return {};
  return places_.live_terminals(place(configuration));
}

}  // namespace structgen
