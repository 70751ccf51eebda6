// fork(): a child finds the locks of all stores free, and what they guard complete.
//
// Another thread of the parent may hold the lock of a store at the time of the fork. In the child that thread does not
// exist, and its lock would stay locked for ever. So the thread that forks takes all locks before, and releases them
// after, in the parent and in the child. It waits for them as every thread does (bindings.h): without the GIL.
#include <algorithm>
#include <memory>
#include <mutex>
#include <vector>

#include "bindings.h"

namespace nb = nanobind;
using namespace structgen;

namespace {

std::vector<std::weak_ptr<Store>>& stores() {  // guarded by the GIL
  static std::vector<std::weak_ptr<Store>> all;
  return all;
}

struct Held {
  std::shared_ptr<Store> store;
  std::unique_lock<std::mutex> lock;  // released before its store is
};

// Threads that fork at the same time do so one after the other.
struct Forking {
  std::mutex mutex;
  std::vector<Held> held;  // guarded by the mutex
};
Forking& forking() {
  static Forking one;
  return one;
}

// While this thread waits, others may make stores and lock them: it goes on until it holds all that there are, and the
// GIL.
void before_fork() {
  {
    const nb::gil_scoped_release released;
    forking().mutex.lock();
  }
  std::vector<Held> held;
  for (;;) {
    std::vector<Held> fresh;
    for (const std::weak_ptr<Store>& known : stores()) {
      auto store = known.lock();
      const auto is_same = [&](const Held& one) { return one.store == store; };
      if (store && std::ranges::none_of(held, is_same)) fresh.push_back({std::move(store), {}});
    }
    if (fresh.empty()) break;
    const nb::gil_scoped_release released;
    for (Held& one : fresh) {
      one.lock = std::unique_lock(one.store->mutex);
      held.push_back(std::move(one));
    }
  }
  forking().held = std::move(held);
}

void after_fork() {
  std::vector<Held> held = std::move(forking().held);
  forking().held.clear();
  for (Held& one : held) one.lock.unlock();
  forking().mutex.unlock();
}

}  // namespace

namespace structgen {

void guard_at_fork(const std::shared_ptr<Store>& store) {
  std::erase_if(stores(), [](const std::weak_ptr<Store>& known) { return known.expired(); });
  stores().push_back(store);
}

}  // namespace structgen

void guard_forks() {
  const nb::module_ os = nb::module_::import_("os");
  if (!nb::hasattr(os, "register_at_fork")) return;  // Windows
  using namespace nb::literals;
  os.attr("register_at_fork")("before"_a = nb::cpp_function(&before_fork),
                              "after_in_parent"_a = nb::cpp_function(&after_fork),
                              "after_in_child"_a = nb::cpp_function(&after_fork));
}
