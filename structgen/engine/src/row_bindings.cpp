// The row table of a vocabulary, for Python.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;
using namespace structgen;

namespace {

using Packed = nb::ndarray<nb::numpy, std::int32_t, nb::ndim<2>>;

// The table lives in the store, and needs its lock.
class SharedRowTable {
 public:
  explicit SharedRowTable(std::shared_ptr<Store> store) : store_(std::move(store)) {}

  template <class Ask>
  auto ask(Ask&& about) {
    const auto lock = brief_lock(*store_);
    return about(store_->rows);
  }
  u32 words() const { return store_->rows.words(); }

  Packed read(const std::vector<u32>& ids) {
    return pack(ask([&](const RowTable& table) { return rows_of(table, ids); }));
  }
  std::tuple<std::vector<u32>, Packed, u64> new_rows(u64 made) {
    std::vector<u32> ids;
    u64 now = 0;
    const std::vector<Row> rows = ask([&](const RowTable& table) {
      ids = table.made_since(made);
      now = table.made();
      return rows_of(table, ids);
    });
    return {std::move(ids), pack(rows), now};
  }

 private:
  static std::vector<Row> rows_of(const RowTable& table, const std::vector<u32>& ids) {
    std::vector<Row> rows;
    for (u32 id : ids) {
      rows.push_back(table.row(id));
      if (!rows.back()) throw nb::index_error(("no row has the id " + std::to_string(id)).c_str());
    }
    return rows;
  }
  Packed pack(const std::vector<Row>& rows) const {
    const std::size_t width = words();
    auto packed = std::make_unique<u32[]>(rows.size() * width);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i]->store(packed.get() + i * width);
    u32* data = packed.release();
    const nb::capsule owner(data, [](void* p) noexcept { delete[] static_cast<u32*>(p); });
    return Packed(reinterpret_cast<std::int32_t*>(data), {rows.size(), width}, owner);
  }

  std::shared_ptr<Store> store_;
};

}  // namespace

void bind_rows(nb::module_& m) {
  nb::class_<SharedRowTable>(m, "RowTable", "The masks of a vocabulary, by id. Equal rows share one.")
      .def(
          "__init__", [](SharedRowTable* self, std::shared_ptr<Store> store) { new (self) SharedRowTable(store); },
          "store"_a)
      .def("__len__", [](SharedRowTable& t) { return t.ask([](const RowTable& table) { return table.rows(); }); })
      .def_prop_ro("words", &SharedRowTable::words)
      .def_prop_ro("size", [](SharedRowTable& t) { return t.ask([](const RowTable& table) { return table.size(); }); })
      .def_prop_ro("made", [](SharedRowTable& t) { return t.ask([](const RowTable& table) { return table.made(); }); })
      .def_prop_ro("epoch",
                   [](SharedRowTable& t) { return t.ask([](const RowTable& table) { return table.epoch(); }); })
      .def("read", &SharedRowTable::read, "ids"_a)
      .def("new_rows", &SharedRowTable::new_rows, "made"_a);
}
