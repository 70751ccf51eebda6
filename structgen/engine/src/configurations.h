// Configurations: places as dense numbers, and what follows them token by token.
//
// A configuration is all that a sequence needs to remember, apart from texts that must be unique; rollback and fork
// are copies of an integer. kFinished is the configuration after the end-of-text token.
//
// Invariants   The place of a configuration never changes. A token leads from a configuration to one other, or to none.
// Threads      size() needs no lock; everything else needs that of the store.
#pragma once

#include <algorithm>
#include <atomic>
#include <vector>

#include "places.h"

namespace structgen {

constexpr u32 kFinished = 0;

class Configurations {
 public:
  Configurations(const Trie& trie, Places& places, Meter& meter, std::vector<u32> end_tokens);
  Configurations(const Configurations&) = delete;
  Configurations& operator=(const Configurations&) = delete;

  u32 intern(const Place& place);
  Place place(u32 configuration) const {
    const Entry& e = entries_[configuration];
    return {e.parse, e.lexer, e.fresh};
  }
  u64 size() const { return published_.load(std::memory_order_acquire); }

  // The configuration after a token; kNone if it is not allowed.
  u32 advance(u32 configuration, u32 token);
  // The same if it is known; otherwise kNone.
  u32 known_advance(u32 configuration, u32 token) const { return advances_.find(pair_key(configuration, token)); }
  bool can_stop(u32 configuration);
  // A configuration with the same mask, shared by all that differ only in bounds of repetitions.
  u32 canonical(u32 configuration);
  bool is_fresh(u32 configuration) const;              // nothing is read of a terminal
  std::vector<u32> live_terminals(u32 configuration);  // that are being read, or may begin

  const std::vector<u32>& end_tokens() const { return end_tokens_; }
  Places& places() const { return places_; }
  std::size_t advances() const { return advances_.size(); }  // that are known

 private:
  enum Stop : u8 { No, Yes, Unknown };
  struct Entry {
    u32 parse = 0, lexer = kDead;
    u32 canonical = kNone;
    bool fresh = true;
    Stop stop = Unknown;
  };
  bool is_end(u32 token) const { return std::find(end_tokens_.begin(), end_tokens_.end(), token) != end_tokens_.end(); }

  const Trie& trie_;
  Places& places_;
  Meter& meter_;
  const std::vector<u32> end_tokens_;
  SpanTable keys_;
  std::vector<Entry> entries_;
  Memo advances_;
  std::atomic<u64> published_{0};
};

}  // namespace structgen
