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

constexpr u32 kNarrow = 4;        // repetitions whose bound is not lifted
constexpr u32 kCounted = 64;      // repetitions of an expression that are looked at to count its texts
constexpr u32 kExcludedDeep = 64, kExcluded = 1u << 16;  // bytes and number of excluded texts that are counted
constexpr u32 kGlance = 4096;     // states of a search that may give up
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
  if (nodes_[e].live != 0) return nodes_[e].live == 2;
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
      const Wider found = wider(e);
      if (found.e == e) {
        empty = search_empty(e);
        break;
      }
      // Most languages hold a text that a short search comes upon; where none does, a bound rarely decides.
      const Search quick = search_some(e, kGlance);
      if (quick != Search::gave_up)
        empty = quick == Search::empty;
      else
        empty = is_empty(found.e) || (shortest_length(found.e) > found.reach && search_empty(e));
    }
  }
  nodes_[e].live = empty ? 2 : 1;
  return empty;
}

bool Expressions::search_empty(ExprId root) { return search_some(root, kFar) == Search::empty; }

// No text of the language is shorter, as far as that is plain to see: the parts of an intersection are asked one by one.
u32 Expressions::nearest(ExprId e) const {
  if (nodes_[e].shortest != kNone) return nodes_[e].shortest;
  u32 length = 1;
  if (kind(e) == Inter)
    for (ExprId x : args(e))
      if (nodes_[x].shortest != kNone) length = std::max(length, nodes_[x].shortest);
  return length;
}

