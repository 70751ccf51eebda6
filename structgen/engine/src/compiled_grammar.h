// A compiled grammar: a grammar and a vocabulary. Joins the parts that say what may come next:
//
//   Places, Configurations   where a text is, and what follows byte by byte and token by token
//   Uniqueness, Positions    the same with texts that must be unique; no Uniqueness if the grammar has none
//   Masks                    which tokens may come next
//   Completions              how a text can be finished
//   Budget                   which tokens leave enough of a number of tokens
//
// Each part knows those above it in this list, and none below.
//
// Errors       A LimitExceeded leaves every table whole: the result is missing, but all earlier results are kept.
// Threads      Everything needs the lock of the store, and a MeterScope unless it says otherwise.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "budget.h"

namespace structgen {

class CompiledGrammar {
 public:
  struct Source {
    Parser::Source rules;
    Terminals terminals;
    std::vector<u32> end_tokens;  // end of text
    bool dynamic = false;         // each terminal is read by itself
    Limits limits;
  };

  CompiledGrammar(std::shared_ptr<Store> store, Source source);
  CompiledGrammar(const CompiledGrammar&) = delete;
  CompiledGrammar& operator=(const CompiledGrammar&) = delete;

  u32 initial() const { return initial_; }  // needs no lock
  bool has_unique_texts() const { return uniqueness_ != nullptr; }

  Store& store() const { return *store_; }
  std::shared_ptr<Store> shared_store() const { return store_; }
  Meter& meter() { return meter_; }
  Configurations& configurations() { return configurations_; }
  Positions& positions() { return positions_; }
  PositionNumbers& numbers() { return numbers_; }
  Masks& masks() { return masks_; }
  Completions& completions() { return completions_; }
  Budget& budget() { return budget_; }

  struct Stats {
    u64 configurations, parse_states, items, rows, row_bytes, advances, expressions, lexer_states, walks, trie_nodes,
        store_bytes, parser_bytes;
  };
  Stats stats() const;  // needs no MeterScope

 private:
  static Parser::Source with_lengths(Store& store, Meter& meter, const Terminals& terminals, Parser::Source rules);

  std::shared_ptr<Store> store_;
  Meter meter_;
  const Terminals terminals_;
  Parser parser_;
  Places places_;
  Configurations configurations_;
  std::unique_ptr<Uniqueness> uniqueness_;  // null if nothing must be unique
  Positions positions_;
  PositionNumbers numbers_;
  Masks masks_;
  Completions completions_;
  Budget budget_;
  u32 initial_;
};

}  // namespace structgen
