// Expressions: regular languages over bytes, as hash-consed nodes (Brzozowski 1964; Owens, Reppy, Turon 2009).
//
// The derivative of a node by a byte is a node, so an automaton is built only where text goes. Smart constructors
// keep nodes in a normal form (concatenations lean right, unions and intersections are flat sorted sets, ranges of
// one repetition are merged), which is what makes the number of derivatives finite and small.
//
//   Switch       one byte decides: sorted disjoint byte ranges, each with what follows it. Literals, sets of
//                literals (as a trie) and sets of code points (as the automaton of their UTF-8) are made of these.
//   Repeat       one node with two numbers, whatever they are.
//   Divisible    digits, and points that are ignored: with the remainder read so far in front they are a multiple of a
//                modulus.
//   Inter, Not   whether any text matches is not known without a search (languages.h).
//
// Not here: code points beyond the construction of sets, texts, tokens.
#pragma once

#include <string>
#include <utility>

#include "expression_facts.h"
#include "meter.h"
#include "utf8.h"

namespace structgen {

constexpr u32 kMostModulus = 1'000'000'000;

class Expressions {
 public:
  using Kind = ExpressionFacts::Kind;
  using enum ExpressionFacts::Kind;

  Expressions();
  void set_meter(Meter* meter) { meter_ = meter; }

  ExprId literal(const std::string& bytes);
  ExprId literals(std::vector<std::string> options);
  ExprId charset(const std::vector<std::pair<u32, u32>>& ranges);  // of code points
  ExprId concat(ExprId a, ExprId b);
  ExprId concat(const std::vector<ExprId>& parts);
  ExprId unite(std::vector<ExprId> parts);
  ExprId intersect(std::vector<ExprId> parts);
  ExprId negate(ExprId part);
  ExprId repeat(ExprId part, u32 min, u32 max);
  ExprId divisible(u32 modulus, u32 remainder) {
    return make(Divisible, {modulus, remainder});
  }  // remainder < modulus <= kMostModulus

  ExprId derive(ExprId e, u8 byte);
  ExprId derive_run(ExprId e, u8 byte, u32 count);  // by a byte that comes so many times
  // Calls visit(byte, derivative) for one byte of each interval with a derivative, until that returns false.
  template <class Visit>
  void each_derivative(ExprId e, Visit&& visit) {
    for (u32 b = 0; b < 256; b = interval(e, static_cast<u8>(b)).second + 1u)
      if (const ExprId d = derive(e, static_cast<u8>(b)); d != kEmpty && !visit(static_cast<u8>(b), d)) return;
  }

  Kind kind(ExprId e) const { return static_cast<Kind>(keys_[e][0]); }
  Span args(ExprId e) const { return {keys_[e].data + 1, keys_[e].size - 1}; }
  const ExpressionFacts& facts(ExprId e) const { return facts_[e]; }
  bool nullable(ExprId e) const { return facts_[e].nullable; }
  bool open(ExprId e) const { return facts_[e].open; }
  // Bytes around `byte` that all have the same derivative.
  std::pair<u8, u8> interval(ExprId e, u8 byte) const { return interval_of(facts_[e].bounds, byte); }
  u32 size() const { return keys_.size(); }
  std::size_t bytes() const { return keys_.bytes() + facts_.capacity() * sizeof(ExpressionFacts) + memo_.bytes(); }

 private:
  ExprId make(Kind kind, Span args);
  ExprId make(Kind kind, std::initializer_list<u32> args) {
    return make(kind, Span{args.begin(), static_cast<u32>(args.size())});
  }
  ExprId characters(const std::vector<ByteRanges>& sequences, std::size_t from, std::size_t to, std::size_t at);
  ExprId prepend(ExprId head, ExprId rest);
  ExprId merge_repeats(ExprId a, ExprId b);
  ExprId repeat_of_repeat(ExprId part, u32 min, u32 max);
  ExprId compute_derivative(ExprId e, u8 byte);

  SpanTable keys_;
  std::vector<ExpressionFacts> facts_;
  Memo memo_;
  std::vector<u32> key_;  // of what is being made
  Meter* meter_ = nullptr;
  u32 depth_ = 0;
};

}  // namespace structgen
