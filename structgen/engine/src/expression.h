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
//   Inter, Not   need a search for emptiness: is_empty() searches the derivatives, once per node.
//
// Not here: code points beyond the construction of sets, texts, tokens.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "meter.h"
#include "utf8.h"

namespace structgen {

using ExprId = u32;
constexpr ExprId kEmpty = 0, kEpsilon = 1, kAll = 2;  // nothing, the empty text, every byte string
constexpr u32 kUnbounded = kNone;
constexpr u32 kMostModulus = 1'000'000'000;

class Expressions {
 public:
  enum Kind : u8 { Empty, Epsilon, Switch, Concat, Union, Inter, Not, Repeat, Divisible };

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

  bool nullable(ExprId e) const { return nodes_[e].nullable; }
  u32 longest(ExprId e) const { return nodes_[e].longest; }  // no text has more bytes; kFar if there is no bound
  ExprId derive(ExprId e, u8 byte);
  ExprId derive_run(ExprId e, u8 byte, u32 count);  // by a byte that comes so many times
  bool is_empty(ExprId e);
  // Bytes around `byte` that all have the same derivative.
  std::pair<u8, u8> interval(ExprId e, u8 byte) const { return interval_of(nodes_[e].bounds, byte); }
  const ByteSet& bounds(ExprId e) const { return nodes_[e].bounds; }
  const ByteSet& live(ExprId e) const { return nodes_[e].live; }
  u32 shortest_length(ExprId e);  // in bytes; kFar if there is none
  std::string shortest(ExprId e);
  // The same with every bound of a repetition above `longest` outside Inter and Not widened. On texts of up to
  // `longest` bytes the two agree, so their masks are equal.
  ExprId clip(ExprId e, u32 longest);
  // By how many bytes at most clip() makes required text shorter; here and after any text.
  u32 clipped_below(ExprId e, u32 longest);
  // Returns true if many texts match: there is a repetition of more than a few, or a complement.
  bool open(ExprId e) const { return nodes_[e].open; }
  // The same without the exclusions: in intersections, the complements of what is not open.
  ExprId plainer(ExprId e);

  // The same with the upper bounds of repetitions lifted (but for small ones, and those under a complement), and the
  // number of bytes up to which the two agree: a text uses a repetition of X at most once for every shortest X that it
  // holds.
  struct Unbounded {
    ExprId e;
    u32 reach;
  };
  Unbounded unbounded(ExprId e);
  // No text that is the beginning of one of the language needs more bytes than this to be one; kFar if not known.
  u32 farthest(ExprId e);

  // A lower bound of the number of texts, up to kMany.
  static constexpr u32 kMany = 1u << 24;
  u32 texts_at_least(ExprId e, u32 depth = 0);
  // So many texts of the language, and of what remains of it after any text, have no more bytes than this; kFar if
  // there are not so many, or it takes too long to find.
  u32 longest_of(ExprId e, u32 texts);

  Kind kind(ExprId e) const { return static_cast<Kind>(keys_[e][0]); }
  Span args(ExprId e) const { return {keys_[e].data + 1, keys_[e].size - 1}; }
  u32 size() const { return keys_.size(); }
  std::size_t bytes() const { return keys_.bytes() + nodes_.capacity() * sizeof(Node) + memo_.bytes(); }

 private:
  struct Node {
    ByteSet bounds{};  // bit b: derivatives by b - 1 and b may differ
    ByteSet live{};    // bytes that may begin a text
    u32 shortest = 0;  // kNone: not known yet
    u32 least = 0;     // no text is shorter
    u32 longest = 0;   // no text is longer; kFar if there is no bound
    u32 clipped = kNone;
    u32 unbounded = kNone, reach = kFar;
    u32 farthest = kNone;
    u32 texts_at_least = kNone;
    bool nullable = false;
    bool boolean = false;  // an Inter or Not is inside
    bool open = false;
    u8 alive = 0;  // of boolean nodes: 0 not known, 1 some text, 2 none

