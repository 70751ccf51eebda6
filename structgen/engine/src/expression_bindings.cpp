// Expressions, for Python: made, and asked about.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>

#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen;

namespace {

// Builds expressions of one store; every call holds the lock and spends from one meter.
class Builder {
 public:
  Builder(std::shared_ptr<Store> store, u64 expressions, u64 work, u64 milliseconds) : store_(std::move(store)) {
    meter_.limits.expressions = expressions;
    meter_.limits.work = work;
    meter_.limits.milliseconds = milliseconds;  // of each call
  }
  template <class Work>
  ExprId run(Work&& work) {
    const auto lock = brief_lock(*store_);
    const u64 spent = meter_.work;
    const MeterScope scope(*store_, meter_);
    meter_.work = spent;  // over all calls
    return work(store_->expressions);
  }
  // A question about an expression.
  template <class Work>
  auto ask(u32 of, Work&& work) {
    return with_store(of, [&](Store& store) { return work(store.languages); });
  }
  template <class Work>
  auto with_store(u32 of, Work&& work) {
    const nb::gil_scoped_release released;
    const std::lock_guard guard(store_->mutex);
    if (of >= store_->expressions.size()) throw std::out_of_range("no such expression");
    const u64 spent = meter_.work;
    const MeterScope scope(*store_, meter_);
    meter_.work = spent;
    return work(*store_);
  }

 private:
  std::shared_ptr<Store> store_;
  Meter meter_;
};

std::string first_bytes(Languages& languages, ExprId of) {
  Expressions& e = languages.expressions();
  std::string found;
  for (u32 low = 0; low < 256;) {
    const u32 high = e.interval(of, static_cast<u8>(low)).second;
    if (!languages.is_empty(e.derive(of, static_cast<u8>(low))))
      for (u32 byte = low; byte <= high; ++byte) found.push_back(static_cast<char>(byte));
    low = high + 1;
  }
  return found;
}

}  // namespace

namespace {

void bind_constructors(nb::class_<Builder>& builder) {
  builder
      .def(
          "__init__",
          [](Builder* self, std::shared_ptr<Store> store, u64 expressions, u64 work, u64 milliseconds) {
            new (self) Builder(std::move(store), expressions, work, milliseconds);
          },
          "store"_a, "expressions"_a, "work"_a, "milliseconds"_a)
      .def("literal",
           [](Builder& b, const nb::bytes& text) {
             return b.run([&](Expressions& e) { return e.literal(bytes_of(text)); });
           })
      .def("literals",
           [](Builder& b, const nb::typed<nb::list, nb::bytes>& texts) {
             std::vector<std::string> options;
             options.reserve(texts.size());
             for (const nb::handle text : texts) options.push_back(bytes_of(nb::cast<nb::bytes>(text)));
             return b.run([&](Expressions& e) { return e.literals(std::move(options)); });
           })
      .def("charset",
           [](Builder& b, const std::vector<std::pair<u32, u32>>& ranges) {
             return b.run([&](Expressions& e) { return e.charset(ranges); });
           })
      .def("concat",
           [](Builder& b, const std::vector<u32>& parts) {
             return b.run([&](Expressions& e) { return e.concat(parts); });
           })
      .def("unite",
           [](Builder& b, std::vector<u32> parts) {
             return b.run([&](Expressions& e) { return e.unite(std::move(parts)); });
           })
      .def("intersect",
           [](Builder& b, std::vector<u32> parts) {
             return b.run([&](Expressions& e) { return e.intersect(std::move(parts)); });
           })
      .def("negate", [](Builder& b, u32 part) { return b.run([&](Expressions& e) { return e.negate(part); }); })
      .def(
          "repeat",
          [](Builder& b, u32 part, u32 min, std::optional<u32> max) {
            return b.run([&](Expressions& e) { return e.repeat(part, min, max.value_or(kUnbounded)); });
          },
          "part"_a, "min"_a, "max"_a.none())
      .def(
          "divisible",
          [](Builder& b, u32 modulus, u32 remainder) {
            if (modulus == 0 || modulus > kMostModulus || remainder >= modulus)
              throw nb::value_error("a modulus from 1 to 10^9, and a remainder below it");
            return b.run([&](Expressions& e) { return e.divisible(modulus, remainder); });
          },
          "modulus"_a, "remainder"_a)
      .def("special", [](Builder& b, u32 token) {
        return b.run([&](Expressions& e) { return e.literal(Trie::special_bytes(token)); });
      });
}

void bind_questions(nb::class_<Builder>& builder) {
  builder.def("is_empty", [](Builder& b, u32 of) { return b.ask(of, [&](Languages& l) { return l.is_empty(of); }); })
      .def("has_empty_text",
           [](Builder& b, u32 of) { return b.ask(of, [&](Languages& l) { return l.expressions().nullable(of); }); })
      .def(
          "count",
          [](Builder& b, u32 of, u32 states) -> std::int64_t {
            const u32 found = b.with_store(of, [&](Store& store) { return store.counts.count(of, states); });
            return found == TextCounts::kUnknown ? -1 : static_cast<std::int64_t>(found);
          },
          "of"_a, "states"_a, "How many texts there are, up to 2^24; -1 if it takes more states to find.")
      .def(
          "shortest",
          [](Builder& b, u32 of) { return to_bytes(b.ask(of, [&](Languages& l) { return l.shortest(of); })); },
          "A shortest text; empty if there is none.")
      .def(
          "after",
          [](Builder& b, u32 of, const nb::bytes& text) {
            const std::string bytes = bytes_of(text);
            return b.ask(of, [&](Languages& l) {
              ExprId rest = of;
              for (const char c : bytes) rest = l.expressions().derive(rest, static_cast<u8>(c));
              return rest;
            });
          },
          "The rest of the language after some bytes.")
      .def(
          "first_bytes",
          [](Builder& b, u32 of) { return to_bytes(b.ask(of, [&](Languages& l) { return first_bytes(l, of); })); },
          "The bytes that texts begin with.");
}

}  // namespace

void bind_expressions(nb::module_& m) {
  nb::class_<Builder> builder(m, "Builder", "Makes expressions in a store; the numbers returned are theirs.");
  bind_constructors(builder);
  bind_questions(builder);
}
