// Languages: emptiness, and the lengths of texts.
#include "languages.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace structgen {

namespace {

constexpr u32 kGlimpse = 64, kGlance = 4096;  // states of searches that may give up, the first and the last
constexpr u32 kManyStates = 400;  // of an automaton that is searched for how far its states are from the end

// A byte of lo..hi that people can read, if there is one.
u8 readable(u32 lo, u32 hi) {
  for (u32 c : {'0', 'a', ' '})
    if (lo <= c && c <= hi) return static_cast<u8>(c);
  return static_cast<u8>(lo <= 0x21 && hi >= 0x21 ? 0x21 : lo);
}

}  // namespace

bool Languages::is_empty(ExprId e) {
  if (!e_.facts(e).boolean) return e == kEmpty;
  if (e_.nullable(e)) return false;
  if (const Found text = answers(e).text; text != Found::GaveUp) return text == Found::None;
  const Depth guard(depth_);
  const bool empty = compute_empty(e);
  answers(e).text = empty ? Found::None : Found::Some;
  return empty;
}

bool Languages::compute_empty(ExprId e) {
  const Span a = e_.args(e);
  switch (e_.kind(e)) {
    case Expressions::Concat:
      return is_empty(a[0]) || is_empty(a[1]);
    case Expressions::Union:
      return std::all_of(a.begin(), a.end(), [this](ExprId x) { return is_empty(x); });
    case Expressions::Repeat:
      return is_empty(a[0]);
    default:
      return search_empty(e);
  }
}

// Most languages hold a text that a short search finds. Where none does, a bound rarely decides: the language without
// bounds has few states, and mostly is empty too.
bool Languages::search_empty(ExprId e) {
  const Unbounded wide = unbounded(e);
  if (wide.e == e) return search_some(e, kFar) == Found::None;
  Found some = Found::GaveUp, some_wide = Found::GaveUp;
  for (u32 most = kGlimpse; most <= kGlance && some == Found::GaveUp && some_wide != Found::None; most *= 8) {
    if (some_wide == Found::GaveUp && needs_search(wide.e)) some_wide = search_some(wide.e, most);
    if (some_wide != Found::None) some = search_some(e, most);
  }
  if (some != Found::GaveUp) return some == Found::None;
  return is_empty(wide.e) || (shortest_length(wide.e) > wide.reach && search_some(e, kFar) == Found::None);
}

// The length of the shortest text if that is known, otherwise kNone.
u32 Languages::known_length(ExprId e) {
  const u32 length = e_.facts(e).shortest;
  return length != kNone ? length : answers(e).shortest;
}

// A lower bound of the length of a text that needs no search: for an intersection, the longest of its parts.
u32 Languages::least_length(ExprId e) {
  if (const u32 known = known_length(e); known != kNone) return known;
  u32 length = 1;
  if (e_.kind(e) == Expressions::Inter)
    for (ExprId x : e_.args(e))
      if (const u32 known = known_length(x); known != kNone) length = std::max(length, known);
  return length;
}

// Depth-first through the derivatives of an Inter or Not for one that holds the empty text. The derivative with the
// least length comes first; bytes above ASCII, which are many, come last.
class Languages::TextSearch {
 public:
  TextSearch(Languages& languages, ExprId root) : l_(languages), e_(languages.e_), seen_{root}, stack_{{root, 0, {}}} {}

  // Visits at most so many states.
  Found run(u32 most) {
    while (!stack_.empty()) {
      Frame& top = stack_.back();
      if (top.left.empty() && top.byte > 255) {
        stack_.pop_back();
        continue;
      }
      if (top.left.empty() ? expand(top) : visit(top)) {
        for (const Frame& f : stack_) l_.answers(f.e).text = Found::Some;
        return Found::Some;
      }
      if (seen_.size() > most) return Found::GaveUp;
    }
    for (const ExprId dead : seen_) l_.answers(dead).text = Found::None;
    return Found::None;
  }

 private:
  struct Frame {
    ExprId e;
    u32 byte;                  // derivatives by this byte and those after it are not known yet
    std::vector<ExprId> left;  // derivatives to visit; the next is the last
  };

  bool has_text(ExprId d) {
    const ExpressionFacts& facts = e_.facts(d);
    return !facts.boolean || facts.nullable || l_.answers(d).text == Found::Some;
  }

