#include "compiled_grammar.h"

#include <utility>

namespace structgen {

Parser::Source CompiledGrammar::with_lengths(Store& store, Meter& meter, const Terminals& terminals,
                                             Parser::Source rules) {
  const MeterScope scope(store, meter);
  for (ExprId e : terminals.expressions) rules.terminal_lengths.push_back(shortest_terminal_length(store.languages, e));
  return rules;
}

CompiledGrammar::CompiledGrammar(std::shared_ptr<Store> store, Source source)
    : store_(std::move(store)),
      meter_{source.limits},
      terminals_(std::move(source.terminals)),
      parser_(with_lengths(*store_, meter_, terminals_, std::move(source.rules)), store_->trie.longest(), meter_),
      places_(*store_, parser_, terminals_, meter_, source.dynamic),
      configurations_(store_->trie, places_, meter_, std::move(source.end_tokens)),
      uniqueness_(terminals_.has_unique_texts()
                      ? std::make_unique<Uniqueness>(*store_, configurations_, terminals_, meter_)
                      : nullptr),
      positions_(configurations_, uniqueness_.get()),
      masks_(*store_, positions_, meter_),
      completions_(*store_, positions_, masks_, terminals_, meter_),
      budget_(*store_, positions_, masks_, completions_, terminals_, meter_),
      initial_(configurations_.intern(places_.begin(parser_.start()))) {}

CompiledGrammar::Stats CompiledGrammar::stats() const {
  return {configurations_.size(),     parser_.states(),     parser_.items(),
          masks_.rows_made(),         masks_.bytes(),       configurations_.advances(),
          store_->expressions.size(), store_->lexer.size(), store_->walks.size(),
          store_->walks.visited(),    store_->bytes(),      parser_.bytes()};
}

}  // namespace structgen