// Depth-first through the derivatives of an Inter or Not for one that holds the empty text, at most so many. What seems
// nearest to its end comes first.
Expressions::Search Expressions::search_some(ExprId root, u32 most) {
  struct Frame {
    ExprId e;
    std::vector<ExprId> left;  // derivatives; the next is the last
  };
  std::unordered_set<ExprId> seen{root};
  std::vector<Frame> stack;
  std::vector<std::pair<u32, ExprId>> order;
  auto enter = [&](ExprId e) {
    order.clear();
    for (u32 b = 0; b < 256; b = interval(e, static_cast<u8>(b)).second + 1u) {
      const ExprId d = derive(e, static_cast<u8>(b));
      if (d != kEmpty && nodes_[d].live != 2) order.emplace_back(nearest(d), d);
    }
    std::stable_sort(order.begin(), order.end(), [](const auto& x, const auto& y) { return x.first > y.first; });
    stack.push_back({e, {}});
    for (const auto& [_, d] : order) stack.back().left.push_back(d);
    if (meter_) meter_->spend(1);
  };
  enter(root);
  while (!stack.empty()) {
    std::vector<ExprId>& left = stack.back().left;
    if (left.empty()) {
      stack.pop_back();
      continue;
    }
    const ExprId d = left.back();
    left.pop_back();
    bool found = !nodes_[d].boolean || nodes_[d].nullable || nodes_[d].live == 1;
    if (!found && nodes_[d].live == 2) continue;
    // Parts decide: a concatenation or union is empty or not by its own rules.
    const bool decided = !found && kind(d) != Inter && kind(d) != Not;
    if (decided) found = !is_empty(d);
    if (found) {
      for (const Frame& f : stack) nodes_[f.e].live = 1;
      return Search::found;
    }
    if (decided || !seen.insert(d).second) continue;
    if (seen.size() > most) return Search::gave_up;
    enter(d);
  }
  for (const ExprId dead : seen) nodes_[dead].live = 2;
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
  if (const Wider found = wider(root); found.e != root && shortest_length(found.e) <= found.reach)
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
        todo.push_back(*std::min_element(a.begin(), a.end(), [this](ExprId x, ExprId y) {
          return shortest_length(x) < shortest_length(y);
        }));
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

// Whether clip() takes away what must come, and not only what may.
bool Expressions::is_clipped_below(ExprId root, u32 longest) {
  if (clip(root, longest) == root) return false;
  std::vector<ExprId> left{root};
  std::unordered_set<ExprId> seen{root};
  while (!left.empty()) {
    const ExprId e = left.back();
    left.pop_back();
    if (kind(e) == Repeat && args(e)[1] > longest + 1) return true;
    if (kind(e) != Repeat && kind(e) != Concat && kind(e) != Union) continue;
    const Span a = args(e);
    for (u32 i = 0; i < (kind(e) == Repeat ? 1 : a.size); ++i)
      if (seen.insert(a[i]).second) left.push_back(a[i]);
  }
  return false;
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

Expressions::Wider Expressions::wider(ExprId e) {
  if (nodes_[e].wider != kNone) return {nodes_[e].wider, nodes_[e].reach};
  const Depth guard(depth_);
  const Span a = args(e);
  Wider result{e, kFar};
  auto widen = [&](ExprId x) {
    const Wider found = wider(x);
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
  nodes_[e].wider = result.e;
  nodes_[e].reach = result.reach;
  return result;
}

u32 Expressions::farthest(ExprId root) {
  if (nodes_[root].farthest != kNone) return nodes_[root].farthest;
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

u32 Expressions::texts_at_least(ExprId root) {
  if (nodes_[root].texts_at_least != kNone) return nodes_[root].texts_at_least;
  const Depth guard(depth_);
  if (meter_) meter_->spend(1);
  u64 count = 0;
  auto add = [&count](u64 more) { count = std::min<u64>(kMany, count + more); };
  const Span a = args(root);
  switch (kind(root)) {
    case Epsilon:
      count = 1;
      break;
    case Switch:
      count = a[0];
      for (u32 i = 1; i < a.size; i += 2) add(((a[i] >> 8) - (a[i] & 0xFF) + 1) * u64{texts_at_least(a[i + 1])});
      break;
    case Concat: {  // one text of the one, with all of the other
      const u64 first = texts_at_least(a[0]), second = texts_at_least(a[1]);
      count = first == 0 || second == 0 ? 0 : std::max(first, second);
      break;
    }
    case Union:
      for (ExprId x : a) count = std::max<u64>(count, texts_at_least(x));
      break;
    case Inter: {  // one language, less what is excluded from it
      ExprId within = kNone;
      bool one = true;
      u64 excluded = 0;
      for (ExprId x : a) {
        if (kind(x) == Not && x != kAll)
          excluded += texts_at_most(args(x)[0], 0);
        else
          one &= within == kNone, within = x;
      }
      const u64 whole = within == kNone || !one ? 0 : texts_at_least(within);
      count = whole > excluded ? whole - excluded : 0;
      break;
    }
    case Repeat: {  // texts of single bytes can be told apart, in any number
      const ExprId part = a[0];
      const u32 min = a[1], max = std::min(a[2], std::max(a[1], kCounted));
      count = std::max<u64>(texts_at_least(part), min == 0 ? 1 : 0);
      u64 power = 1;
      const u64 bytes = bytes_matched(part);
      u64 sum = 0;
      for (u32 k = 0; k <= max && bytes > 1 && sum < kMany; ++k, power = std::min<u64>(kMany, power * bytes))
        if (k >= min) sum += power;
      count = std::min<u64>(kMany, std::max(count, sum));
      break;
    }
    default:
      count = root == kAll ? kMany : 0;
  }
  return nodes_[root].texts_at_least = static_cast<u32>(count);
}

// How many texts of one byte match, as far as that is easy to see.
u32 Expressions::bytes_matched(ExprId e) const {
  const Span a = args(e);
  u32 count = 0;
  if (kind(e) == Switch)
    for (u32 i = 1; i < a.size; i += 2) count += nodes_[a[i + 1]].nullable ? (a[i] >> 8) - (a[i] & 0xFF) + 1 : 0;
  if (kind(e) == Union)
    for (ExprId x : a)
      if (kind(x) == Switch) count = std::max(count, bytes_matched(x));
  return count;
}

u64 Expressions::texts_at_most(ExprId e, u32 depth) {
  const Span a = args(e);
  u64 count = 0;
  switch (kind(e)) {
    case Empty:
      return 0;
    case Epsilon:
      return 1;
    case Switch:
      if (depth >= kExcludedDeep) return kMany;
      count = a[0];
      for (u32 i = 1; i < a.size && count <= kExcluded; i += 2)
        count += ((a[i] >> 8) - (a[i] & 0xFF) + 1) * texts_at_most(a[i + 1], depth + 1);
      if (meter_) meter_->spend(a.size);
      return count > kExcluded ? kMany : count;
    case Union:
      for (ExprId x : a) count += texts_at_most(x, depth);
      return count > kExcluded ? kMany : count;
    default:
      return kMany;
  }
}

}  // namespace structgen
