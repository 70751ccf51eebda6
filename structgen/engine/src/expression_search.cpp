// Expressions: what of a language can only be found by a search through derivatives, and languages near to it.
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
  const Span a = args(e);
  bool empty = false;
  switch (kind(e)) {
    case Concat:
      empty = is_empty(a[0]) || is_empty(a[1]);
      break;
    case Union:
      empty = std::all_of(a.begin(), a.end(), [this](ExprId x) { return is_empty(x); });
      break;
    case Repeat:
      empty = is_empty(a[0]);
      break;
    default: {
      const Unbounded found = unbounded(e);
      if (found.e == e) {
        empty = search_empty(e);
        break;
      }
      // Most languages hold a text that a short search comes upon. Where none does, a bound rarely decides: the
      // language without bounds has few states, and mostly is empty too.
      const bool searched = kind(found.e) == Inter || kind(found.e) == Not;
      Search quick = Search::gave_up, wide = Search::gave_up;
      for (u32 most = kGlimpse; most <= kGlance && quick == Search::gave_up && wide != Search::empty; most *= 8) {
        if (wide == Search::gave_up && searched) wide = search_some(found.e, most);
        if (wide != Search::empty) quick = search_some(e, most);
      }
      if (quick != Search::gave_up)
        empty = quick == Search::empty;
      else
        empty = is_empty(found.e) || (shortest_length(found.e) > found.reach && search_empty(e));
    }
  }
  nodes_[e].alive = empty ? 2 : 1;
  return empty;
}

bool Expressions::search_empty(ExprId root) { return search_some(root, kFar) == Search::empty; }

// Whether no part needs more bytes than another allows: so digits are not read on where no multiple can follow any
// more.
bool Expressions::lengths_meet(const std::vector<ExprId>& parts) const {
  u32 least = 0, longest = kFar;
  for (ExprId e : parts) {
    least = std::max(least, nodes_[e].least);
    longest = std::min(longest, nodes_[e].longest);
  }
  return least <= longest;
}

// No text of the language is shorter, as far as that is plain to see: the parts of an intersection are asked one by
// one.
u32 Expressions::nearest(ExprId e) const {
  if (nodes_[e].shortest != kNone) return nodes_[e].shortest;
  u32 length = 1;
  if (kind(e) == Inter)
    for (ExprId x : args(e))
      if (nodes_[x].shortest != kNone) length = std::max(length, nodes_[x].shortest);
  return length;
}

// Depth-first through the derivatives of an Inter or Not for one that holds the empty text, at most so many. What seems
// nearest to its end comes first; what begins with a byte above ASCII, which are many, is looked at last.
Expressions::Search Expressions::search_some(ExprId root, u32 most) {
  struct Frame {
    ExprId e;
    u32 byte;                  // whose derivatives were not looked at yet
    std::vector<ExprId> left;  // derivatives; the next is the last
  };
  std::unordered_set<ExprId> seen{root};
  std::vector<Frame> stack{{root, 0, {}}};
  std::vector<std::pair<u32, ExprId>> order;
  auto is_found = [this](ExprId d) { return !nodes_[d].boolean || nodes_[d].nullable || nodes_[d].alive == 1; };
  // The next derivatives of a frame; whether one of them is found.
  auto look = [&](Frame& frame) {
    order.clear();
    const u32 end = frame.byte < 128 ? 128 : 256;
    for (; frame.byte < end; frame.byte = interval(frame.e, static_cast<u8>(frame.byte)).second + 1u) {
      const ExprId d = derive(frame.e, static_cast<u8>(frame.byte));
      if (d == kEmpty || nodes_[d].alive == 2) continue;
      if (is_found(d)) return true;
      order.emplace_back(nearest(d), d);
    }
    std::stable_sort(order.begin(), order.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
    for (const auto& [_, d] : order) frame.left.push_back(d);
    if (meter_) meter_->spend(1);
    return false;
  };
  while (!stack.empty()) {
    Frame& top = stack.back();
    bool found = false;
    if (top.left.empty()) {
      if (top.byte > 255) {
        stack.pop_back();
        continue;
      }
      found = look(top);
    } else {
      const ExprId d = top.left.back();
      top.left.pop_back();
      if (nodes_[d].alive == 2) continue;
      // Parts decide: a concatenation or union is empty or not by its own rules.
      const bool decided = kind(d) != Inter && kind(d) != Not;
      found = is_found(d) || (decided && !is_empty(d));
      if (!found && !decided && seen.insert(d).second) {
        if (seen.size() > most) return Search::gave_up;
        stack.push_back({d, 0, {}});
      }
    }
    if (found) {
      for (const Frame& f : stack) nodes_[f.e].alive = 1;
      return Search::found;
    }
  }
  for (const ExprId dead : seen) nodes_[dead].alive = 2;
  return Search::empty;
}

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
      length = static_cast<u32>(std::min<u64>(kFar, static_cast<u64>(shortest_length(a[0])) * a[1]));
      break;
    default:
      length = search_shortest(e);
  }
  nodes_[e].shortest = length;
  return length;
}

