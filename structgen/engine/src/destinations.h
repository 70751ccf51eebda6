// Destinations: where the tokens that a place allows lead, as configurations. Found along the walks of its lexer state,
// without a look at each token.
#pragma once

#include <unordered_set>

#include "positions.h"

namespace structgen {

class Destinations {
 public:
  Destinations(Store& store, Positions& positions, Meter& meter)
      : store_(store),
        positions_(positions),
        configurations_(positions.configurations()),
        places_(positions.places()),
        meter_(meter) {}

  void add(const Place& p) { add(0, p); }

  const std::unordered_set<u32>& configurations() const { return found_; }
  // Of tokens that end within a counted repetition and so have no configuration here: the most bytes that finish the
  // text after one, and configurations that come after the terminal.
  u32 counted_bytes() const { return counted_bytes_; }
  const std::unordered_set<u32>& after_counted() const { return after_counted_; }
  // The most bytes that must come and that the configurations lack, as bounds of repetitions were clipped.
  u32 clipped_bytes() const { return clipped_bytes_; }

 private:
  void add(u32 node, const Place& p);
  void add_one(u32 node, const Place& p);
  void add_walk(const Walk::View& view, u32 parse, u32 from);
  void add_counted(const Walk& walk, u32 parse, u32 from);
  void add_residual(const Residual& residual, const Place& start);

  Store& store_;
  Positions& positions_;
  Configurations& configurations_;
  Places& places_;
  Meter& meter_;
  std::unordered_set<u32> found_, after_counted_;
  u32 counted_bytes_ = 0, clipped_bytes_ = 0;
  std::unordered_set<u64> seen_;  // trie node, and parse state in which a terminal begins
  u32 depth_ = 0;
};

}  // namespace structgen
