// A* over positions: from one, along the lower bounds of the bytes that finish a text.
//
// Of positions with the same configuration only the nearest is followed, whatever their uniqueness states.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

#include "position.h"

namespace structgen {

// `Label`: of the steps, such as bytes or tokens.
template <class Label>
class PositionSearch {
 public:
  struct Step {
    u32 parent, distance;
    Label label;
    Position position;
  };

  explicit PositionSearch(Position from) {
    best_.emplace(from.configuration, 0);
    steps_.push_back({kNone, 0, Label{}, std::move(from)});
    queue_.push({0, 0});
  }

  // The number of the step that is nearest to the end; nothing if there is none, or after too many.
  std::optional<u32> next() {
    while (!queue_.empty() && searched_++ < kMostSearched) {
      const u32 at = queue_.top().second;
      queue_.pop();
      if (best_[steps_[at].position.configuration] >= steps_[at].distance) return at;
    }
    return std::nullopt;
  }
  const Step& operator[](u32 step) const { return steps_[step]; }

  // Adds a step, unless its configuration was reached by a way as short.
  void add(u32 parent, u32 distance, u32 remaining, Label label, Position position) {
    const auto [known, added] = best_.emplace(position.configuration, distance);
    if (!added && known->second <= distance) return;
    known->second = distance;
    queue_.push({add_lengths(distance, remaining), static_cast<u32>(steps_.size())});
    steps_.push_back({parent, distance, label, std::move(position)});
  }

  // The labels on the way to a step.
  std::vector<Label> labels(u32 step) const {
    std::vector<Label> found;
    for (; steps_[step].parent != kNone; step = steps_[step].parent) found.push_back(steps_[step].label);
    std::reverse(found.begin(), found.end());
    return found;
  }

 private:
  static constexpr u32 kMostSearched = 20'000;  // steps
  using Entry = std::pair<u32, u32>;            // estimate, step
  std::vector<Step> steps_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
  std::unordered_map<u32, u32> best_;  // distance, by configuration
  u32 searched_ = 0;
};

}  // namespace structgen
