// Languages: questions about expressions that take a search through derivatives, and simpler languages close to one.
//
// Whether an Inter or a Not has any text, and how long its shortest text is, is found once per expression. Most answers
// come from the parts of an expression, without a derivative.
#pragma once

#include "expression.h"

namespace structgen {

class Languages {
 public:
  explicit Languages(Expressions& expressions) : e_(expressions) {}
  void set_meter(Meter* meter) { meter_ = meter; }
  Expressions& expressions() { return e_; }

  bool is_empty(ExprId e);
  u32 shortest_length(ExprId e);  // in bytes; kFar if there is none
  std::string shortest(ExprId e);
  // No text that is the beginning of one of the language needs more bytes than this to be one; kFar if not known.
  u32 max_remaining(ExprId e);

  // The same with every bound of a repetition above `longest` outside Inter and Not widened. On texts of up to
  // `longest` bytes the two agree, so their masks are equal. `longest` is always the same.
  ExprId clip(ExprId e, u32 longest);
  // By how many bytes at most clip() makes required text shorter; here and after any text.
  u32 clipped_below(ExprId e, u32 longest);
  // The same without the exclusions: in intersections, the complements of what is not open.
  ExprId without_exclusions(ExprId e);
  // The same with the upper bounds of repetitions lifted (but for small ones, and those under a complement), and the
  // number of bytes up to which the two agree: a text uses a repetition of X at most once for every shortest X that it
  // holds.
  struct Unbounded {
    ExprId e;
    u32 reach;
  };
  Unbounded unbounded(ExprId e);

  std::size_t bytes() const { return answers_.capacity() * sizeof(Answers); }

 private:
  enum class Found : u8 { None, Some, GaveUp };
  class TextSearch;
  class ShortestSearch;
  // What was found out about an expression.
  struct Answers {
    u32 shortest = kNone;
    u32 max_remaining = kNone;
    u32 clipped = kNone;
    u32 unbounded = kNone, reach = kFar;
    Found text = Found::GaveUp;  // of boolean ones
  };
  // A reference is valid until the next expression is made.
  Answers& answers(ExprId e) {
    if (e >= answers_.size()) answers_.resize(e_.size());
    return answers_[e];
  }

  // Calls visit(part) for each part of a concatenation, or for the expression itself.
  template <class Visit>
  void each_part(ExprId e, Visit&& visit) const {
    for (; e_.kind(e) == ExpressionFacts::Concat; e = e_.args(e)[1]) visit(e_.args(e)[0]);
    visit(e);
  }
  bool needs_search(ExprId e) const { return e_.kind(e) == Expressions::Inter || e_.kind(e) == Expressions::Not; }
  bool compute_empty(ExprId e);
  bool search_empty(ExprId e);
  Found search_some(ExprId e, u32 most);
  u32 known_length(ExprId e);
  u32 least_length(ExprId e);
  u32 search_shortest(ExprId e);
  ExprId spell_switch(ExprId e, std::string& text);
  ExprId spell_derivative(ExprId e, std::string& text);
  u32 max_remaining_by_parts(ExprId e);
  u32 max_remaining_by_search(ExprId e);
  Unbounded unbounded_repeat(ExprId e);

  Expressions& e_;
  std::vector<Answers> answers_;
  Meter* meter_ = nullptr;
  u32 depth_ = 0;
};

}  // namespace structgen
