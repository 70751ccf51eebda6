// What all bindings share.
//
// The lock of a store is never waited for while the GIL is held, so a thread that has the lock may wait for the GIL:
// the two can't deadlock.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <mutex>
#include <string>

#include "store.h"

namespace structgen {

// The lock of a store, taken without releasing the GIL if nobody else has it.
inline std::unique_lock<std::mutex> brief_lock(Store& store) {
  std::unique_lock lock(store.mutex, std::try_to_lock);
  if (!lock.owns_lock()) {
    const nanobind::gil_scoped_release released;
    lock.lock();
  }
  return lock;
}

// Registers a store: fork() waits until nobody holds its lock (fork_bindings.cpp). With the GIL.
void guard_at_fork(const std::shared_ptr<Store>& store);

inline std::string bytes_of(const nanobind::bytes& b) { return {b.c_str(), b.size()}; }

inline nanobind::bytes to_bytes(const std::string& s) { return nanobind::bytes(s.data(), s.size()); }

}  // namespace structgen

void bind_expressions(nanobind::module_& m);  // expression_bindings.cpp
void bind_rows(nanobind::module_& m);         // row_bindings.cpp
void bind_grammar(nanobind::module_& m);      // grammar_bindings.cpp
void bind_matcher(nanobind::module_& m);      // matcher_bindings.cpp
void bind_apply(nanobind::module_& m);        // apply_bindings.cpp
void guard_forks();                           // fork_bindings.cpp