  // Finds the next derivatives of a frame. Returns true if one of them has a text.
  bool expand(Frame& frame) {
    order_.clear();
    const u32 end = frame.byte < 128 ? 128 : 256;
    for (; frame.byte < end; frame.byte = e_.interval(frame.e, static_cast<u8>(frame.byte)).second + 1u) {
      const ExprId d = e_.derive(frame.e, static_cast<u8>(frame.byte));
      if (d == kEmpty || l_.answers(d).text == Found::None) continue;
      if (has_text(d)) return true;
      order_.emplace_back(l_.least_length(d), d);
    }
    std::stable_sort(order_.begin(), order_.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
    for (const auto& [_, d] : order_) frame.left.push_back(d);
    if (l_.meter_) l_.meter_->spend(1);
    return false;
  }

  // Visits the next derivative of a frame. Returns true if it has a text.
  bool visit(Frame& frame) {
    const ExprId d = frame.left.back();
    frame.left.pop_back();
    if (l_.answers(d).text == Found::None) return false;
    if (has_text(d)) return true;
    if (!l_.needs_search(d)) return !l_.is_empty(d);  // its parts decide
    if (seen_.insert(d).second) stack_.push_back({d, 0, {}});
    return false;
  }

  Languages& l_;
  Expressions& e_;
  std::unordered_set<ExprId> seen_;
  std::vector<Frame> stack_;
  std::vector<std::pair<u32, ExprId>> order_;
};

Languages::Found Languages::search_some(ExprId root, u32 most) { return TextSearch(*this, root).run(most); }

u32 Languages::shortest_length(ExprId e) {
  if (const u32 known = known_length(e); known != kNone) return known;
  const Depth guard(depth_);
  const Span a = e_.args(e);
  u32 length = kFar;
  switch (e_.kind(e)) {
    case Expressions::Concat:
      length = add_lengths(shortest_length(a[0]), shortest_length(a[1]));
      break;
    case Expressions::Union:
      for (ExprId x : a) length = std::min(length, shortest_length(x));
      break;
    case Expressions::Repeat:
      length = times_length(shortest_length(a[0]), a[1]);
      break;
    default:
      length = search_shortest(e);
  }
  answers(e).shortest = length;
  return length;
}

// A* through derivatives, along the least length of what remains.
class Languages::ShortestSearch {
 public:
  explicit ShortestSearch(Languages& languages) : l_(languages), e_(languages.e_) {}

  u32 run(ExprId root) {
    enter(kNone, root, 0);
    while (!queue_.empty()) {
      const u32 at = std::get<2>(queue_.top());
      queue_.pop();
      if (const u32 best = visit(at); best != kNone) return best;
    }
    return kFar;
  }

 private:
  struct Step {
    u32 parent;
    ExprId e;
    u32 distance;
  };
  using Entry = std::tuple<u32, u32, u32>;  // least length of the text, least length of its rest, step

  void enter(u32 parent, ExprId e, u32 distance) {
    const auto [known, fresh] = distances_.try_emplace(e, distance);
    if (!fresh && known->second <= distance) return;
    known->second = distance;
    push(static_cast<u32>(steps_.size()), distance, l_.least_length(e));
    steps_.push_back({parent, e, distance});
    if (l_.meter_) l_.meter_->spend(1);
  }
  void push(u32 step, u32 distance, u32 rest) { queue_.emplace(add_lengths(distance, rest), rest, step); }

  // Returns the length of the shortest text of all, if that is known now.
  u32 visit(u32 at) {
    const Step step = steps_[at];
    if (distances_[step.e] < step.distance || l_.is_empty(step.e)) return kNone;
    if (l_.known_length(step.e) != kNone) return finish(at);
    if (!l_.needs_search(step.e)) {
      push(at, step.distance, l_.shortest_length(step.e));  // its parts decide
      return kNone;
    }
    e_.each_derivative(step.e, [&](u8, ExprId d) {
      enter(at, d, step.distance + 1);
      return true;
    });
    return kNone;
  }
  // Also notes the lengths of all states on the way.
  u32 finish(u32 at) {
    const u32 best = add_lengths(steps_[at].distance, l_.known_length(steps_[at].e));
    for (; at != kNone; at = steps_[at].parent) l_.answers(steps_[at].e).shortest = best - steps_[at].distance;
    return best;
  }