// A* through derivatives: what is nearest to its end, as far as that is plain to see, comes first.
u32 Expressions::search_shortest(ExprId root) {
  if (is_empty(root)) return kFar;
  if (const Unbounded found = unbounded(root); found.e != root && shortest_length(found.e) <= found.reach)
    return shortest_length(found.e);
  struct Step {
    u32 parent;
    ExprId e;
    u32 distance;
  };
  using Entry = std::tuple<u32, u32, u32>;  // length of the text at least, its rest at least, step
  std::vector<Step> steps;
  std::unordered_map<ExprId, u32> distances;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  auto enter = [&](u32 parent, ExprId e, u32 distance) {
    const auto [known, fresh] = distances.try_emplace(e, distance);
    if (!fresh && known->second <= distance) return;
    known->second = distance;
    const u32 rest = nearest(e);
    queue.emplace(add_lengths(distance, rest), rest, static_cast<u32>(steps.size()));
    steps.push_back({parent, e, distance});
    if (meter_) meter_->spend(1);
  };
  enter(kNone, root, 0);
  while (!queue.empty()) {
    const u32 at = std::get<2>(queue.top());
    queue.pop();
    const Step step = steps[at];
    if (distances[step.e] < step.distance || is_empty(step.e)) continue;
    if (nodes_[step.e].shortest == kNone && kind(step.e) != Inter && kind(step.e) != Not) {
      const u32 rest = shortest_length(step.e);  // parts decide
      queue.emplace(add_lengths(step.distance, rest), rest, at);
      continue;
    }
    if (const u32 rest = nodes_[step.e].shortest; rest != kNone) {
      const u32 best = add_lengths(step.distance, rest);
      for (u32 up = at; up != kNone; up = steps[up].parent) nodes_[steps[up].e].shortest = best - steps[up].distance;
      return best;
    }
    for (u32 b = 0; b < 256; b = interval(step.e, static_cast<u8>(b)).second + 1u) {
      const ExprId d = derive(step.e, static_cast<u8>(b));
      if (d != kEmpty) enter(at, d, step.distance + 1);
    }
  }
  return kFar;
}

std::string Expressions::shortest(ExprId e) {
  std::string text;
  if (shortest_length(e) >= kFar) return text;
  std::vector<ExprId> todo{e};
  while (!todo.empty()) {
    const ExprId at = todo.back();
    todo.pop_back();
    if (nodes_[at].nullable) continue;
    if (meter_) meter_->spend(1);
    const Span a = args(at);
    switch (kind(at)) {
      case Switch: {
        u32 best = 1;
        for (u32 i = 1; i < a.size; i += 2)
          if (shortest_length(a[i + 1]) < shortest_length(a[best + 1])) best = i;
        text.push_back(static_cast<char>(readable(a[best] & 0xFF, a[best] >> 8)));
        todo.push_back(a[best + 1]);
        break;
      }
      case Concat:
        todo.push_back(a[1]);
        todo.push_back(a[0]);
        break;
      case Union:
        todo.push_back(*std::min_element(
            a.begin(), a.end(), [this](ExprId x, ExprId y) { return shortest_length(x) < shortest_length(y); }));
        break;
      case Repeat:
        for (u32 i = 0; i < a[1]; ++i) todo.push_back(a[0]);
        break;
      case Inter:
      case Not:
      case Divisible: {
        const u32 left = shortest_length(at) - 1;
        for (u32 b = 0; b < 256; b = interval(at, static_cast<u8>(b)).second + 1u) {
          const ExprId d = derive(at, static_cast<u8>(b));
          if (d == kEmpty || is_empty(d) || shortest_length(d) != left) continue;
          const auto [lo, hi] = interval(at, static_cast<u8>(b));
          text.push_back(static_cast<char>(readable(lo, hi)));
          todo.push_back(d);
          break;
        }
        break;
      }
      default:
        break;
    }
  }
  return text;
}

ExprId Expressions::clip(ExprId e, u32 longest) {
  if (nodes_[e].clipped != kNone) return nodes_[e].clipped;
  const Depth guard(depth_);
  const Span a = args(e);
  ExprId result = e;
  switch (kind(e)) {
    case Concat: {
      std::vector<ExprId> parts{clip(a[0], longest)};
      ExprId rest = a[1];
      for (; kind(rest) == Concat; rest = args(rest)[1]) parts.push_back(clip(args(rest)[0], longest));
      parts.push_back(clip(rest, longest));
      result = concat(parts);
      break;
    }
    case Union: {
      std::vector<ExprId> parts;
      for (ExprId x : a) parts.push_back(clip(x, longest));
      result = unite(std::move(parts));
      break;
    }
    case Repeat: {
      const u32 min = std::min(a[1], longest + 1), max = a[2] > longest ? kUnbounded : a[2];
      const ExprId part = a[0];
      result = repeat(clip(part, longest), min, max);
      break;
    }
    default:
      break;
  }
  nodes_[e].clipped = result;
  return result;
}

