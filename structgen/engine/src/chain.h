// Chains of shared links, each of which keeps the next one alive.
#pragma once

#include <memory>
#include <utility>

namespace structgen {

// Releases a chain link by link: destructors of its links would nest as deep as it is long.
template <class Link>
void unchain(std::shared_ptr<const Link>& next) {
  std::shared_ptr<const Link> link = std::move(next);
  while (link && link.use_count() == 1) {
    std::shared_ptr<const Link> further = std::move(link->next);
    link = std::move(further);
  }
}

}  // namespace structgen
