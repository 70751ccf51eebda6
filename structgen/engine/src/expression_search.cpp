// Expressions: questions that take a search through derivatives, and simpler languages that are close to a given one.
#include "expression.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace structgen {

namespace {

constexpr u32 kNarrow = 4;                    // repetitions whose bound is not lifted
constexpr u32 kGlimpse = 64, kGlance = 4096;  // states of searches that may give up, the first and the last
constexpr u32 kManyStates = 400;  // of an automaton that is searched for how far its states are from the end

// A byte of lo..hi that people can read, if there is one.
u8 readable(u32 lo, u32 hi) {
  for (u32 c : {'0', 'a', ' '})
    if (lo <= c && c <= hi) return static_cast<u8>(c);
  return static_cast<u8>(lo <= 0x21 && hi >= 0x21 ? 0x21 : lo);
}

}  // namespace

bool Expressions::is_empty(ExprId e) {
  if (!nodes_[e].boolean) return e == kEmpty;
  if (nodes_[e].nullable) return false;
  if (nodes_[e].alive != 0) return nodes_[e].alive == 2;
  const Depth guard(depth_);
  const bool empty = compute_empty(e);
  nodes_[e].alive = empty ? 2 : 1;
  return empty;
}

bool Expressions::compute_empty(ExprId e) {
  const Span a = args(e);
  switch (kind(e)) {
    case Concat:
      return is_empty(a[0]) || is_empty(a[1]);
    case Union:
      return std::all_of(a.begin(), a.end(), [this](ExprId x) { return is_empty(x); });
    case Repeat:
      return is_empty(a[0]);
    default:
      return search_empty(e);
  }
}