// By how many bytes clip() makes what must come shorter, at most; here and after any text.
u32 Expressions::clipped_below(ExprId e, u32 longest) {
  if (clip(e, longest) == e) return 0;
  const Depth guard(depth_);
  const Span a = args(e);
  switch (kind(e)) {
    case Concat: {
      u32 sum = 0;
      ExprId rest = e;
      for (; kind(rest) == Concat; rest = args(rest)[1]) sum = add_lengths(sum, clipped_below(args(rest)[0], longest));
      return add_lengths(sum, clipped_below(rest, longest));
    }
    case Union: {
      u32 most = 0;
      for (ExprId x : a) most = std::max(most, clipped_below(x, longest));
      return most;
    }
    case Repeat: {
      const ExprId part = a[0];
      const u32 min = a[1], kept = std::min(min, longest + 1);
      const u32 less = times_length(shortest_length(part), min - kept);
      return add_lengths(less, times_length(clipped_below(part, longest), std::max(kept, 1u)));
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
  const Span a = args(e);
  Unbounded result{e, kFar};
  auto widen = [&](ExprId x) {
    const Unbounded found = unbounded(x);
    result.reach = std::min(result.reach, found.reach);
    return found.e;
  };
  switch (kind(e)) {
    case Concat: {
      std::vector<ExprId> parts;
      ExprId rest = e;
      for (; kind(rest) == Concat; rest = args(rest)[1]) parts.push_back(widen(args(rest)[0]));
      parts.push_back(widen(rest));
      result.e = concat(parts);
      break;
    }
    case Union:
    case Inter: {
      std::vector<ExprId> parts;
      for (ExprId x : a) parts.push_back(widen(x));
      result.e = kind(e) == Union ? unite(std::move(parts)) : intersect(std::move(parts));
      break;
    }
    case Repeat: {
      const ExprId part = a[0];
      const u32 min = a[1], max = a[2];
      const ExprId wide = widen(part);
      if (max == kUnbounded || max < kNarrow || nodes_[part].boolean) {
        result.e = repeat(wide, min, max);
      } else {
        const u64 one = std::max(1u, shortest_length(part));
        result.reach = static_cast<u32>(std::min<u64>(result.reach, one * max + one - 1));
        result.e = repeat(wide, min, kUnbounded);
      }
      break;
    }
    default:
      break;
  }
  if (result.e == e) result.reach = kFar;
  nodes_[e].unbounded = result.e;
  nodes_[e].reach = result.reach;
  return result;
}

u32 Expressions::farthest(ExprId root) {
  if (nodes_[root].farthest != kNone) return nodes_[root].farthest;
  if (const Kind outer = kind(root); outer == Concat || outer == Union || outer == Repeat) {
    // By parts, without a derivative: each way of reading a beginning can be finished in that part and those behind it.
    const Depth guard(depth_);
    const Span a = args(root);
    u32 most = shortest_length(root);
    if (outer == Concat) {
      for (ExprId rest = root; rest != kEpsilon;) {
        const bool more = kind(rest) == Concat;
        const ExprId part = more ? args(rest)[0] : rest;
        rest = more ? args(rest)[1] : kEpsilon;
        most = std::max(most, add_lengths(farthest(part), shortest_length(rest)));
      }
    } else if (outer == Union) {
      for (ExprId part : a) most = std::max(most, farthest(part));
    } else {
      most = std::max(most, add_lengths(farthest(a[0]), times_length(shortest_length(a[0]), std::max(a[1], 1u) - 1)));
    }
    nodes_[root].farthest = most;
    return most;
  }
  std::vector<ExprId> found{root};
  std::unordered_set<ExprId> seen{root};
  u32 most = 0;
  for (std::size_t at = 0; at < found.size() && most < kFar; ++at) {
    const ExprId e = found[at];
    most = nodes_[e].farthest != kNone ? std::max(most, nodes_[e].farthest) : std::max(most, shortest_length(e));
    if (nodes_[e].farthest != kNone) continue;
    if (found.size() > kManyStates) most = kFar;
    for (u32 b = 0; b < 256 && most < kFar; b = interval(e, static_cast<u8>(b)).second + 1u) {
      const ExprId d = derive(e, static_cast<u8>(b));
      if (d != kEmpty && !is_empty(d) && seen.insert(d).second) found.push_back(d);
    }
    if (meter_) meter_->spend(1);
  }
  for (const ExprId e : found)
    if (nodes_[e].farthest == kNone) nodes_[e].farthest = most;
  return most;
}

}  // namespace structgen
