// What all grammars of a vocabulary share: its trie, expressions, lexer states, walks and rows. And the lock.
//
// One mutex guards everything here and in the compiled grammars of the store: simple, and right. A warm call holds it
// for a look-up and the copy of a row; a cold call may hold it for a millisecond. bindings.cpp never waits for it while
// it holds the GIL.
#pragma once

#include <mutex>

#include "row_table.h"
#include "text_counts.h"
#include "walks.h"

namespace structgen {

struct Store {
  Store(std::vector<std::optional<std::string>> tokens, u32 width)
      : trie(std::move(tokens), width),
        languages(expressions),
        counts(languages),
        lexer(languages),
        walks(trie, languages, lexer),
        rows(trie.words()) {}

  void set_meter(Meter* meter) {
    expressions.set_meter(meter);
    languages.set_meter(meter);
    counts.set_meter(meter);
    lexer.set_meter(meter);
    walks.set_meter(meter);
  }
  std::size_t bytes() const { return expressions.bytes() + languages.bytes() + lexer.bytes() + walks.bytes(); }

  std::mutex mutex;
  Trie trie;
  Expressions expressions;
  Languages languages;
  TextCounts counts;
  Lexer lexer;
  Walks walks;
  RowTable rows;
};

// While it lives, everything in the store spends from one meter.
class MeterScope {
 public:
  MeterScope(Store& store, Meter& meter) : store_(store) {
    meter.begin();
    store_.set_meter(&meter);
  }
  ~MeterScope() { store_.set_meter(nullptr); }
  MeterScope(const MeterScope&) = delete;
  MeterScope& operator=(const MeterScope&) = delete;

 private:
  Store& store_;
};

}  // namespace structgen