  Languages& l_;
  Expressions& e_;
  std::vector<Step> steps_;
  std::unordered_map<ExprId, u32> distances_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

u32 Languages::search_shortest(ExprId root) {
  if (is_empty(root)) return kFar;
  if (const Unbounded found = unbounded(root); found.e != root && shortest_length(found.e) <= found.reach)
    return shortest_length(found.e);
  return ShortestSearch(*this).run(root);
}

std::string Languages::shortest(ExprId e) {
  std::string text;
  if (shortest_length(e) >= kFar) return text;
  const auto shorter = [this](ExprId x, ExprId y) { return shortest_length(x) < shortest_length(y); };
  std::vector<ExprId> todo{e};
  while (!todo.empty()) {
    const ExprId at = todo.back();
    todo.pop_back();
    if (e_.nullable(at)) continue;
    if (meter_) meter_->spend(1);
    const Span a = e_.args(at);
    switch (e_.kind(at)) {
      case Expressions::Switch:
        todo.push_back(spell_switch(at, text));
        break;
      case Expressions::Concat:
        todo.push_back(a[1]);
        todo.push_back(a[0]);
        break;
      case Expressions::Union:
        todo.push_back(*std::min_element(a.begin(), a.end(), shorter));
        break;
      case Expressions::Repeat:
        todo.insert(todo.end(), a[1], a[0]);
        break;
      default:
        todo.push_back(spell_derivative(at, text));
    }
  }
  return text;
}

// Appends the first byte of a shortest text, and returns what follows it.
ExprId Languages::spell_switch(ExprId e, std::string& text) {
  const Span a = e_.args(e);
  u32 best = 1;
  for (u32 i = 1; i < a.size; i += 2)
    if (shortest_length(a[i + 1]) < shortest_length(a[best + 1])) best = i;
  text.push_back(static_cast<char>(readable(a[best] & 0xFF, a[best] >> 8)));
  return a[best + 1];
}

// The same of an expression that takes a search.
ExprId Languages::spell_derivative(ExprId e, std::string& text) {
  const u32 remaining = shortest_length(e) - 1;
  ExprId found = kEpsilon;
  e_.each_derivative(e, [&](u8 byte, ExprId d) {
    if (is_empty(d) || shortest_length(d) != remaining) return true;
    const auto [lo, hi] = e_.interval(e, byte);
    text.push_back(static_cast<char>(readable(lo, hi)));
    found = d;
    return false;
  });
  return found;
}

u32 Languages::max_remaining(ExprId e) {
  if (answers(e).max_remaining != kNone) return answers(e).max_remaining;
  const bool has_parts =
      e_.kind(e) == Expressions::Concat || e_.kind(e) == Expressions::Union || e_.kind(e) == Expressions::Repeat;
  return has_parts ? max_remaining_by_parts(e) : max_remaining_by_search(e);
}

// Without a derivative: each way of reading a beginning can be finished in its part and those after it.
u32 Languages::max_remaining_by_parts(ExprId e) {
  const Depth guard(depth_);
  const Span a = e_.args(e);
  u32 most = shortest_length(e);
  switch (e_.kind(e)) {
    case Expressions::Concat:
      for (ExprId rest = e; rest != kEpsilon;) {
        const bool more = e_.kind(rest) == Expressions::Concat;
        const ExprId part = more ? e_.args(rest)[0] : rest;
        rest = more ? e_.args(rest)[1] : kEpsilon;
        most = std::max(most, add_lengths(max_remaining(part), shortest_length(rest)));
      }
      break;
    case Expressions::Union:
      for (ExprId part : a) most = std::max(most, max_remaining(part));
      break;
    default: {
      const u32 others = times_length(shortest_length(a[0]), std::max(a[1], 1u) - 1);
      most = std::max(most, add_lengths(max_remaining(a[0]), others));
    }
  }
  answers(e).max_remaining = most;
  return most;
}

// Over all states.
u32 Languages::max_remaining_by_search(ExprId root) {
  std::vector<ExprId> found{root};
  std::unordered_set<ExprId> seen{root};
  u32 most = 0;
  for (std::size_t at = 0; at < found.size() && most < kFar; ++at) {
    const ExprId e = found[at];
    if (answers(e).max_remaining != kNone) {
      most = std::max(most, answers(e).max_remaining);
      continue;
    }
    most = found.size() > kManyStates ? kFar : std::max(most, shortest_length(e));
    if (most < kFar)
      e_.each_derivative(e, [&](u8, ExprId d) {
        if (!is_empty(d) && seen.insert(d).second) found.push_back(d);
        return true;
      });
    if (meter_) meter_->spend(1);
  }
  for (const ExprId e : found)
    if (answers(e).max_remaining == kNone) answers(e).max_remaining = most;
  return most;
}

}  // namespace structgen