// Most languages hold a text that a short search finds. Where none does, a bound rarely decides: the language without
// bounds has few states, and mostly is empty too.
bool Expressions::search_empty(ExprId e) {
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

// A lower bound of the length of a text that needs no search: for an intersection, the longest of its parts.
u32 Expressions::least_length(ExprId e) const {
  if (nodes_[e].shortest != kNone) return nodes_[e].shortest;
  u32 length = 1;
  if (kind(e) == Inter)
    for (ExprId x : args(e))
      if (nodes_[x].shortest != kNone) length = std::max(length, nodes_[x].shortest);
  return length;
}

// Depth-first through the derivatives of an Inter or Not for one that holds the empty text. The derivative with the
// least length comes first; bytes above ASCII, which are many, come last.
class Expressions::TextSearch {
 public:
  TextSearch(Expressions& expressions, ExprId root) : e_(expressions), seen_{root}, stack_{{root, 0, {}}} {}

  // Visits at most so many states.
  Found run(u32 most) {
    while (!stack_.empty()) {
      Frame& top = stack_.back();
      if (top.left.empty() && top.byte > 255) {
        stack_.pop_back();
        continue;
      }
      if (top.left.empty() ? expand(top) : visit(top)) {
        for (const Frame& f : stack_) e_.nodes_[f.e].alive = 1;
        return Found::Some;
      }
      if (seen_.size() > most) return Found::GaveUp;
    }
    for (const ExprId dead : seen_) e_.nodes_[dead].alive = 2;
    return Found::None;
  }

 private:
  struct Frame {
    ExprId e;
    u32 byte;                  // derivatives by this byte and those after it are not known yet
    std::vector<ExprId> left;  // derivatives to visit; the next is the last
  };

  bool has_text(ExprId d) const {
    const Node& node = e_.nodes_[d];
    return !node.boolean || node.nullable || node.alive == 1;
  }

  // Finds the next derivatives of a frame. Returns true if one of them has a text.
  bool expand(Frame& frame) {
    order_.clear();
    const u32 end = frame.byte < 128 ? 128 : 256;
    for (; frame.byte < end; frame.byte = e_.interval(frame.e, static_cast<u8>(frame.byte)).second + 1u) {
      const ExprId d = e_.derive(frame.e, static_cast<u8>(frame.byte));
      if (d == kEmpty || e_.nodes_[d].alive == 2) continue;
      if (has_text(d)) return true;
      order_.emplace_back(e_.least_length(d), d);
    }
    std::stable_sort(order_.begin(), order_.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
    for (const auto& [_, d] : order_) frame.left.push_back(d);
    if (e_.meter_) e_.meter_->spend(1);
    return false;
  }

  // Visits the next derivative of a frame. Returns true if it has a text.
  bool visit(Frame& frame) {
    const ExprId d = frame.left.back();
    frame.left.pop_back();
    if (e_.nodes_[d].alive == 2) return false;
    if (has_text(d)) return true;
    if (!e_.needs_search(d)) return !e_.is_empty(d);  // its parts decide
    if (seen_.insert(d).second) stack_.push_back({d, 0, {}});
    return false;
  }

  Expressions& e_;
  std::unordered_set<ExprId> seen_;
  std::vector<Frame> stack_;
  std::vector<std::pair<u32, ExprId>> order_;
};

Expressions::Found Expressions::search_some(ExprId root, u32 most) { return TextSearch(*this, root).run(most); }

u32 Expressions::shortest_length(ExprId e) {
  if (nodes_[e].shortest != kNone) return nodes_[e].shortest;
  const Depth guard(depth_);
  const Span a = args(e);
  u32 length = kFar;
  switch (kind(e)) {
    case Concat:
      length = add_lengths(shortest_length(a[0]), shortest_length(a[1]));
      break;
    case Union:
      for (ExprId x : a) length = std::min(length, shortest_length(x));
      break;
    case Repeat:
      length = times_length(shortest_length(a[0]), a[1]);
      break;
    default:
      length = search_shortest(e);
  }
  nodes_[e].shortest = length;
  return length;
}

// A* through derivatives, along the least length of what remains.
class Expressions::ShortestSearch {
 public:
  explicit ShortestSearch(Expressions& expressions) : e_(expressions) {}

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
    push(static_cast<u32>(steps_.size()), distance, e_.least_length(e));
    steps_.push_back({parent, e, distance});
    if (e_.meter_) e_.meter_->spend(1);
  }
  void push(u32 step, u32 distance, u32 rest) { queue_.emplace(add_lengths(distance, rest), rest, step); }

  // Returns the length of the shortest text of all, if that is known now.
  u32 visit(u32 at) {
    const Step step = steps_[at];
    if (distances_[step.e] < step.distance || e_.is_empty(step.e)) return kNone;
    if (e_.nodes_[step.e].shortest != kNone) return finish(at);
    if (!e_.needs_search(step.e)) {
      push(at, step.distance, e_.shortest_length(step.e));  // its parts decide
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
    const u32 best = add_lengths(steps_[at].distance, e_.nodes_[steps_[at].e].shortest);
    for (; at != kNone; at = steps_[at].parent) e_.nodes_[steps_[at].e].shortest = best - steps_[at].distance;
    return best;
  }

  Expressions& e_;
  std::vector<Step> steps_;
  std::unordered_map<ExprId, u32> distances_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

u32 Expressions::search_shortest(ExprId root) {
  if (is_empty(root)) return kFar;
  if (const Unbounded found = unbounded(root); found.e != root && shortest_length(found.e) <= found.reach)
    return shortest_length(found.e);
  return ShortestSearch(*this).run(root);
}

std::string Expressions::shortest(ExprId e) {
  std::string text;
  if (shortest_length(e) >= kFar) return text;
  const auto shorter = [this](ExprId x, ExprId y) { return shortest_length(x) < shortest_length(y); };
  std::vector<ExprId> todo{e};
  while (!todo.empty()) {
    const ExprId at = todo.back();
    todo.pop_back();
    if (nodes_[at].nullable) continue;
    if (meter_) meter_->spend(1);
    const Span a = args(at);
    switch (kind(at)) {
      case Switch:
        todo.push_back(spell_switch(at, text));
        break;
      case Concat:
        todo.push_back(a[1]);
        todo.push_back(a[0]);
        break;
      case Union:
        todo.push_back(*std::min_element(a.begin(), a.end(), shorter));
        break;
      case Repeat:
        todo.insert(todo.end(), a[1], a[0]);
        break;
      default:
        todo.push_back(spell_derivative(at, text));
    }
  }
  return text;
}

// Appends the first byte of a shortest text, and returns what follows it.
ExprId Expressions::spell_switch(ExprId e, std::string& text) {
  const Span a = args(e);
  u32 best = 1;
  for (u32 i = 1; i < a.size; i += 2)
    if (shortest_length(a[i + 1]) < shortest_length(a[best + 1])) best = i;
  text.push_back(static_cast<char>(readable(a[best] & 0xFF, a[best] >> 8)));
  return a[best + 1];
}

// The same of an expression that takes a search.
ExprId Expressions::spell_derivative(ExprId e, std::string& text) {
  const u32 remaining = shortest_length(e) - 1;
  ExprId found = kEpsilon;
  each_derivative(e, [&](u8 byte, ExprId d) {
    if (is_empty(d) || shortest_length(d) != remaining) return true;
    const auto [lo, hi] = interval(e, byte);
    text.push_back(static_cast<char>(readable(lo, hi)));
    found = d;
    return false;
  });
  return found;
}

ExprId Expressions::clip(ExprId e, u32 longest) {
  if (nodes_[e].clipped != kNone) return nodes_[e].clipped;
  const Depth guard(depth_);
  const Span a = args(e);
  ExprId result = e;
  std::vector<ExprId> parts;
  const auto add = [&](ExprId part) { parts.push_back(clip(part, longest)); };
  switch (kind(e)) {
    case Concat:
      each_part(e, add);
      result = concat(parts);
      break;
    case Union:
      for (ExprId x : a) add(x);
      result = unite(std::move(parts));
      break;
    case Repeat: {
      const u32 min = std::min(a[1], longest + 1), max = a[2] > longest ? kUnbounded : a[2];
      result = repeat(clip(a[0], longest), min, max);
      break;
    }
    default:
      break;
  }
  nodes_[e].clipped = result;
  return result;
}

u32 Expressions::clipped_below(ExprId e, u32 longest) {
  if (clip(e, longest) == e) return 0;
  const Depth guard(depth_);
  const Span a = args(e);
  u32 found = 0;
  switch (kind(e)) {
    case Concat:
      each_part(e, [&](ExprId part) { found = add_lengths(found, clipped_below(part, longest)); });
      return found;
    case Union:
      for (ExprId x : a) found = std::max(found, clipped_below(x, longest));
      return found;
    case Repeat: {
      const u32 kept = std::min(a[1], longest + 1);
      const u32 less = times_length(shortest_length(a[0]), a[1] - kept);
      return add_lengths(less, times_length(clipped_below(a[0], longest), std::max(kept, 1u)));
    }
    default:
      return 0;
  }
}

ExprId Expressions::plainer(ExprId e) {
  if (!nodes_[e].boolean) return e;
  const Depth guard(depth_);
  const Span a = args(e);
  switch (kind(e)) {
    case Concat: {
      const ExprId first = plainer(a[0]);
      return concat(first, plainer(a[1]));
    }
    case Union: {
      std::vector<ExprId> parts;
      for (ExprId x : a) parts.push_back(plainer(x));
      return unite(std::move(parts));
    }
    case Inter: {
      std::vector<ExprId> parts;
      for (ExprId x : a)
        if (kind(x) != Not || open(args(x)[0])) parts.push_back(plainer(x));
      return parts.empty() ? e : intersect(std::move(parts));
    }
    default:
      return e;
  }
}

Expressions::Unbounded Expressions::unbounded(ExprId e) {
  if (nodes_[e].unbounded != kNone) return {nodes_[e].unbounded, nodes_[e].reach};
  const Depth guard(depth_);
  Unbounded result{e, kFar};
  std::vector<ExprId> parts;
  const auto add = [&](ExprId part) {
    const Unbounded found = unbounded(part);
    result.reach = std::min(result.reach, found.reach);
    parts.push_back(found.e);
  };
  switch (kind(e)) {
    case Concat:
      each_part(e, add);
      result.e = concat(parts);
      break;
    case Union:
    case Inter:
      for (ExprId x : args(e)) add(x);
      result.e = kind(e) == Union ? unite(std::move(parts)) : intersect(std::move(parts));
      break;
    case Repeat:
      result = unbounded_repeat(e);
      break;
    default:
      break;
  }
  if (result.e == e) result.reach = kFar;
  nodes_[e].unbounded = result.e;
  nodes_[e].reach = result.reach;
  return result;
}

Expressions::Unbounded Expressions::unbounded_repeat(ExprId e) {
  const Span a = args(e);
  const Unbounded part = unbounded(a[0]);
  if (a[2] == kUnbounded || a[2] < kNarrow || nodes_[a[0]].boolean) return {repeat(part.e, a[1], a[2]), part.reach};
  const u64 one = std::max(1u, shortest_length(a[0]));
  const u32 reach = static_cast<u32>(std::min<u64>(part.reach, one * a[2] + one - 1));
  return {repeat(part.e, a[1], kUnbounded), reach};
}

u32 Expressions::farthest(ExprId e) {
  if (nodes_[e].farthest != kNone) return nodes_[e].farthest;
  const bool has_parts = kind(e) == Concat || kind(e) == Union || kind(e) == Repeat;
  return has_parts ? farthest_by_parts(e) : farthest_by_search(e);
}

// Without a derivative: each way of reading a beginning can be finished in its part and those after it.
u32 Expressions::farthest_by_parts(ExprId e) {
  const Depth guard(depth_);
  const Span a = args(e);
  u32 most = shortest_length(e);
  switch (kind(e)) {
    case Concat:
      for (ExprId rest = e; rest != kEpsilon;) {
        const bool more = kind(rest) == Concat;
        const ExprId part = more ? args(rest)[0] : rest;
        rest = more ? args(rest)[1] : kEpsilon;
        most = std::max(most, add_lengths(farthest(part), shortest_length(rest)));
      }
      break;
    case Union:
      for (ExprId part : a) most = std::max(most, farthest(part));
      break;
    default: {
      const u32 others = times_length(shortest_length(a[0]), std::max(a[1], 1u) - 1);
      most = std::max(most, add_lengths(farthest(a[0]), others));
    }
  }
  nodes_[e].farthest = most;
  return most;
}

// Over all states.
u32 Expressions::farthest_by_search(ExprId root) {
  std::vector<ExprId> found{root};
  std::unordered_set<ExprId> seen{root};
  u32 most = 0;
  for (std::size_t at = 0; at < found.size() && most < kFar; ++at) {
    const ExprId e = found[at];
    if (nodes_[e].farthest != kNone) {
      most = std::max(most, nodes_[e].farthest);
      continue;
    }
    most = found.size() > kManyStates ? kFar : std::max(most, shortest_length(e));
    if (most < kFar)
      each_derivative(e, [&](u8, ExprId d) {
        if (!is_empty(d) && seen.insert(d).second) found.push_back(d);
        return true;
      });
    if (meter_) meter_->spend(1);
  }
  for (const ExprId e : found)
    if (nodes_[e].farthest == kNone) nodes_[e].farthest = most;
  return most;
}

}  // namespace structgen