    void begin_with(const Node& part);
  };
  struct RepeatRange;

  ExprId make(Kind kind, Span args);
  ExprId make(Kind kind, const std::vector<u32>& args) {
    return make(kind, Span{args.data(), static_cast<u32>(args.size())});
  }
  ExprId make(Kind kind, std::initializer_list<u32> args) {
    return make(kind, Span{args.begin(), static_cast<u32>(args.size())});
  }
  ExprId characters(const std::vector<ByteRanges>& sequences, std::size_t from, std::size_t to, std::size_t at);
  ExprId prepend(ExprId head, ExprId rest);
  ExprId merge_repeats(ExprId a, ExprId b);
  ExprId repeat_of_repeat(ExprId part, u32 min, u32 max);
  std::vector<ExprId> flat(Kind of, const std::vector<ExprId>& parts, ExprId neutral) const;
  std::optional<RepeatRange> repeat_range(ExprId e) const;
  void merge_ranges(std::vector<ExprId>& parts);
  bool lengths_meet(const std::vector<ExprId>& parts) const;

  Node describe(Kind kind, Span args) const;
  void describe_switch(Node& node, Span args) const;
  static void describe_concat(Node& node, const Node& a, const Node& b);
  void describe_union(Node& node, Span parts) const;
  void describe_intersection(Node& node, Span parts) const;
  void describe_complement(Node& node, ExprId part) const;
  static void describe_divisible(Node& node, u32 modulus, u32 remainder);
  static void describe_repeat(Node& node, const Node& part, u32 min, u32 max);

  ExprId compute_derivative(ExprId e, u8 byte);
  ExprId derive_union(Span parts, u8 byte);
  ExprId derive_intersection(Span parts, u8 byte);
  ExprId derive_divisible(ExprId e, u8 byte);
  ExprId repeated_less(Span repeat_args, u32 times);
  bool repeats_byte(ExprId e, u8 byte);
  // Calls visit(part) for each part of a concatenation, or for the expression itself.
  template <class Visit>
  void each_part(ExprId e, Visit&& visit) const {
    for (; kind(e) == Concat; e = args(e)[1]) visit(args(e)[0]);
    visit(e);
  }
  // Calls visit(byte, derivative) for one byte of each interval with a derivative, until that returns false.
  template <class Visit>
  void each_derivative(ExprId e, Visit&& visit) {
    for (u32 b = 0; b < 256; b = interval(e, static_cast<u8>(b)).second + 1u)
      if (const ExprId d = derive(e, static_cast<u8>(b)); d != kEmpty && !visit(static_cast<u8>(b), d)) return;
  }
  bool needs_search(ExprId e) const { return kind(e) == Inter || kind(e) == Not; }

  enum class Found : u8 { None, Some, GaveUp };
  class TextSearch;
  class ShortestSearch;
  u32 least_length(ExprId e) const;
  bool compute_empty(ExprId e);
  bool search_empty(ExprId e);
  Found search_some(ExprId e, u32 most);
  u32 search_shortest(ExprId e);
  ExprId spell_switch(ExprId e, std::string& text);
  ExprId spell_derivative(ExprId e, std::string& text);
  Unbounded unbounded_repeat(ExprId e);
  u32 farthest_by_parts(ExprId e);
  u32 farthest_by_search(ExprId e);

  class Lengths;
  u64 texts_of_switch(Span args, u32 depth);
  u64 texts_of_intersection(Span parts, u32 depth);
  u64 texts_of_repeat(Span args, u32 depth);
  u64 texts_at_most(ExprId e, u32 depth);
  u32 bytes_matched(ExprId e) const;

  SpanTable keys_;
  std::vector<Node> nodes_;
  Memo memo_;
  std::vector<u32> key_;  // of what is being made
  Meter* meter_ = nullptr;
  u32 depth_ = 0;
};

}  // namespace structgen
