// What all grammars of a vocabulary share: its trie, expressions, lexer states and walks. And the lock.
//
// One mutex guards everything here and in the compiled grammars of the store: simple, and right. A warm call holds it
// for a look-up and the copy of a row; a cold call may hold it for a millisecond. bindings.cpp never waits for it while
// it holds the GIL.
#pragma once

#include <mutex>

#include "walks.h"

namespace structgen {

struct Store {
  Store(std::vector<std::optional<std::string>> tokens, u32 width)
      : trie(std::move(tokens), width), lexer(expressions), walks(trie, expressions, lexer) {}

  void set_meter(Meter* meter) {
    expressions.set_meter(meter);
    lexer.set_meter(meter);
    walks.set_meter(meter);
  }
  std::size_t bytes() const { return expressions.bytes() + lexer.bytes() + walks.bytes(); }

  std::mutex mutex;
  Trie trie;
  Expressions expressions;
  Lexer lexer;
  Walks walks;
};

// Spends from one grammar's meter while it lives.
class Spending {
 public:
  Spending(Store& store, Meter& meter) : store_(store) {
    meter.begin();
    store_.set_meter(&meter);
  }
  ~Spending() { store_.set_meter(nullptr); }
  Spending(const Spending&) = delete;
  Spending& operator=(const Spending&) = delete;

 private:
  Store& store_;
};

}  // namespace structgen
